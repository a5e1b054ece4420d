"""Downloads: what comes is whole and right, or there is nothing under the file's name."""

import errno
import hashlib
import io
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest

from gansr.data.fetching import budget
from gansr.data.fetching.answers import Refused, understood
from gansr.data.fetching.download import Expected, Patience, download
from gansr.errors import DataError, StorageError

BODY = bytes(range(256)) * 3000  # three pieces
SHA = hashlib.sha256(BODY).hexdigest()
KNOWN = Expected(len(BODY), SHA)
QUICK = Patience(tries=3, wait=0.0, timeout=5.0)


def fetch(web, target: Path, expected: Expected = KNOWN, patience: Patience = QUICK, told=lambda done, total: None):
    download(f"{web.address}/set.zip", target, expected, told, patience)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_whole_and_is_reported(web, tmp_path):
    web.serve("/set.zip", BODY)
    told = []
    fetch(web, tmp_path / "set.zip", told=lambda done, total: told.append((done, total)))
    assert (tmp_path / "set.zip").read_bytes() == BODY and left(tmp_path) == ["set.zip"]
    assert told[-1] == (len(BODY), len(BODY)) and [done for done, _ in told] == sorted({done for done, _ in told})
    fetch(web, tmp_path / "set.zip")
    assert web.asked == [("/set.zip", None)]  # the second time nobody was asked


@pytest.mark.parametrize(
    "known",
    [Expected(), Expected(md5=hashlib.md5(BODY).hexdigest().upper()), Expected(size=len(BODY)), Expected(sha256=SHA)],
)
def test_what_is_known_is_enough(web, tmp_path, known):
    web.serve("/set.zip", BODY)
    fetch(web, tmp_path / "set.zip", known)
    assert (tmp_path / "set.zip").read_bytes() == BODY


def test_a_cut_line_is_taken_up_where_it_broke(web, tmp_path):
    web.serve("/set.zip", BODY, cuts=[1000, 300_000, 5])
    fetch(web, tmp_path / "set.zip", Expected())
    assert (tmp_path / "set.zip").read_bytes() == BODY and left(tmp_path) == ["set.zip"]
    starts = [0, 1000, 301_000, 301_005]
    assert [wanted for _, wanted in web.asked] == [None, *(f"bytes={start}-" for start in starts[1:])]


def test_tries_that_bring_something_are_not_in_vain_but_have_an_end(web, tmp_path):
    web.serve("/set.zip", BODY, cuts=[10] * 50)
    with pytest.raises(DataError, match=r"the line was cut, after 9 tries. The 90 bytes so far are kept"):
        fetch(web, tmp_path / "set.zip", patience=Patience(tries=3, wait=0.0, restarts=8))
    assert left(tmp_path) == ["set.zip.partial", "set.zip.partial.json"]


def test_a_later_call_goes_on(web, tmp_path):
    page = web.serve("/set.zip", BODY, cuts=[700_000, 0, 0, 0])
    with pytest.raises(DataError, match="same command goes on from there"):
        fetch(web, tmp_path / "set.zip")
    assert left(tmp_path) == ["set.zip.partial", "set.zip.partial.json"]
    page.cuts.clear()
    web.asked.clear()
    fetch(web, tmp_path / "set.zip")
    assert web.asked == [("/set.zip", "bytes=700000-")] and (tmp_path / "set.zip").read_bytes() == BODY


def test_a_whole_file_without_its_name_yet_is_not_fetched_again(web, tmp_path):
    web.serve("/set.zip", BODY)
    (tmp_path / "set.zip.partial").write_bytes(BODY)
    note = f'{{"url": "{web.address}/set.zip", "validator": "\\"one\\""}}'
    (tmp_path / "set.zip.partial.json").write_text(note)
    fetch(web, tmp_path / "set.zip", Expected())
    assert web.asked == [("/set.zip", f"bytes={len(BODY)}-")] and left(tmp_path) == ["set.zip"]


def test_a_server_that_ignores_ranges_starts_over(web, tmp_path):
    web.serve("/set.zip", BODY, cuts=[400_000], ranges=False)
    fetch(web, tmp_path / "set.zip", Expected())
    assert (tmp_path / "set.zip").read_bytes() == BODY and len(web.asked) == 2


