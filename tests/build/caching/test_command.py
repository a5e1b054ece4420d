import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gansr.data.store.disk.shards import shard_path
from gansr.data.store.pack import standing_packs
from gansr.data.store.raw_cache import open_cache

Run = Callable[..., Any]


@pytest.fixture
def filled(gansr: Run, options_file: Run, tree: Run, raw_cache: Path, photos: Path, tmp_path: Path) -> Path:
    """A cache of six photos and their LR, filled by the command; the photos' folder."""
    folder = tmp_path / "set" / "HR"
    folder.mkdir(parents=True)
    for file in (photos / "train" / "HR").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    result = gansr("cache", "fill", options_file(tree(data__train__hr=str(folder))), "data.train.keep_lr=true")
    assert result.code == 0 and f"reads is in {raw_cache}" in result.out.replace("\n", " "), result
    assert "set/HR: decoding 6 images" in result.out and "set/HR, bicubic x2: decoding 6 images" in result.out
    return folder


def test_an_empty_cache(gansr: Run, raw_cache: Path) -> None:
    for command in ("ls", "verify"):
        result = gansr("cache", command)
        assert result.code == 0 and "the raw cache holds nothing" in result.out.replace("\n", " ")
    assert "Nothing to remove." in gansr("cache", "rm", "--all").out


def test_a_run_that_needs_none(gansr: Run, options_file: Run, tree: Run, raw_cache: Path) -> None:
    result = gansr("cache", "fill", options_file(tree()), "data.train.cache=memory")
    assert result.code == 0 and "needs no cache: data.train.cache is not raw" in result.out and not raw_cache.exists()


def test_what_is_there(gansr: Run, filled: Path, raw_cache: Path, tmp_path: Path) -> None:
    packs = sorted(standing_packs(raw_cache), key=lambda pack: -pack.held)
    result = gansr("cache", "ls")
    assert result.code == 0 and all(pack.name in result.out for pack in packs) and len(packs) == 2
    assert [pack.name.rpartition("-")[0] for pack in packs] == ["set-HR", "set-HR-bicubic-x2"]
    assert "34.6 kB" in result.out and "8.6 kB" in result.out and "43.2 kB" in result.out  # 6 x 40 x 48 x 3, a quarter
    assert result.out.count("in order") == 2 and result.out.count("today") == 2
    assert "the raw cache holds nothing" in gansr("cache", "ls", "--folder", tmp_path).out.replace("\n", " ")


def test_what_is_damaged_and_what_has_changed(gansr: Run, filled: Path, raw_cache: Path) -> None:
    assert gansr("cache", "verify").code == 0
    pack = max(standing_packs(raw_cache), key=lambda pack: pack.held)
    entry = pack.contents.entries["2.png"]
    with shard_path(pack.folder, entry.shard).open("r+b") as file:
        file.seek(entry.offset)
        file.write(bytes(9))
    Image.new("RGB", (48, 40)).save(filled / "4.png")
    (filled / "5.png").unlink()
    result = gansr("cache", "verify", pack.name)
    assert result.code == 1 and pack.name in result.out
    assert "1 damaged, removed from the cache and decoded again by the next run: 2.png." in result.out
    assert "1 changed since, decoded again by the next run: 4.png." in result.out
    assert "1 no longer there, forgotten by the next run: 5.png." in result.out
    unknown = gansr("cache", "verify", "nothing")
    assert unknown.code == 2 and "holds no pack 'nothing'" in unknown.err and pack.name in unknown.err


def test_removal(gansr: Run, filled: Path, raw_cache: Path) -> None:
    second, first = sorted(standing_packs(raw_cache), key=lambda pack: pack.held)
    for wrong in ([], [first.name, "--all"], ["--all", "--unused", 3]):
        refused = gansr("cache", "rm", *wrong)
        assert refused.code == 2 and "--unused DAYS" in refused.err
    long_ago = time.time() - 5 * 86400
    os.utime(second.folder / "used", (long_ago, long_ago))
    assert "5 days ago" in gansr("cache", "ls").out
    assert "Nothing to remove" in gansr("cache", "rm", "--unused", 6).out
    result = gansr("cache", "rm", "--unused", 5)
    assert result.code == 0 and f"Removed {second.name}: 8.6 kB." in result.out
    assert gansr("cache", "rm", first.name).code == 0
    assert not standing_packs(raw_cache) and len(list(filled.iterdir())) == 6


def test_kept_lr_is_refused_where_it_is_none(gansr: Run, options_file: Run, tree: Run, photos: Path) -> None:
    for change, word in (
        (f"data.train.lr={photos / 'train' / 'LR'}", "there are LR files already"),
        ("data.train.degradation=bsrgan", "it makes another LR of every crop"),
        ("data.train.cache=memory", "LR is kept in the raw cache, and data.train.cache is memory"),
    ):
        refused = gansr("train", options_file(tree(data__train__keep_lr=True)), change)
        assert refused.code == 2 and "data.train.keep_lr" in refused.err and word in refused.err, refused.err


def test_folders_whose_names_are_no_text(gansr: Run, filled: Path, raw_cache: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xff")
    filled.parent.rename(odd)
    open_cache(raw_cache, [odd / "HR" / "0.png"], [odd / "HR"])
    assert "\\udcff" in gansr("cache", "ls").out.replace("\n", "")


def test_a_cache_of_somebody_else(gansr: Run, filled: Path, raw_cache: Path) -> None:
    """Who may not write there is told so."""
    shutil.rmtree(raw_cache / "locks")
    (raw_cache / "locks").write_text("no folder", "utf-8")
    for command in (["verify"], ["rm", "--all"]):
        result = gansr("cache", *command)
        assert result.code == 2 and ".lock cannot be locked: " in result.err.replace("\n", " ")
    (raw_cache / "locks").unlink()
    (raw_cache / "locks").mkdir()
    for pack in standing_packs(raw_cache):
        (pack.folder / "in_use").unlink()
        (pack.folder / "in_use").mkdir()
    result = gansr("cache", "rm", "--all")
    assert result.code == 2 and "could not be removed: Is a directory" in result.err.replace("\n", " ")
