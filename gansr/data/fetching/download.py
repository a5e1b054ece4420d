"""Files from the web: they appear whole and as expected, or not at all; what was cut goes on where it stopped.

The standard library speaks HTTP, follows proxies and redirects; what it has not, resuming and checking, is here.
"""

import contextlib
import hashlib
import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gansr
from gansr.data.fetching.answers import Answer, Refused, Retry, understood, whole_size
from gansr.data.fetching.budget import MEGABYTE, refuse_full
from gansr.errors import DataError, StorageError

PIECE = MEGABYTE // 4
LINE = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError)
"""What a bad line raises: worth another try."""
Told = Callable[[int, int | None], None]  # bytes so far, and of how many


@dataclass(frozen=True)
class Patience:
    """How long to try. Tries that brought something do not count as tries in vain."""

    tries: int = 6
    wait: float = 1.0  # seconds before the second try, doubled each time
    longest_wait: float = 30.0
    timeout: float = 60.0  # seconds without a byte
    restarts: int = 100  # of a line that is cut again and again


@dataclass(frozen=True)
class Expected:
    """What is known of a file beforehand."""

    size: int | None = None
    sha256: str | None = None
    md5: str | None = None


def download(
    url: str,
    target: Path,
    expected: Expected = Expected(),
    told: Told = lambda done, total: None,
    patience: Patience = Patience(),
) -> None:
    """Fetch a file; one that is there and as expected is left as it is.

    Until it is whole and checked it is called `NAME.partial`; a later call goes on from there, if the server can and
    the file behind the address is still the same. What turns out to be something else is put aside as `NAME.wrong`.

    Args:
        url: http or https; an address that is redirected from https to http is refused.
        target: Where the file shall be; its folder exists.
        expected: Size and checksums, as far as they are known.
        told: Is called with the bytes so far, and with how many there will be, if the server says.
        patience: How often and how long to try.

    Raises:
        DataError: the server refuses, stays silent, or sends something else than is expected.
        StorageError: the disk cannot hold it.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise DataError(f"{url}: expected an address that begins with https:// or http://.")
    if target.exists():
        refuse_other(target, expected, f"{target} is there, but")
        return
    transfer = _Transfer(url, target, expected, told, patience)
    transfer.run()
    if transfer.resumed and wrong(transfer.partial, expected):
        transfer.forget()  # what was there before may have been of another file
        transfer.run()
    _take(transfer)


def wrong(path: Path, expected: Expected) -> str | None:
    """What is wrong with a file: its size, or a checksum; None: nothing that could be found."""
    size = path.stat().st_size
    if expected.size not in (None, size):
        return f"it has {size:,} bytes, and {expected.size:,} were expected"
    for kind in ("sha256", "md5"):
        known = getattr(expected, kind)
        if known:
            found = digest(path, kind)
            return None if found == known.lower() else f"its {kind} is {found}, and {known.lower()} was expected"
    return None


def refuse_other(path: Path, expected: Expected, begin: str) -> None:
    """DataError for a file that is not as expected."""
    if found := wrong(path, expected):
        raise DataError(
            f"{begin} {found}. Remove it, or, if you know it to be the right one in another release, unpack it and "
            "give the folder: --from FOLDER."
        )


def digest(path: Path, kind: str = "sha256") -> str:
    """A file's checksum, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


