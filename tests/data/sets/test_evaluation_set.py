import numpy as np
import pytest
from PIL import Image

from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.errors import DataError


def save(file, *shape):
    file.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(len(file.name)).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(image).save(file)
    return image


def test_lr_is_read_or_made_and_hr_cropped(tmp_path):
    hr = save(tmp_path / "HR" / "sub" / "a.png", 11, 9, 3)
    lr = save(tmp_path / "LR" / "sub" / "ax4.png", 2, 2, 3)
    made = EvaluationSet.open("set", tmp_path / "HR", None, 4, "data.validation.set")
    read = EvaluationSet.open("set", tmp_path / "HR", tmp_path / "LR", 4, "data.validation.set")
    assert len(made) == len(read) == 1
    for example in (made[0], read[0]):
        assert example.name == "sub/a"
        np.testing.assert_array_equal(example.hr, hr[:8, :8])
    np.testing.assert_array_equal(read[0].lr, lr)
    assert made[0].lr.shape == (2, 2, 3) and made[0].lr.dtype == np.uint8


def test_a_grey_original_stays_grey_whatever_its_lr_is_stored_as(tmp_path):
    save(tmp_path / "HR" / "a.png", 8, 8)
    assert EvaluationSet.open("set", tmp_path / "HR", None, 4, "x")[0].lr.shape == (2, 2, 1)
    save(tmp_path / "LR" / "a.png", 2, 2, 3)
    example = EvaluationSet.open("set", tmp_path / "HR", tmp_path / "LR", 4, "x")[0]
    assert example.lr.shape == (2, 2, 3) and example.hr.shape == (8, 8, 1)


def test_a_grey_lr_beside_a_coloured_original_becomes_rgb(tmp_path):
    save(tmp_path / "HR" / "a.png", 8, 8, 3)
    save(tmp_path / "LR" / "a.png", 2, 2)
    example = EvaluationSet.open("set", tmp_path / "HR", tmp_path / "LR", 4, "x")[0]
    assert example.lr.shape == (2, 2, 3) and example.hr.shape == (8, 8, 3)


def test_mistakes_name_the_option(tmp_path):
    save(tmp_path / "HR" / "a.png", 8, 8)
    with pytest.raises(DataError, match=r"^data.validation.set.lr: there is no folder"):
        EvaluationSet.open("set", tmp_path / "HR", tmp_path / "LR", 4, "data.validation.set")
    with pytest.raises(DataError, match=r"^data.validation.set.hr: there is no folder"):
        EvaluationSet.open("set", tmp_path / "hr_", None, 4, "data.validation.set")


@pytest.mark.parametrize("name", ["Set5", "Set14"])
def test_made_lr_equals_the_published_one(shared, name):
    folder = shared / "data" / name
    made = EvaluationSet.open(name, folder / "HR", None, 4, name)
    read = EvaluationSet.open(name, folder / "HR", folder / "LRx4", 4, name)
    assert len(made) == len(read) > 4
    for index in range(len(made)):
        np.testing.assert_array_equal(made[index].lr, read[index].lr)
        assert made[index].lr.shape[2] == (1 if made[index].name == "bridge" else 3)
