"""The degrader of Bulat et al. and SCGAN: its layers in their order, and the one size it takes."""

import pytest
import torch
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.degraders.high_to_low import HighToLow


def test_parameters_are_those_of_scgans_code():
    with torch.device("meta"):
        assert sum(p.numel() for p in HighToLow(4).parameters()) == 12_291_896


def test_by_hand(fill):
    network = fill(HighToLow(4, input_size=16, codes=3, widths=(2, 4, 6, 16))).double()
    state, image = network.state_dict(), torch.rand(2, 3, 16, 16, dtype=torch.float64)

    def block(x, name, halve):
        x = x.clamp_min(0)  # theirs works in place, so the skip sees it too
        inner = F.conv2d(x, state[f"{name}.conv1.weight"], padding=1).clamp_min(0)
        if halve:
            inner, x = F.avg_pool2d(inner, 2), F.avg_pool2d(x, 2)
        if f"{name}.skip.weight" in state:
            x = F.conv2d(x, state[f"{name}.skip.weight"], state[f"{name}.skip.bias"])
        return F.conv2d(inner, state[f"{name}.conv2.weight"], padding=1) + x

    torch.manual_seed(3)
    found = network(image).lr
    torch.manual_seed(3)
    code = torch.randn(2, 3).double()
    noise = F.linear(code, state["noise_fc.weight"], state["noise_fc.bias"]).view(2, 1, 16, 16)
    x = F.conv2d(torch.cat([2 * image - 1, noise], 1), state["in_layer.weight"], padding=1)
    for place in range(8):
        x = block(x, f"down_layers.{place}", place % 2 == 0)
    assert x.shape == (2, 16, 1, 1)
    for place in (0, 3):
        x = F.pixel_shuffle(x, 2)
        for after in (1, 2):
            x = block(x, f"up_layers.{place + after}", False)
    x = F.conv2d(
        F.conv2d(x, state["out_layer.0.weight"], padding=1).clamp_min(0), state["out_layer.2.weight"], padding=1
    )
    torch.testing.assert_close(found, (x.tanh() + 1) / 2)


def test_every_image_has_a_code_of_its_own(fill):
    network = fill(HighToLow(4, input_size=16, widths=(2, 2, 2, 16)))
    lr = network(torch.rand(1, 3, 16, 16).repeat(2, 1, 1, 1)).lr
    assert not torch.allclose(lr[0], lr[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_size": 24}, "input_size is 24; expected a multiple of 16"),
        ({"widths": (8, 8, 8, 24)}, "the last of widths is 24; expected a multiple of 16"),
        ({"widths": (8, 0, 8, 16)}, "widths is 0"),
    ],
)
def test_sizes_that_do_not_divide(arguments, message):
    with pytest.raises(OptionsError, match=f"high_to_low: .*{message}"), torch.device("meta"):
        HighToLow(4, **arguments)


def test_images_of_another_size_name_the_option():
    network = HighToLow(4, input_size=16, widths=(2, 2, 2, 16))
    for height, width in ((16, 32), (32, 16), (64, 64)):
        with pytest.raises(OptionsError, match=rf"16x16 pixels and got {width}x{height}; set data\.train\.crop to 16"):
            network(torch.rand(1, 3, height, width))
