"""Other colours: the same for LR and HR, others for each sample."""

import pytest
import torch

from gansr.data.augmentation.colour import blend, colour_jitter, permute_channels
from gansr.data.augmentation.lots import Lots
from gansr.data.batch import Paired
from gansr.errors import OptionsError
from gansr.imaging.resize import reduce

NONE = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}


def photo(size=5) -> Paired:
    """Far enough from black and white that nothing is clamped; LR is bicubic."""
    hr = 0.4 + 0.2 * torch.rand(size, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    return Paired(reduce(hr, 2), hr, None, hr.clone())


@pytest.mark.parametrize("make", [blend, permute_channels, colour_jitter])
def test_lr_stays_the_lr_of_hr(make):
    """Each is linear and the same at every pixel, so it changes places with shrinking."""
    batch = photo()
    made = make()(batch, Lots(0, range(5), 0))
    torch.testing.assert_close(made.lr, reduce(made.hr, 2), atol=1e-5, rtol=0)
    assert torch.equal(made.sharp, made.hr)
    same = Paired(*(image[:1].expand(5, -1, -1, -1) for image in (batch.lr, batch.hr)))
    others = make()(same, Lots(0, range(5), 0)).hr
    assert len({tuple(one.flatten().tolist()) for one in others}) > 2, "each sample has draws of its own"


def test_blend_adds_a_flat_colour():
    batch = photo()
    made = blend(0.6)(batch, Lots(0, range(5), 0))
    again = Lots(0, range(5), 0)
    share, colour = again.uniform(0.6, 1)[:, None, None, None], again.uniform(0, 1, 3)[:, :, None, None]
    torch.testing.assert_close(made.hr, share * batch.hr + (1 - share) * colour)
    torch.testing.assert_close(blend(1.0)(batch, Lots(0, range(5), 0)).hr, batch.hr)


def test_channels_change_places():
    batch = photo()
    made = permute_channels()(batch, Lots(0, range(5), 0))
    for number, order in enumerate(Lots(0, range(5), 0).permutation(3).tolist()):
        assert torch.equal(made.hr[number], batch.hr[number, order])
        assert torch.equal(made.lr[number], batch.lr[number, order])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, lambda hr, grey: hr),
        ({"brightness": (1.2, 1.2)}, lambda hr, grey: 1.2 * hr),
        ({"contrast": (0.5, 0.5)}, lambda hr, grey: (hr + grey.mean((2, 3), keepdim=True)) / 2),
        ({"saturation": (0, 0)}, lambda hr, grey: grey.expand_as(hr)),
        ({"saturation": (1.5, 1.5)}, lambda hr, grey: grey + 1.5 * (hr - grey)),
        ({"hue": (120, 120)}, lambda hr, grey: hr[:, [2, 0, 1]]),  # a third of the turn: red becomes green
        ({"hue": (360, 360)}, lambda hr, grey: hr),
    ],
)
def test_what_jitter_does(changes, expected):
    batch = photo()
    grey = (batch.hr * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    made = colour_jitter(**NONE | changes)(batch, Lots(0, range(5), 0))
    torch.testing.assert_close(made.hr, expected(batch.hr, grey), atol=1e-5, rtol=0)


def test_jitter_stays_in_range():
    batch = Paired(torch.rand(4, 3, 4, 4), torch.rand(4, 3, 8, 8))
    made = colour_jitter(brightness=(2, 3), hue=(-180, 180))(batch, Lots(0, range(4), 0))
    assert made.hr.min() >= 0 and made.hr.max() <= 1 and made.lr.max() <= 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: blend(1.5), r"least is 1\.5"),
        (lambda: blend(-0.1), r"least is -0\.1"),
        (lambda: colour_jitter(brightness=(1.2, 0.8)), r"brightness is \(1\.2, 0\.8\)"),
        (lambda: colour_jitter(contrast=(-1, 1)), r"contrast is \(-1, 1\); expected two finite numbers of 0 or more"),
        (lambda: colour_jitter(saturation=(0, float("inf"))), "saturation is"),
        (lambda: colour_jitter(hue=(9, -9)), r"hue is \(9, -9\)"),
    ],
)
def test_what_cannot_be(make, message):
    with pytest.raises(OptionsError, match=message):
        make()
