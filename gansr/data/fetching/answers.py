"""What a server's answer means for a file on its way."""

import re
import urllib.error
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gansr.errors import DataError

AGAIN = (408, 425, 429, 500, 502, 503, 504)
"""States that may be others in a moment."""
REASONS = {
    401: "it wants a name and a password",
    403: "it does not hand the file out",
    404: "the file is not there any more",
    410: "the file is not there any more",
}
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)$")


class Retry(Exception):  # noqa: N818, it is no error yet
    """Not now, but perhaps in a moment."""


class Refused(DataError):  # noqa: N818, as its parents are called
    """No use in asking again."""

    @classmethod
    def of(cls, error: urllib.error.HTTPError, url: str) -> Exception:
        """What an answer that is an error means: `Refused`, or `Retry`."""
        if error.code in AGAIN:
            return Retry(f"the server answers {error.code} {error.reason}")
        if 300 <= error.code < 400:
            why = " ".join(str(error.reason).split()).rstrip(".:")
            return cls(f"{url} is redirected without an end, or to where no file may come from: {why}.")
        why = REASONS.get(error.code, "it does not hand the file out")
        return cls(
            f"{url}: the server answers {error.code} {error.reason}: {why}. Look for it on the set's home page, and "
            "give what you find there: --from FILE."
        )


@dataclass(frozen=True)
class Answer:
    """Where the bytes that come belong."""

    start: int
    total: int | None  # of the whole file; None: the server does not say
    validator: str | None  # what tells whether it is still the same file


def understood(response: Any, url: str, there: int, size: int | None) -> Answer:
    """An answer with bytes in it. `there`: how many were asked to be left out; `size`: of the file, if it is known.

    Raises:
        Refused: it is from an unprotected address though a protected one was asked for, or of another size.
        Retry: bytes that nobody asked for.
    """
    if urlsplit(url).scheme == "https" and urlsplit(response.geturl()).scheme != "https":
        raise Refused(f"{url} leads to {response.geturl()}, where anybody could change it on the way; refused.")
    start, total = 0, _number(response.headers.get("Content-Length"))
    if response.status == 206:
        match = RANGE.match(response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != there:
            raise Retry("the server sent other bytes than it was asked for")
        start, total = there, None if match[3] == "*" else int(match[3])
    elif response.status != 200:
        raise Refused(f"{url}: the server answers {response.status}, which is no file.")
    if size is not None and total is not None and total != size:
        raise Refused(
            f"{url}: the server has a file of {total:,} bytes, and the catalogue knows one of {size:,}: it is another "
            "one. Look at the set's home page; what you find there can be given: --from FILE."
        )
    return Answer(start, total, _validator(response))


def whole_size(error: urllib.error.HTTPError) -> int | None:
    """The size of the file that an answer of 416 (nothing behind that byte) names."""
    match = re.match(r"bytes \*/(\d+)$", error.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _validator(response: Any) -> str | None:
    tag = response.headers.get("ETag")
    if tag and not tag.startswith("W/"):  # a weak one does not promise the same bytes
        return tag
    return response.headers.get("Last-Modified")


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None
