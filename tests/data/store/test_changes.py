"""Files that change, come and go; bytes of the cache that change: nothing wrong is read, and what happened is said."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansr.data.files.images import read_image
from gansr.data.store import pack as packs
from gansr.data.store import recovery, survey
from gansr.data.store.disk.journal import line, read_journal
from gansr.data.store.disk.shards import shard_path
from gansr.data.store.keeping import named_packs, remove, verify
from gansr.data.store.pack import standing_packs
from gansr.data.store.signature import signature
from gansr.errors import DataError, StorageError

from .conftest import Opened, noise, save

Open = Callable[..., Opened]
Place = Callable[[], Path]


def test_a_changed_file_is_decoded_again(opened: Open, folder: Path) -> None:
    opened()
    save(folder / "2.png", 200)
    found = opened()
    assert found.decoded == ["2.png"] and found.right()
    assert "changed since the raw cache was made, hence decoded once more: 2.png." in found.heard.said[0]
    assert not opened().decoded


def test_size_and_time_may_be_the_same(folder: Path, raw_cache: Path, old_files: None) -> None:
    """Whoever sets the time of change back cannot set back that of the entry."""
    file = folder / "flat.bmp"  # of one size whatever it shows
    Image.fromarray(noise(1)).save(file)
    Opened(folder, raw_cache)
    before = file.stat()
    time.sleep(0.02)  # more than a tick of the file system's clock
    Image.fromarray(noise(2)).save(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    found = Opened(folder, raw_cache)
    assert found.decoded == ["flat.bmp"] and found.right()


def test_a_young_file_is_not_believed_its_times(opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change within the same tick of the clock leaves no trace but the bytes."""
    opened()
    same = (folder / "0.png").stat()
    times = (same.st_size, same.st_mtime_ns, same.st_ctime_ns, same.st_ino)
    real = survey.signature
    save(folder / "0.png", 300)
    monkeypatch.setattr(survey, "signature", lambda file: times if file.name == "0.png" else real(file))
    assert opened().decoded == ["0.png"]


