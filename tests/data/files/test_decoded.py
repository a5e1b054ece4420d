import threading
import time

import numpy as np
import pytest
from PIL import Image

from gansr.data.files import decoded as module
from gansr.data.files.decoded import Decoded
from gansr.errors import DataError


@pytest.fixture
def files(tmp_path):
    files = [tmp_path / f"{name}.png" for name in "abc"]
    for number, file in enumerate(files):
        Image.fromarray(np.full((400, 500, 3), number, dtype=np.uint8)).save(file)  # 0.6 MB each
    return files


def test_keeps_up_to_its_limit(files, monkeypatch):
    read = []
    read_image = module.read_image
    monkeypatch.setattr(module, "read_image", lambda path: read.append(path) or read_image(path))
    source = Decoded(megabytes=1)
    for _ in range(3):
        assert [source.read(file).max() for file in files] == [0, 1, 2]
    assert read == files + files[1:] * 2


def test_shape_and_window_decode_once(files, monkeypatch):
    read = []
    read_image = module.read_image
    monkeypatch.setattr(module, "read_image", lambda path: read.append(path) or read_image(path))
    source = Decoded(megabytes=0)
    assert source.shape(files[1]) == (400, 500, 3)
    assert source.window(files[1], 390, 480, 10, 20).shape == (10, 20, 3)
    assert read == [files[1]]


def test_kept_images_cannot_be_written_to(files):
    with pytest.raises(ValueError, match="read-only"):
        Decoded().read(files[0])[:] = 0


def test_two_threads_decode_one_image_once(files, monkeypatch):
    read, go, both = [], threading.Event(), threading.Barrier(2)

    def slow(path):
        read.append(path)
        go.wait(5)
        return read_image(path)

    read_image = module.read_image
    monkeypatch.setattr(module, "read_image", slow)
    source, found = Decoded(megabytes=0, recent=1), []

    def ask():
        both.wait(5)
        found.append(source.read(files[2]))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.02)
    go.set()
    for thread in threads:
        thread.join()
    assert read == [files[2]] and found[0] is found[1] and not source.under_way


def test_recent_ones_are_kept_by_when_they_were_asked_for(files, monkeypatch):
    read = []
    read_image = module.read_image
    monkeypatch.setattr(module, "read_image", lambda path: read.append(path.stem) or read_image(path))
    source = Decoded(megabytes=0, recent=2)
    for name in "abacab":  # c throws b out, b throws c out
        source.read(files["abc".index(name)])
    assert read == ["a", "b", "c", "b"]
    assert [file.stem for file in source.recent] == ["a", "b"]


def test_an_error_is_everyones_and_of_the_moment(tmp_path, files):
    source, late = Decoded(megabytes=1), tmp_path / "late.png"
    for _ in range(2):
        with pytest.raises(DataError, match=r"late\.png cannot be read"):
            source.read(late)
    late.write_bytes(files[1].read_bytes())
    assert source.read(late).max() == 1
