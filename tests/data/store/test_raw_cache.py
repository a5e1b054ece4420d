"""What the cache gives is what the files hold, and each is decoded once."""

import os
import pickle
import resource
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gansr.data.files.folders import find_images
from gansr.data.files.images import read_image
from gansr.data.store import filling
from gansr.data.store import raw_cache as module
from gansr.data.store.pack import standing_packs
from gansr.data.store.raw_cache import open_cache
from gansr.data.store.variants import PIXELS, reduced_once
from gansr.errors import DataError
from gansr.imaging.resize import reduce_uint8

from .conftest import Opened, noise, save

Open = Callable[..., Opened]


def test_every_image_is_decoded_once(opened: Open) -> None:
    first = opened()
    assert sorted(first.decoded) == [f"{number}.png" for number in range(6)] and first.right()
    assert "decoding 6 images, 2.6 kB, into" in first.heard.said[0] and first.heard.done == 6
    second = opened()
    assert not second.decoded and second.right() and not second.heard.said


def test_windows_of_all_kinds_of_files(tmp_path: Path, raw_cache: Path) -> None:
    random, colour = np.random.default_rng(0), Image.fromarray(noise(3, 37, 301))
    folder = tmp_path / "kinds"
    folder.mkdir()
    grey16 = Image.fromarray(random.integers(65536, size=(37, 301), dtype=np.uint16))
    grey16.save(folder / "grey16.png")
    grey16.save(folder / "grey16.tif")
    colour.convert("L").save(folder / "grey.png")
    colour.convert("1").save(folder / "bilevel.png")
    colour.quantize(17).save(folder / "palette.png")
    colour.convert("RGBA").save(folder / "alpha.png")
    colour.convert("CMYK").save(folder / "cmyk.tif")
    colour.convert("CMYK").save(folder / "cmyk.jpg")
    for kind in ("bmp", "webp", "tif", "gif", "jpg", "png"):
        colour.save(folder / f"colour.{kind}")
    turned = Image.Exif()
    turned[0x0112] = 6
    colour.save(folder / "turned.jpg", exif=turned)
    colour.save(folder / "turned.png", exif=turned)
    files = find_images([folder], "test")
    cache = open_cache(raw_cache, files, [folder])
    assert len(files) == 16
    for file in files:
        image = read_image(file)
        assert cache.shape(file) == image.shape
        for _ in range(25):
            top, left = int(random.integers(image.shape[0])), int(random.integers(image.shape[1]))
            height = int(random.integers(1, image.shape[0] - top + 1))
            width = int(random.integers(1, image.shape[1] - left + 1))
            window = cache.window(file, top, left, height, width)
            assert np.array_equal(window, image[top : top + height, left : left + width]), file
    assert cache.shape(folder / "turned.jpg") == (301, 37, 3) and cache.shape(folder / "grey16.png") == (37, 301, 1)


def test_several_folders_have_packs_of_their_own(tmp_path: Path, raw_cache: Path) -> None:
    one, other = save(tmp_path / "a" / "0.png", 1), save(tmp_path / "b" / "0.png", 2)
    alone = save(tmp_path / "c" / "x.png", 3)
    cache = open_cache(raw_cache, [one, other, alone], [tmp_path / "a", tmp_path / "b"])
    for file in (one, other, alone):
        assert np.array_equal(cache.window(file, 0, 0, 11, 13), read_image(file))
    assert len(list(raw_cache.glob("*/index.jsonl"))) == 3
    reversed_ = open_cache(raw_cache, [other], [tmp_path / "b"])
    assert np.array_equal(reversed_.window(other, 2, 3, 4, 5), read_image(other)[2:6, 3:8])


def test_the_folder_where_one_is(folder: Path, raw_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Opened(folder, raw_cache)
    monkeypatch.chdir(folder)
    here = Opened(Path(), raw_cache)
    assert not here.decoded and here.right() and len(here.files) == 6


def test_the_same_folder_by_another_name_is_the_same(folder: Path, raw_cache: Path, tmp_path: Path) -> None:
    first = Opened(folder, raw_cache)
    (tmp_path / "link").symlink_to(folder)
    second = Opened(tmp_path / "link", raw_cache)
    assert len(first.decoded) == 6 and not second.decoded and second.right()


def test_shards_end_where_they_shall(opened: Open, pack: Callable[[], Path]) -> None:
    assert opened(shard_bytes=800, threads=1).right()
    assert [file.stat().st_size for file in sorted(pack().glob("shard_*"))] == [858, 858, 858]  # two of 429 each
    assert not opened().decoded and opened().right()


def test_threads_and_forked_and_pickled_readers(opened: Open) -> None:
    found = opened(shard_bytes=500)
    images = {file: read_image(file) for file in found.files}

    def look(seed: int) -> bool:
        random = np.random.default_rng(seed)
        for _ in range(100):
            file = found.files[int(random.integers(6))]
            top, left = int(random.integers(8)), int(random.integers(8))
            if not np.array_equal(
                found.cache.window(file, top, left, 3, 5), images[file][top : top + 3, left : left + 5]
            ):
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(look, range(8)))
    child = os.fork()
    if not child:
        os._exit(0 if look(9) else 1)
    assert os.waitpid(child, 0)[1] == 0
    copy = pickle.loads(pickle.dumps(found.cache))
    assert np.array_equal(copy.window(found.files[4], 1, 2, 3, 4), images[found.files[4]][1:4, 2:6])