def test_another_file_behind_the_address_is_not_glued_to_the_old_one(web, tmp_path):
    page = web.serve("/set.zip", b"x" * len(BODY), cuts=[500_000, 0, 0, 0])
    with pytest.raises(DataError):
        fetch(web, tmp_path / "set.zip", Expected())
    page.body, page.tag, page.cuts = BODY, '"two"', []
    fetch(web, tmp_path / "set.zip", Expected())
    assert (tmp_path / "set.zip").read_bytes() == BODY


def test_without_a_tag_or_a_checksum_nothing_is_resumed(web, tmp_path):
    web.serve("/set.zip", BODY, cuts=[500_000], tag=None)
    fetch(web, tmp_path / "set.zip", Expected())
    assert [wanted for _, wanted in web.asked] == [None, None] and (tmp_path / "set.zip").read_bytes() == BODY


def test_a_resumed_file_that_is_wrong_is_fetched_once_more_from_the_start(web, tmp_path):
    page = web.serve("/set.zip", b"x" * len(BODY), cuts=[500_000, 0, 0, 0], tag=None)
    with pytest.raises(DataError):
        fetch(web, tmp_path / "set.zip")
    page.body, page.cuts = BODY, []
    fetch(web, tmp_path / "set.zip")  # without a tag only the checksum tells
    assert (tmp_path / "set.zip").read_bytes() == BODY
    assert [wanted for _, wanted in web.asked][-2:] == ["bytes=500000-", None]


def test_ranges_that_lie_are_not_used(web, tmp_path):
    web.serve("/set.zip", BODY, cuts=[1000], shift=7)
    with pytest.raises(DataError, match="other bytes than it was asked for"):
        fetch(web, tmp_path / "set.zip")
    assert "set.zip" not in left(tmp_path)


@pytest.mark.parametrize("body", [BODY[:-1] + b"!", b"x" * len(BODY)])
def test_wrong_bytes_are_put_aside(web, tmp_path, body):
    web.serve("/set.zip", body)
    with pytest.raises(DataError, match=r"not the file that the catalogue knows: its sha256 is .*put aside as .*wrong"):
        fetch(web, tmp_path / "set.zip")
    assert left(tmp_path) == ["set.zip.wrong"]


def test_a_web_page_in_its_place_is_called_one(web, tmp_path):
    web.serve("/set.zip", b"<!DOCTYPE html><p>Please log in.")
    with pytest.raises(DataError, match="It is a web page"):
        fetch(web, tmp_path / "set.zip", Expected(sha256=SHA))
    assert left(tmp_path) == ["set.zip.wrong"]


def test_another_size_than_the_catalogue_knows_is_refused_before_it_is_fetched(web, tmp_path):
    web.serve("/set.zip", BODY + b"more")
    with pytest.raises(Refused, match="the server has a file of 768,004 bytes, and the catalogue knows one of 768,000"):
        fetch(web, tmp_path / "set.zip")
    assert left(tmp_path) == []


def test_more_than_it_should_send_is_cut_off(web, tmp_path):
    web.serve("/set.zip", BODY * 3, silent=True)
    with pytest.raises(Refused, match="sends more than the 768,000 bytes"):
        fetch(web, tmp_path / "set.zip")
    assert "set.zip" not in left(tmp_path) and (tmp_path / "set.zip.partial").stat().st_size <= len(BODY)


@pytest.mark.parametrize(("declared", "kept"), [(len(BODY) + 50, len(BODY)), (len(BODY) - 50, len(BODY) - 50)])
def test_a_length_that_lies_leaves_no_file(web, tmp_path, declared, kept):
    web.serve("/set.zip", BODY, declared=declared, tag=None, ranges=False)
    with pytest.raises(DataError):
        fetch(web, tmp_path / "set.zip", Expected(sha256=SHA))
    assert "set.zip" not in left(tmp_path)
    assert [(tmp_path / name).stat().st_size for name in left(tmp_path) if not name.endswith("json")] == [kept]


def test_a_busy_server_is_asked_again(web, tmp_path):
    web.serve("/set.zip", BODY, states=[503, 500])
    fetch(web, tmp_path / "set.zip")
    assert (tmp_path / "set.zip").read_bytes() == BODY and len(web.asked) == 3


def test_a_server_that_stays_busy_is_given_up(web, tmp_path):
    web.serve("/set.zip", BODY, states=[503] * 9)
    with pytest.raises(DataError, match="the server answers 503 Service Unavailable, after 3 tries"):
        fetch(web, tmp_path / "set.zip")
    assert len(web.asked) == 3