class _Transfer:
    """One file on its way."""

    def __init__(self, url: str, target: Path, expected: Expected, told: Told, patience: Patience):
        self.url, self.target, self.expected, self.told, self.patience = url, target, expected, told, patience
        self.partial = target.with_name(f"{target.name}.partial")
        self.note = target.with_name(f"{target.name}.partial.json")
        self.resumed = False

    def run(self) -> None:
        """Until all bytes are there, or DataError."""
        vain, starts = 0, 0
        while True:
            before = self._size()
            try:
                if self._try():
                    return
                reason = "the line was cut"
            except (Retry, *LINE) as error:
                reason = _reason(error)
            starts += 1
            vain = 0 if self._size() > before else vain + 1
            if vain >= self.patience.tries or starts > self.patience.restarts:
                kept = f" The {self._size():,} bytes so far are kept: the same command goes on from there."
                raise DataError(
                    f"{self.url} could not be fetched: {reason}, after {starts} tries.{kept if self._size() else ''}"
                )
            time.sleep(min(self.patience.wait * 2 ** max(vain - 1, 0), self.patience.longest_wait))

    def forget(self) -> None:
        """Throw away what there is."""
        self.partial.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)
        self.resumed = False

    def _size(self) -> int:
        return self.partial.stat().st_size if self.partial.exists() else 0

    def _try(self) -> bool:
        """Ask once, and take what comes; whether it is all of it."""
        there, note = self._size(), self._read_note()
        if not (note.get("validator") or (note and (self.expected.sha256 or self.expected.md5))):
            there = 0  # nothing would tell whether the rest belongs to what is there
        try:
            with self._ask(there, note) as response:
                answer = understood(response, self.url, there, self.expected.size)
                return self._receive(response, answer)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 416 and there:  # nothing behind what we have: it is whole, or another one by now
                    if there in (self.expected.size, whole_size(error)):
                        return True
                    self.forget()
                    raise Retry("the file behind the address has changed") from None
                raise Refused.of(error, self.url) from None

    def _ask(self, there: int, note: dict[str, Any]) -> Any:
        headers = {"User-Agent": f"gansr/{gansr.__version__}", "Accept-Encoding": "identity"}
        if there:
            headers["Range"] = f"bytes={there}-"
            if note.get("validator"):
                headers["If-Range"] = note["validator"]
        request = urllib.request.Request(self.url, headers=headers)
        return urllib.request.urlopen(request, timeout=self.patience.timeout)

    def _receive(self, response: Any, answer: Answer) -> bool:
        if answer.start:
            self.resumed = True
        refuse_full((answer.total or 0) - answer.start, self.target.parent, self.target.name)
        count, limit = answer.start, answer.total if answer.total is not None else self.expected.size
        try:
            self.note.write_text(json.dumps({"url": self.url, "validator": answer.validator}), "utf-8")
            with self.partial.open("ab" if answer.start else "wb") as file:
                while piece := _next(response):
                    count += len(piece)
                    if limit is not None and count > limit:
                        raise Refused(f"{self.url}: the server sends more than the {limit:,} bytes that it should.")
                    file.write(piece)
                    self.told(count, limit)
        except OSError as error:
            raise StorageError(
                f"{self.partial} could not be written: {error.strerror or error}. What is there is kept: the same "
                "command goes on from there."
            ) from error
        return limit is None or count == limit

    def _read_note(self) -> dict[str, Any]:
        """What was written of the file so far; nothing if it is of another address."""
        with contextlib.suppress(OSError, ValueError):  # missing or half: start at the first byte
            note = json.loads(self.note.read_text("utf-8"))
            if isinstance(note, dict) and note.get("url") == self.url:
                return note
        return {}


def _next(response: Any) -> bytes:
    try:
        return response.read(PIECE)
    except (OSError, http.client.HTTPException) as error:  # of the line: the disk's are told from them
        raise Retry(_reason(error)) from error


def _take(transfer: _Transfer) -> None:
    """The whole file gets its name; one that is something else is put aside."""
    found = wrong(transfer.partial, transfer.expected)
    if found is None:
        with transfer.partial.open("rb") as file:
            os.fsync(file.fileno())
        transfer.partial.replace(transfer.target)
        transfer.note.unlink(missing_ok=True)
        return
    with transfer.partial.open("rb") as file:
        page = file.read(512).lstrip().lower().startswith((b"<!doctype html", b"<html"))
    aside = transfer.target.with_name(f"{transfer.target.name}.wrong")
    transfer.partial.replace(aside)
    transfer.note.unlink(missing_ok=True)
    raise DataError(
        f"{transfer.url} is not the file that the catalogue knows: {found}.{' It is a web page.' if page else ''} "
        f"It was put aside as {aside} and is not used."
    )


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", None)
    return str(inner or error or type(error).__name__).rstrip(".")
