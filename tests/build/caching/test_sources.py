"""What training sees is the same with every kind of cache; the raw one decodes once, and before the first step."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image

from gansr.build.caching.place import cache_folder
from gansr.build.caching.sources import Deferred, Sources
from gansr.build.feeding.data import open_images, training_batches
from gansr.data.files.images import read_image, write_image
from gansr.data.store import filling
from gansr.data.store.pack import standing_packs
from gansr.data.store.raw_cache import RawCache
from gansr.errors import DataError
from gansr.imaging.resize import reduce_uint8
from gansr.options.load import validate

Run = Callable[..., Any]
UNPAIRED = "unpaired_cycle"


def batches(tree: dict[str, Any], count: int = 4) -> list[torch.Tensor]:
    """All tensors of the first batches of a run."""
    options, sources = validate(tree, "run.yml"), Sources()
    images = open_images(options, sources).train
    sources.open()
    stream = training_batches(images, options, Accelerator(cpu=True))(0)
    drawn = [next(stream) for _ in range(count)]
    return [value for batch in drawn for value in vars(batch).values() if isinstance(value, torch.Tensor)]


def equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return len(one) == len(other) > 0 and all(map(torch.equal, one, other))


def changes(photos: Path) -> dict[str, dict[str, Any]]:
    train = photos / "train"
    return {
        "hr alone": {},
        "degraded": {"degradation": "bsrgan", "margin": 8},
        "pairs": {"lr": str(train / "LR")},
        "photos and pairs": {"pairs": {"hr": str(train / "HR"), "lr": str(train / "LR"), "share": 0.5}},
        "several scales": {"scales": [1, 2]},
        "two folders": {"hr": [str(train / "HR"), str(photos / "judge" / "HR")]},
    }


@pytest.mark.parametrize(
    "kind", ["hr alone", "degraded", "pairs", "photos and pairs", "several scales", "two folders", "unpaired"]
)
def test_batches_are_the_same(tree: Run, photos: Path, kind: str, raw_cache: Path) -> None:
    one = tree(UNPAIRED) if kind == "unpaired" else tree()
    one["data"]["train"] |= changes(photos).get(kind, {})
    found = []
    for cache in ("none", "memory", "raw"):
        one["data"]["train"]["cache"] = cache
        found.append(batches(one))
        assert bool(standing_packs(raw_cache)) == (cache == "raw")
    assert equal(found[0], found[1]) and equal(found[0], found[2])


@pytest.mark.parametrize("scales", [None, [1, 2, 4]])
def test_lr_that_is_kept_is_lr_that_is_made(
    tree: Run, tmp_path: Path, raw_cache: Path, scales: list[int] | None
) -> None:
    (tmp_path / "hr").mkdir()
    random = np.random.default_rng(0)
    for number, size in enumerate([(33, 47, 3), (40, 41, 3), (50, 35)]):  # with a rest; the last one grey
        Image.fromarray(random.integers(256, size=size, dtype=np.uint8)).save(tmp_path / "hr" / f"{number}.png")
    one = tree(scale=4, data__train__hr=str(tmp_path / "hr"), data__train__scales=scales)
    train = one["data"]["train"]
    train["rotations"] = False
    made = batches(one, 8)
    train["keep_lr"] = True
    assert equal(made, batches(one, 8))
    kept = {pack.contents.header["variant"] for pack in standing_packs(raw_cache)}
    assert kept == {"pixels", *(f"bicubic x{scale}" for scale in scales or [4])}


def test_lr_that_is_kept_is_that_of_lr_files(tree: Run, photos: Path, tmp_path: Path) -> None:
    """With turns too: MATLAB shrinks rows before columns, so the turned LR is not quite the LR of a turned image."""
    (tmp_path / "lr").mkdir()
    for file in (photos / "train" / "HR").iterdir():
        pixels = torch.from_numpy(read_image(file)).permute(2, 0, 1)[None]
        write_image(tmp_path / "lr" / file.name, reduce_uint8(pixels, 2)[0].permute(1, 2, 0).contiguous().numpy())
    files = batches(tree(data__train__lr=str(tmp_path / "lr")), 8)
    assert equal(files, batches(tree(data__train__keep_lr=True), 8))
    assert not equal(files, batches(tree(), 8))


def test_nothing_is_decoded_before_it_is_asked_for(tree: Run, raw_cache: Path) -> None:
    images = open_images(validate(tree(), "run.yml")).train
    assert not raw_cache.exists()
    source = images.source  # pyright: ignore[reportAttributeAccessIssue]
    assert isinstance(source, Deferred)
    assert source.shape(images.files[0]) == (40, 48, 3)  # pyright: ignore[reportAttributeAccessIssue]
    assert isinstance(source.open(), RawCache) and source.open() is source.open()


def test_lr_that_is_kept_is_of_the_same_pixels(tree: Run, photos: Path, tmp_path: Path) -> None:
    """To decode all of HR may take an hour, in which files may change."""
    shutil.copytree(photos / "train" / "HR", tmp_path / "hr")
    one = validate(tree(data__train__hr=str(tmp_path / "hr"), data__train__keep_lr=True), "run.yml")
    sources = Sources()
    open_images(one, sources)
    sources.deferred[0].open()
    write_image(tmp_path / "hr" / "2.png", np.zeros((40, 48, 3), np.uint8))
    with pytest.raises(
        DataError, match=r"2\.png changed while the raw cache was filled: .* Run the same command again"
    ):
        sources.open()
    sources = Sources()
    open_images(one, sources)
    sources.open()


def test_each_root_has_one_pack(tree: Run, photos: Path, tmp_path: Path, raw_cache: Path) -> None:
    for number, place in enumerate(("hr/a", "hr/b/c", "lr/a", "lr/b/c")):
        shutil.copytree(photos / "train" / ("HR" if number < 2 else "LR"), tmp_path / place)
    batches(tree(data__train__hr=str(tmp_path / "hr"), data__train__lr=str(tmp_path / "lr")))
    found = {pack.root: len(pack.contents.entries) for pack in standing_packs(raw_cache)}
    assert found == {tmp_path / "hr": 12, tmp_path / "lr": 12}


def test_images_that_are_too_small_are_not_decoded(tree: Run, photos: Path, tmp_path: Path, raw_cache: Path) -> None:
    shutil.copytree(photos / "train" / "HR", tmp_path / "hr")
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "hr" / "small.png")
    batches(tree(data__train__hr=str(tmp_path / "hr"), data__train__small_images="skip"))
    (pack,) = standing_packs(raw_cache)
    assert len(pack.contents.entries) == 6 and "small.png" not in pack.contents.entries


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GANSR_CACHE", "~/here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder(tmp_path / "asked") == tmp_path / "asked"
    assert cache_folder() == tmp_path / "here"
    monkeypatch.delenv("GANSR_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert cache_folder() == tmp_path / "caches" / "gansr"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == tmp_path / ".cache" / "gansr"


def test_a_run_decodes_once(gansr: Run, options_file: Run, tree: Run, tmp_path: Path, photos: Path) -> None:
    """Two stages of the same images, and a second run: one of the two decodes; all end with the same weights."""
    stages = [{"name": "first"}, {"name": "second", "train": {"steps": 4}}]
    path = options_file(tree(data__train__workers=2) | {"stages": stages})
    first = gansr("train", path)
    assert first.code == 0, first.err
    assert first.out.count("decoding 6 images, 34.6 kB, into") == 1
    assert "6 of 6 images decoded" in first.out
    second = gansr("train", path, f"output={tmp_path / 'second'}")
    assert second.code == 0 and "decoding" not in second.out
    third = gansr("train", path, f"output={tmp_path / 'third'}", "data.train.cache=none")
    assert third.code == 0
    weights = [
        (folder / "tiny" / "2_second" / "last.safetensors").read_bytes()
        for folder in (tmp_path / "runs", tmp_path / "second", tmp_path / "third")
    ]
    assert weights[0] == weights[1] == weights[2]


def test_what_can_be_known_is_known_before(gansr: Run, options_file: Run, tree: Run, raw_cache: Path) -> None:
    """A stage to come is wrong: nothing is decoded for it first."""
    path = options_file(tree() | {"stages": [{"name": "one"}, {"name": "two", "data": {"train": {"hr": "nowhere"}}}]})
    assert gansr("train", path).code == 2
    assert not raw_cache.exists()


def test_too_small_a_disk(
    gansr: Run, options_file: Run, tree: Run, monkeypatch: pytest.MonkeyPatch, raw_cache: Path
) -> None:
    monkeypatch.setattr(filling.shutil, "disk_usage", lambda _folder: type("Usage", (), {"free": 1000}))
    refused = gansr("train", options_file(tree()))
    assert refused.code == 2 and "needs 34.6 kB for 6 images, and the disk has 1.0 kB left" in refused.err
    assert str(raw_cache) in refused.err and "data.train.cache: none" in refused.err
    assert gansr("train", options_file(tree()), "data.train.cache=none").code == 0


@pytest.mark.parametrize("workers", [0, 2])
def test_a_file_that_disappears_in_a_run(tree: Run, photos: Path, tmp_path: Path, workers: int) -> None:
    """With the cache the run does not notice; without, it says which file."""
    for cache in ("raw", "none"):
        shutil.copytree(photos / "train" / "HR", tmp_path / cache)
        one = tree(data__train__hr=str(tmp_path / cache), data__train__cache=cache, data__train__workers=workers)
        options, sources = validate(one, "run.yml"), Sources()
        images = open_images(options, sources).train
        sources.open()
        shutil.rmtree(tmp_path / cache)
        stream = training_batches(images, options, Accelerator(cpu=True))(0)
        if cache == "raw":
            assert next(stream).hr.shape == (2, 3, 16, 16)
        else:
            with pytest.raises(DataError, match=r"none/\d\.png cannot be read: No such file"):
                next(stream)
        stream.close()
