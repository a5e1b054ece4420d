import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from gansr.data.files import decoded
from gansr.data.files.decoded import Decoded
from gansr.data.sampler import Ticket
from gansr.data.sets.training_set import Cut, Cutter, HrOnly, PairedFiles, copied, mirrored_window
from gansr.errors import OptionsError
from gansr.imaging.resize import mod_crop, reduce_uint8, reduce_window_uint8


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def save(file, image):
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(file)
    return file


def shrink(image, scale, method=reduce_uint8):
    return method(torch.from_numpy(image.copy()).permute(2, 0, 1)[None], scale)[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_window_gives_the_crop_of_the_whole_lr(tmp_path, scale):
    """Every place of the crop, corners and borders of an image with sides that do not divide included."""
    image = noise(4 * scale + 1, 5 * scale + scale - 1, 3)
    crop = 2 * scale
    whole = mod_crop(image, scale)
    lr = shrink(whole, scale)
    dataset = HrOnly([save(tmp_path / "a.png", image)], crop, scale, seed=0, flips=False, rotations=False)
    places = set()
    for number in range(120):
        window = dataset[Ticket(0, number)]
        cut = dataset.cutter.cut(number, *whole.shape[:2])
        places.add((cut.top, cut.left))
        expected_lr = lr[cut.top : cut.top + 2, cut.left : cut.left + 2]
        np.testing.assert_array_equal(shrink(window, scale, reduce_window_uint8), expected_lr)
        top, left = cut.top * scale, cut.left * scale
        inside = window[2 * scale : -2 * scale, 2 * scale : -2 * scale]
        np.testing.assert_array_equal(inside, whole[top : top + crop, left : left + crop])
    assert places == {(top, left) for top in range(3) for left in range(4)}


def test_crop_as_large_as_a_tiny_image(tmp_path):
    image = noise(4, 4, 3)
    dataset = HrOnly([save(tmp_path / "a.png", image)], crop=4, scale=4, seed=0, flips=False, rotations=False)
    window = dataset[Ticket(0, 0)]
    assert window.shape == (20, 20, 3)
    np.testing.assert_array_equal(shrink(window, 4, reduce_window_uint8), shrink(image, 4))


def test_flips_and_turns(tmp_path):
    """All eight layouts of the square come up, and the LR is that of the whole image laid the same way."""
    image = noise(8, 8, 3)
    dataset = HrOnly([save(tmp_path / "a.png", image)], crop=8, scale=2, seed=0)
    square = [np.rot90(side, turns) for side in (image, image[::-1]) for turns in range(4)]
    seen = set()
    for number in range(60):
        window = dataset[Ticket(0, number)]
        assert window.flags.c_contiguous and window.flags.writeable
        inside = window[4:-4, 4:-4]
        (layout,) = (k for k, laid in enumerate(square) if np.array_equal(laid, inside))
        seen.add(layout)
        np.testing.assert_array_equal(shrink(window, 2, reduce_window_uint8), shrink(square[layout], 2))
    assert seen == set(range(8))


def test_options_do_not_move_the_crop():
    settings = [Cutter(8, 2, 0, flips, rotations) for flips in (True, False) for rotations in (True, False)]
    for number in range(20):
        assert len({cutter.cut(number, 40, 50)[:2] for cutter in settings}) == 1


def test_pairs_stay_aligned(tmp_path):
    """HR repeats every LR pixel, so that aligned crops repeat too, however they are laid."""
    lr = noise(9, 11, 3)
    hr = np.pad(lr.repeat(3, axis=0).repeat(3, axis=1), [(0, 2), (0, 1), (0, 0)])
    pair = save(tmp_path / "lr.png", lr), save(tmp_path / "hr.png", hr)
    dataset = PairedFiles([pair], crop=12, scale=3, seed=5, source=Decoded())
    crops = [dataset[Ticket(0, number)] for number in range(40)]
    for small, large in crops:
        assert small.shape == (4, 4, 3) and large.shape == (12, 12, 3)
        np.testing.assert_array_equal(small.repeat(3, axis=0).repeat(3, axis=1), large)
    assert len({small.tobytes() for small, _ in crops}) > 30


def test_each_image_of_a_pair_is_decoded_once(tmp_path, monkeypatch):
    pair = save(tmp_path / "lr.png", noise(8, 8, 3)), save(tmp_path / "hr.png", noise(16, 16, 3))
    read, read_image = [], decoded.read_image
    monkeypatch.setattr(decoded, "read_image", lambda path: read.append(path.stem) or read_image(path))
    dataset = PairedFiles([pair], crop=8, scale=2, seed=0, source=Decoded(0))
    for number in range(3):
        read.clear()
        dataset[Ticket(0, number)]
        assert sorted(read) == ["hr", "lr"]


def test_grey_becomes_rgb(tmp_path):
    file = save(tmp_path / "grey.png", noise(16, 16, 1))
    window = HrOnly([file], crop=8, scale=2, seed=0)[Ticket(0, 0)]
    assert window.shape == (16, 16, 3)
    assert (window == window[..., :1]).all()


def test_samples_depend_on_seed_and_number_alone(tmp_path):
    file = save(tmp_path / "a.png", noise(40, 40, 3))
    first, again, other = (
        HrOnly([file], 8, 2, seed, source=cache) for seed, cache in ((1, None), (1, Decoded()), (2, None))
    )
    np.testing.assert_array_equal(first[Ticket(0, 3)], again[Ticket(0, 3)])
    np.testing.assert_array_equal(first[Ticket(0, 3)], again[Ticket(0, 3)])  # the cached image is untouched
    assert not np.array_equal(first[Ticket(0, 3)], other[Ticket(0, 3)])
    assert not np.array_equal(first[Ticket(0, 3)], first[Ticket(0, 4)])


def test_mirrored_window_equals_padding(tmp_path):
    image = noise(7, 9, 3)
    file = save(tmp_path / "a.png", noise(8, 11, 3))
    Image.fromarray(np.pad(image, [(0, 1), (0, 2), (0, 0)])).save(file)  # a rest, which is not mirrored
    padded = np.pad(image, [(3, 3), (3, 3), (0, 0)], mode="symmetric")
    for top in range(4):
        for left in range(6):
            window = mirrored_window(Decoded(), file, (7, 9), (top, left), side=4, margin=3)
            np.testing.assert_array_equal(window, padded[top : top + 10, left : left + 10])


def test_crop_must_divide():
    with pytest.raises(OptionsError, match=r"crop: found 100; expected a multiple of the scale 3, for example 99"):
        Cutter(100, 3, 0)


@pytest.mark.parametrize("channels", [1, 3])
def test_copies_are_whole_and_their_own(channels: int) -> None:
    image = np.random.default_rng(0).integers(256, size=(5, 9, channels), dtype=np.uint8)
    for coins in itertools.product((False, True), repeat=3):
        view = Cut(0, 0, *coins).lay(image[:, 2:7])
        copy = copied(view)
        assert np.array_equal(copy, view) and copy.flags.c_contiguous and copy.flags.writeable
        assert not np.shares_memory(copy, image)
