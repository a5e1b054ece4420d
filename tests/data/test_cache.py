import numpy as np
import pytest
from PIL import Image

from gansr.data import cache as module
from gansr.data.cache import ImageCache


@pytest.fixture
def files(tmp_path):
    files = [tmp_path / f"{name}.png" for name in "ab"]
    for number, file in enumerate(files):
        Image.fromarray(np.full((400, 500, 3), number, dtype=np.uint8)).save(file)  # 0.6 MB each
    return files


def test_keeps_up_to_its_limit(files, monkeypatch):
    decoded = []
    read_image = module.read_image
    monkeypatch.setattr(module, "read_image", lambda path: decoded.append(path) or read_image(path))
    cache = ImageCache(megabytes=1)
    for _ in range(3):
        assert [cache.read(file).max() for file in files] == [0, 1]
    assert decoded == [files[0], files[1], files[1], files[1]]


def test_kept_images_cannot_be_written_to(files):
    with pytest.raises(ValueError, match="read-only"):
        ImageCache().read(files[0])[:] = 0