def test_touched_files_are_read_but_not_decoded(
    opened: Open, folder: Path, old_files: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened()
    os.utime(folder / "3.png")
    hashed: list[str] = []
    real = survey.content_of

    def content_of(file: Path) -> str:
        hashed.append(file.name)
        return real(file)

    monkeypatch.setattr(survey, "content_of", content_of)
    assert not opened().decoded and hashed == ["3.png"]
    assert not opened().decoded and hashed == ["3.png"]  # its new times are kept
    assert opened().right()


def test_a_file_that_is_gone_is_forgotten(opened: Open, folder: Path) -> None:
    first = opened()
    image = read_image(folder / "1.png")
    (folder / "1.png").unlink()
    assert np.array_equal(first.cache.window(first.files[1], 0, 0, 11, 13), image)  # a run goes on with what it has
    found = opened()
    assert not found.decoded and found.right() and len(found.files) == 5
    assert "no longer there, hence removed from the raw cache: 1.png." in found.heard.said[0]
    assert not opened().heard.said


def test_files_that_are_not_asked_for_stay(folder: Path, raw_cache: Path, opened: Open) -> None:
    opened()
    Opened(folder / "deep", raw_cache)
    assert not opened().decoded


def test_what_is_of_no_use_is_removed(
    opened: Open, folder: Path, pack: Place, worth_the_trouble: None, raw_cache: Path
) -> None:
    opened()
    for number in range(3):
        save(folder / f"{number}.png", 10 + number)
    assert not any("of no use" in said for said in opened().heard.said)  # three of six: not more than half
    (standing,) = standing_packs(raw_cache)
    assert (standing.held, standing.dead) == (9 * 429, 3 * 429)
    for number in range(1, 5):
        save(folder / f"{number}.png", 20 + number)
    found = opened()
    assert any("3.0 kB of the raw cache are of no use any more" in said for said in found.heard.said)
    assert sorted(found.decoded) == ["1.png", "2.png", "3.png", "4.png"] and found.right()
    (standing,) = standing_packs(raw_cache)
    assert (standing.held, standing.dead, standing.whole) == (6 * 429, 0, True) and verify(standing).sound
    assert len(list(pack().glob("shard_*"))) == len(standing.contents.shards)
    assert not opened().decoded and opened().right()


def test_a_run_keeps_what_it_began_with(opened: Open, folder: Path, worth_the_trouble: None) -> None:
    running = opened(shard_bytes=1)
    images = [read_image(file) for file in running.files]
    for number in range(5):
        save(folder / f"{number}.png", 400 + number)
    assert opened().right()
    for file, image in zip(running.files, images, strict=True):
        assert np.array_equal(running.cache.window(file, 0, 0, 11, 13), image)


def _said_after(opened: Open, folder: Path) -> list[str]:
    said: list[str] = []
    for turn in range(3):
        for number in range(5):
            save(folder / f"{number}.png", 1000 + 10 * turn + number)
        said += opened().heard.said
    return said


def test_a_pack_that_is_read_is_not_made_anew(
    opened: Open, folder: Path, worth_the_trouble: None, raw_cache: Path
) -> None:
    running = opened()
    said = _said_after(opened, folder)
    assert not any("of no use" in one for one in said)
    (standing,) = standing_packs(raw_cache)
    assert standing.dead == 15 * 429
    del running
    assert opened().right()
    (standing,) = standing_packs(raw_cache)
    assert standing.dead == 0


def test_a_flipped_byte_is_found(opened: Open, pack: Place, raw_cache: Path) -> None:
    opened(threads=1)
    (standing,) = standing_packs(raw_cache)
    assert verify(standing).sound
    entry = standing.contents.entries["deep/5.png"]
    with shard_path(pack(), entry.shard).open("r+b") as file:
        file.seek(entry.offset + 100)
        byte = file.read(1)[0]
        file.seek(entry.offset + 100)
        file.write(bytes([byte ^ 4]))
    assert verify(standing).damaged == ["deep/5.png"]
    found = opened()
    assert found.decoded == ["5.png"] and found.right()
    (standing,) = standing_packs(raw_cache)
    assert verify(standing).sound


def test_verify_looks_at_the_files_too(opened: Open, folder: Path, raw_cache: Path) -> None:
    opened()
    save(folder / "4.png", 44)
    (folder / "0.png").unlink()
    (standing,) = standing_packs(raw_cache)
    verdict = verify(standing)
    assert (verdict.damaged, verdict.changed, verdict.gone) == ([], ["4.png"], ["0.png"]) and not verdict.sound


@pytest.mark.parametrize("left", [0, 428, 2573])
def test_a_shard_that_was_cut_off(opened: Open, pack: Place, left: int) -> None:
    running = opened(threads=1)
    (shard,) = pack().glob("shard_*")
    with shard.open("r+b") as file:
        file.truncate(left)
    with pytest.raises(
        DataError, match=r"shard_00000\.raw of the raw cache ends too early.*Run the same command again"
    ):
        for file in running.files:
            running.cache.window(file, 0, 0, 11, 13)
    found = opened()
    assert len(found.decoded) == 6 - left // 429 and found.right()
    assert "were not written to the end or are damaged" in found.heard.said[0]
    assert not opened().decoded


def test_a_shard_that_is_gone(opened: Open, pack: Place) -> None:
    opened(shard_bytes=800, threads=1)
    shard_path(pack(), 1).unlink()
    found = opened()
    assert len(found.decoded) == 2 and found.right()


def test_a_torn_journal(opened: Open, pack: Place) -> None:
    opened(threads=1)
    journal = pack() / "index.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[: whole.rindex(b'["image"') + 20])
    found = opened()
    assert len(found.decoded) == 1 and found.right()
    assert not opened().decoded
    assert not read_journal(journal).damaged


def test_a_line_that_was_torn_does_not_spoil_the_next_one(opened: Open, pack: Place, folder: Path) -> None:
    opened()
    with (pack() / "index.jsonl").open("ab") as file:
        file.write(line("dropped", "0.png")[:15])
    save(folder / "new.png", 77)
    assert opened().decoded == ["new.png"]
    assert not read_journal(pack() / "index.jsonl").damaged and not opened().decoded


def test_a_damaged_journal(opened: Open, pack: Place) -> None:
    opened(threads=1)
    journal = pack() / "index.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"3.png"', b'"9.png"'))
    found = opened()
    assert found.decoded == ["3.png"] and found.right()
    assert not opened().decoded and not read_journal(journal).damaged
    journal.write_bytes(b"\0" * journal.stat().st_size)  # as some file systems leave files after a power cut
    found = opened()
    assert len(found.decoded) == 6 and found.right()


def test_bytes_are_not_believed_before_the_disk_has_them(
    opened: Open, pack: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Power went: the journal's lines are there, some of the bytes before them are not."""
    opened(threads=1)
    journal, (shard,) = pack() / "index.jsonl", pack().glob("shard_*")
    journal.write_bytes(journal.read_bytes().replace(line("synced", 0), b""))
    with shard.open("r+b") as file:
        file.seek(429 * 2)
        file.write(bytes(429))
    flushed: list[int] = []
    monkeypatch.setattr(recovery.os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))
    found = opened()
    assert len(found.decoded) == 1 and found.right()
    assert shard.stat().st_ino in flushed  # before it is called certain now
    assert not read_journal(journal).unsure


def test_another_version_of_reading_is_another_pack(
    opened: Open, monkeypatch: pytest.MonkeyPatch, raw_cache: Path
) -> None:
    opened()
    monkeypatch.setattr(packs, "READING_VERSION", packs.READING_VERSION + 1)
    found = opened()
    assert len(found.decoded) == 6
    assert sorted(one.current for one in standing_packs(raw_cache)) == [False, True]


def test_packs_by_name(opened: Open, raw_cache: Path) -> None:
    running = opened()
    (standing,) = named_packs(raw_cache, ())
    with pytest.raises(StorageError, match=rf"holds no pack 'phtos'\. Choices: {standing.name}"):
        named_packs(raw_cache, ["phtos"])
    with pytest.raises(StorageError, match="a run reads from it just now"):
        remove(standing)
    assert running.right()
    del running
    remove(standing)
    assert not standing_packs(raw_cache) and not standing.folder.exists()
    assert len(opened().decoded) == 6


def test_nothing_is_where_no_cache_is(tmp_path: Path) -> None:
    assert not standing_packs(tmp_path / "none")


def test_damaged_images_do_not_survive_that_a_pack_is_made_anew(
    opened: Open, folder: Path, pack: Place, worth_the_trouble: None, raw_cache: Path
) -> None:
    """Nobody had looked at their bytes before: they are decoded by the same run, not by the next one."""
    opened(threads=1)
    (standing,) = standing_packs(raw_cache)
    entry = standing.contents.entries["4.png"]
    with shard_path(pack(), entry.shard).open("r+b") as file:
        file.seek(entry.offset)
        file.write(bytes(429))
    del standing
    for number in range(4):
        save(folder / f"{number}.png", 60 + number)
    found = opened()
    assert any("of no use any more" in said for said in found.heard.said)
    assert any("1 images of the raw cache are damaged" in said for said in found.heard.said)
    assert sorted(found.decoded) == [f"{number}.png" for number in range(5)] and found.right()


def test_a_shard_that_is_read_is_never_written_again(opened: Open, folder: Path, pack: Place) -> None:
    """Whatever the journal has forgotten of it."""
    running = opened(threads=1, shard_bytes=1)  # a shard for each
    file, (_, last) = max(running.cache.places.items(), key=lambda place: place[1][1].shard)
    image = read_image(file)
    file.unlink()
    opened()  # drops the last image
    journal = pack() / "index.jsonl"
    journal.write_bytes(b"".join(one for one in journal.read_bytes().splitlines(True) if b'"synced"' not in one))
    opened()  # is not sure of the others, hence writes the journal anew: without that shard
    assert last.shard not in read_journal(journal).shards
    save(folder / "new.png", 70)
    assert opened().right()
    assert np.array_equal(running.cache.window(file, 0, 0, 11, 13), image)


def test_folders_that_changed_places(tmp_path: Path, raw_cache: Path, old_files: None) -> None:
    """Of sizes and times that are all the same, the number of a file tells."""
    files = [tmp_path / name / "flat.bmp" for name in ("one", "other")]
    for number, file in enumerate(files):
        file.parent.mkdir()
        Image.fromarray(noise(number)).save(file)
    found = [signature(file) for file in files]
    assert [one[3] for one in found] == [file.stat().st_ino for file in files] and found[0][3] != found[1][3]
    assert [one[1:3] for one in found] == [(file.stat().st_mtime_ns, file.stat().st_ctime_ns) for file in files]
    for file in files:
        Opened(file.parent, raw_cache)
    files[0].parent.rename(tmp_path / "aside")
    files[1].parent.rename(files[0].parent)
    (tmp_path / "aside").rename(files[1].parent)
    for file in files:
        again = Opened(file.parent, raw_cache)
        assert again.decoded == ["flat.bmp"] and again.right()
