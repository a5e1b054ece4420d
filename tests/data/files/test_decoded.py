import numpy as np
import pytest
from PIL import Image

from gansr.data.files import decoded as module
from gansr.data.files.decoded import Decoded


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