def test_memory_is_that_of_the_windows(tmp_path: Path, raw_cache: Path) -> None:
    file = save(tmp_path / "large" / "0.png", 0, 1200, 2000)
    cache = open_cache(raw_cache, [file], [tmp_path / "large"])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    random = np.random.default_rng(0)
    for _ in range(3000):
        cache.window(file, int(random.integers(1000)), int(random.integers(1800)), 144, 144)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2000  # kB; the image has 7000


def test_lr_that_is_made_once(tmp_path: Path, raw_cache: Path) -> None:
    import torch

    hr = save(tmp_path / "hr" / "0.png", 0, 30, 41)
    Image.fromarray(noise(1, 16, 16)).convert("L").save(tmp_path / "hr" / "1.png")
    grey = tmp_path / "hr" / "1.png"
    cache = open_cache(raw_cache, [hr, grey], [tmp_path / "hr"], reduced_once(4))
    assert cache.shape(hr) == (7, 10, 3) and cache.shape(grey) == (4, 4, 1)
    whole = torch.from_numpy(read_image(hr)[:28, :40]).permute(2, 0, 1)[None]
    assert np.array_equal(cache.window(hr, 0, 0, 7, 10), reduce_uint8(whole, 4)[0].permute(1, 2, 0).numpy())
    pixels = open_cache(raw_cache, [hr], [tmp_path / "hr"], PIXELS)
    assert pixels.shape(hr) == (30, 41, 3)
    assert sorted(one.name.rpartition("-")[0].split("hr")[-1] for one in raw_cache.glob("*-*")) == ["", "-bicubic-x4"]


def test_images_that_cannot_be_read_do_not_keep_others_out(opened: Open, folder: Path) -> None:
    whole = (folder / "3.png").read_bytes()
    (folder / "3.png").write_bytes(whole[:200])
    (folder / "bad.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"2 of 7 images cannot be used: .*3\.png cannot be read.*bad\.png cannot be"):
        opened(threads=1)
    (folder / "bad.png").unlink()
    with pytest.raises(DataError, match=r"^\S*3\.png cannot be read: "):
        opened()
    (folder / "3.png").write_bytes(whole)
    last = opened()
    assert last.decoded == ["3.png"] and last.right()


def test_a_file_that_changes_while_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling.time, "sleep", lambda _seconds: None)
    times = [0]

    def make(file: Path) -> np.ndarray:
        image = read_image(file)
        times[0] += 1
        if times[0] < limit:
            save(file, 100 + times[0])
        return image

    for limit in (3, 4):
        times[0] = 0
        if limit == 3:
            made = filling.make(filling.Variant("pixels", make, lambda _file: (11, 13, 3)), folder / "0.png")
            assert times[0] == 3 and made.image.parts[0].tobytes() == noise(102).tobytes()
        else:
            with pytest.raises(DataError, match="is being written to: it changed each of 3 times"):
                filling.make(filling.Variant("pixels", make, lambda _file: (11, 13, 3)), folder / "0.png")


def test_not_more_images_in_memory_than_threads_can_use(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, most, lock = [0], [0], threading.Lock()
    original, add = filling.make, filling.Writer.add

    def make(*arguments: Any) -> Any:
        with lock:
            waiting[0] += 1
            most[0] = max(most[0], waiting[0])
        return original(*arguments)

    def slow(*arguments: Any) -> Any:
        threading.Event().wait(0.01)
        with lock:
            waiting[0] -= 1
        return add(*arguments)

    monkeypatch.setattr(filling, "make", make)
    monkeypatch.setattr(filling.Writer, "add", slow)
    assert opened(threads=1).right()
    assert most[0] <= 3  # two that wait for being written, one that is being written


def test_headers_say_how_large_it_will_be(tmp_path: Path) -> None:
    file = save(tmp_path / "hr" / "0.png", 0, 30, 41)
    for variant in (PIXELS, reduced_once(2), reduced_once(4)):
        assert variant.shape(file) == variant.make(file).shape


def test_files_of_many_other_folders_share_a_pack(
    tmp_path: Path, raw_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pack takes files that are held open, and systems allow about a thousand."""
    monkeypatch.setattr(module, "FEW", 2)
    listed = [save(tmp_path / "listed" / str(number) / "0.png", number) for number in range(3)]
    inside = save(tmp_path / "a" / "0.png", 9)
    cache = open_cache(raw_cache, [*listed, inside], [tmp_path / "a"])
    for file in (*listed, inside):
        assert np.array_equal(cache.window(file, 0, 0, 11, 13), read_image(file))
    roots = sorted(one.root.name for one in standing_packs(raw_cache))
    assert roots == ["a", "listed"]


@pytest.mark.parametrize("letter", ["a", "\u6f22", "\U00020000"])
def test_long_names_of_folders(tmp_path: Path, raw_cache: Path, letter: str) -> None:
    """As long as file systems allow, whatever letters take."""
    file = save(tmp_path / (letter * (250 // len(letter.encode()))) / "0.png", 1)
    cache = open_cache(raw_cache, [file], [file.parent])
    assert np.array_equal(cache.window(file, 0, 0, 11, 13), read_image(file))
    (pack,) = standing_packs(raw_cache)
    assert pack.name.rpartition("-")[0] == letter * (80 // len(letter.encode()))