@pytest.mark.parametrize(("state", "words"), [(404, "not there any more"), (403, "does not hand the file out")])
def test_a_server_that_says_no_is_asked_once(web, tmp_path, state, words):
    web.serve("/set.zip", BODY, states=[state])
    with pytest.raises(Refused, match=f"answers {state} .*{words}"):
        fetch(web, tmp_path / "set.zip")
    assert len(web.asked) == 1 and left(tmp_path) == []


def test_redirects_are_followed_but_not_for_ever(web, tmp_path):
    web.serve("/set.zip", b"", leads_to="/there.zip")
    web.serve("/there.zip", BODY)
    fetch(web, tmp_path / "set.zip")
    assert (tmp_path / "set.zip").read_bytes() == BODY
    web.serve("/there.zip", b"", leads_to="/set.zip")
    with pytest.raises(Refused, match="redirected without an end"):
        fetch(web, tmp_path / "other.zip")


def test_redirects_lead_to_no_file_of_this_machine(web, tmp_path):
    (tmp_path / "secret").write_bytes(BODY)
    web.serve("/set.zip", b"", leads_to=(tmp_path / "secret").as_uri())
    with pytest.raises(Refused, match="where no file may come from"):
        fetch(web, tmp_path / "set.zip")
    with pytest.raises(DataError, match="expected an address that begins with https"):
        download((tmp_path / "secret").as_uri(), tmp_path / "set.zip")


def test_from_a_protected_address_to_an_unprotected_one_is_refused():
    class Response(io.BytesIO):
        status = 200
        headers = MappingProxyType({})

        def geturl(self) -> str:
            return "http://elsewhere.example/set.zip"

    with pytest.raises(Refused, match="anybody could change it on the way"):
        understood(Response(), "https://here.example/set.zip", 0, None)
    assert understood(Response(), "http://here.example/set.zip", 0, None).start == 0


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": '"strong"', "Last-Modified": "yesterday"}, '"strong"'),
        ({"ETag": 'W/"weak"', "Last-Modified": "yesterday"}, "yesterday"),
        ({"ETag": 'W/"weak"'}, None),
    ],
)
def test_only_what_promises_the_same_bytes_counts(headers, validator):
    response = SimpleNamespace(status=200, headers=headers, geturl=lambda: "https://x.example")
    assert understood(response, "https://x.example", 0, None).validator == validator


def test_nobody_there_is_said_after_some_tries(tmp_path):
    with pytest.raises(DataError, match=r"could not be fetched: .*refused.*after 3 tries"):
        download("http://127.0.0.1:9/set.zip", tmp_path / "set.zip", patience=QUICK)


def test_a_file_of_that_name_that_is_another_one_is_left_alone(web, tmp_path):
    (tmp_path / "set.zip").write_bytes(b"mine")
    with pytest.raises(DataError, match=r"is there, but it has 4 bytes, and 768,000 were expected"):
        fetch(web, tmp_path / "set.zip")
    assert (tmp_path / "set.zip").read_bytes() == b"mine" and web.asked == []


def test_a_disk_that_is_too_small_is_said_beforehand(web, tmp_path, monkeypatch):
    web.serve("/set.zip", BODY)
    monkeypatch.setattr(budget.shutil, "disk_usage", lambda folder: SimpleNamespace(free=10**5))
    with pytest.raises(StorageError, match=r"set.zip needs 1 MB and .* has 0 MB left"):
        fetch(web, tmp_path / "set.zip")
    assert left(tmp_path) == []


def test_a_disk_that_fills_up_keeps_what_is_there(web, tmp_path, monkeypatch):
    page = web.serve("/set.zip", BODY)
    opened, written = Path.open, []

    class Full(io.FileIO):
        def write(self, piece) -> int:
            if written:
                raise OSError(errno.ENOSPC, "No space left on device")
            written.append(piece)
            return super().write(piece)

    def open_(path, mode="r", *args, **kwargs):
        if path.name.endswith(".partial"):
            return Full(path, mode.replace("b", ""))
        return opened(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", open_)
    with pytest.raises(StorageError, match=r"No space left on device. What is there is kept"):
        fetch(web, tmp_path / "set.zip")
    monkeypatch.undo()
    there = (tmp_path / "set.zip.partial").stat().st_size
    assert 0 < there < len(BODY) and page.body == BODY
    fetch(web, tmp_path / "set.zip")
    assert web.asked[-1] == ("/set.zip", f"bytes={there}-") and (tmp_path / "set.zip").read_bytes() == BODY
