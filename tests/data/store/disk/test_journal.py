from pathlib import Path

import pytest

from gansr.data.store.disk.journal import Entry, line, lines, read_journal

ONE = Entry("a/ä.png", (10, 20, 30, 40), "c0ffee", (4, 6, 3), 0, 0, 77)
TWO = Entry("b.png", None, "beef", (2, 2, 1), 1, 72, 78)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "index.jsonl"
    path.write_bytes(line("pack", {"root": "/r"}) + lines([ONE]) + line("synced", 0) + lines([TWO]))
    return path


def test_what_was_written_is_read(journal: Path) -> None:
    found = read_journal(journal)
    assert found.header == {"root": "/r"} and found.entries == {"a/ä.png": ONE, "b.png": TWO}
    assert found.unsure == {"b.png"} and found.shards == {0, 1} and not found.damaged
    assert found.length == journal.stat().st_size
    assert (ONE.size, TWO.size) == (72, 4)


def test_names_that_are_no_unicode_come_back(tmp_path: Path) -> None:
    strange = ONE._replace(file=b"\xff\xfe.png".decode("utf-8", "surrogateescape"))
    (tmp_path / "i").write_bytes(lines([strange]))
    assert list(read_journal(tmp_path / "i").entries) == [strange.file]


def test_later_lines_count(journal: Path) -> None:
    with journal.open("ab") as file:
        file.write(line("signature", ("b.png", (1, 2, 3, 4))) + line("dropped", "a/ä.png"))
        file.write(line("image", TWO._replace(offset=100)))
        file.write(line("signature", ("never.png", (1, 2, 3, 4))))
    found = read_journal(journal)
    assert found.entries == {"b.png": TWO._replace(offset=100)}
    with journal.open("ab") as file:
        file.write(line("signature", ("b.png", (1, 2, 3, 4))) + line("synced", 1))
    found = read_journal(journal)
    assert found.entries["b.png"].signature == (1, 2, 3, 4) and not found.unsure


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_line_does_not_count(journal: Path, cut: int) -> None:
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-cut])
    found = read_journal(journal)
    assert list(found.entries) == ["a/ä.png"] and not found.damaged
    assert found.length == len(whole) - len(lines([TWO]))


def test_a_damaged_line_makes_all_others_unsure(journal: Path) -> None:
    whole = journal.read_bytes()
    journal.write_bytes(whole.replace(b"c0ffee", b"c0ffef"))
    found = read_journal(journal)
    assert found.damaged == 1 and list(found.entries) == ["b.png"] and found.unsure == {"b.png"}
    journal.write_bytes(whole.replace(b'"root"', b'"roof"'))
    found = read_journal(journal)
    assert not found.header and found.unsure == {"a/ä.png", "b.png"}


def test_no_journal_says_nothing(tmp_path: Path) -> None:
    assert not read_journal(tmp_path / "none").entries


def test_only_images_of_a_shard_that_the_disk_has_are_sure(journal: Path) -> None:
    with journal.open("ab") as file:
        file.write(lines([TWO._replace(file="c.png", shard=2)]) + line("synced", 2))
    assert read_journal(journal).unsure == {"b.png"}


def test_damage_does_not_end_a_line(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes().replace(b"c0ffee", b"c0f\ree"))
    found = read_journal(journal)
    assert found.damaged == 1 and list(found.entries) == ["b.png"] and found.length == journal.stat().st_size
