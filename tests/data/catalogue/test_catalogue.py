"""The catalogue itself: nothing in it is doubled, half, or could not be used."""

import re

import pytest

from gansr.data.catalogue import CATALOGUE, SETS
from gansr.data.catalogue.record import File, numbers
from gansr.options.prepared_sets import WORD

ASKED = (
    *("bsds300", "bsds500", "bsd100", "div2k", "general100", "l20", "manga109", "ost", "pirm", "set5", "set14", "t91"),
    *("urban100", "flickr2k", "lsdir", "ffhq", "celeba", "realsr", "drealsr", "realsrset"),
)


def test_all_sets_are_there_once():
    assert sorted(CATALOGUE) == sorted(ASKED) and len(SETS) == len(CATALOGUE)


@pytest.mark.parametrize("record", SETS, ids=lambda record: record.name)
def test_every_record_is_whole(record):
    for text in (record.title, record.resolution, record.purpose, record.content, record.terms, record.paper):
        assert text and not text.endswith(".")
    assert record.page.startswith("http") and record.parts
    assert record.form or record.downloads(), "neither a way to fetch it nor a reason why there is none"
    assert record.form is None or not record.form.endswith(".")
    assert any(word in record.purpose for word in ("training", "validation", "test"))
    for part in record.parts:
        assert WORD.match(f"{record.name}/{part.name}"), "options could not name it"
        assert bool(part.where) != bool(part.low)
        assert all(glob == glob.lower() for glob in (*part.where, *part.low, *sum(part.lr.values(), ())))
        assert part.images in (None, len(part.stems)) or not part.stems
    assert ("training" in record.purpose) == any(part.trains for part in record.parts)


@pytest.mark.parametrize("file", [file for record in SETS for file in record.files], ids=lambda file: file.name)
def test_checksums_are_checksums(file):
    assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256)
    assert file.md5 is None or re.fullmatch("[0-9a-f]{32}", file.md5)
    assert file.url is None or file.url.startswith("https://")
    assert re.fullmatch(r"[\w.+-]+", file.name) and not file.name.startswith(".")


def test_counts():
    assert CATALOGUE["div2k"].images == 900 and CATALOGUE["bsds500"].images == 500
    assert CATALOGUE["ost"].images == 10_624 and CATALOGUE["realsr"].images is None
    assert numbers(801, 803, 4) == ("0801", "0802", "0803") and numbers(1, 1, 1, "t") == ("t1",)


def test_files_have_their_addresses_last_name():
    assert File.at("https://x.example/a/Real+5.zip?download=true").name == "Real+5.zip"
    valid = CATALOGUE["div2k"].downloads("valid")
    assert [file.name for file in valid] == ["DIV2K_valid_HR.zip"]
    assert len(CATALOGUE["div2k"].downloads()) == 2 and CATALOGUE["celeba"].downloads() == ()
    assert len(CATALOGUE["bsds500"].downloads("val")) == 1  # a file of all parts is one of each
