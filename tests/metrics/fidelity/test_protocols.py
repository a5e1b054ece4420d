from collections.abc import Callable
from typing import Any

import pytest
import torch

from gansr.errors import OptionsError
from gansr.metrics.fidelity.ms_ssim import MSSSIM
from gansr.metrics.fidelity.protocols import PROTOCOLS, protocol_of
from gansr.metrics.fidelity.psnr import PSNR
from gansr.metrics.fidelity.ssim import SSIM

MADE: list[Callable[..., Any]] = [PSNR, SSIM, MSSSIM]


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    hr = torch.randint(40, 216, (3, 204, 208), generator=draw, dtype=torch.uint8)
    return (hr.int() + torch.randint(-20, 21, hr.shape, generator=draw)).to(torch.uint8), hr


@pytest.mark.parametrize("make", MADE)
@pytest.mark.parametrize(
    ("name", "spelled_out"),
    [
        ("sr", {"colour": "y", "border": 4, "round_y": True}),
        ("basicsr_rgb", {"colour": "rgb", "border": 4}),
        ("ntire", {"colour": "rgb", "border": 4}),
        ("ntire2017", {"colour": "rgb", "border": 10}),
    ],
)
def test_a_protocol_sets_colour_border_and_rounding(make: Callable[..., Any], name: str, spelled_out: Any) -> None:
    sr, hr = pair()
    named, explicit = make(4, protocol=name), make(4, **spelled_out)
    assert named(sr, hr) == explicit(sr, hr)
    assert f"(protocol {name})" in named.protocol


def test_protocols_differ_where_they_should() -> None:
    sr, hr = pair()
    scores = {name: PSNR(4, protocol=name)(sr, hr) for name in PROTOCOLS}
    assert scores["ntire"] == scores["basicsr_rgb"]
    assert len({round(value, 6) for value in scores.values()}) == 3


def test_what_is_given_comes_before_the_protocol_and_is_said() -> None:
    sr, hr = pair()
    mixed = PSNR(4, protocol="basicsr_rgb", colour="y")  # BasicSR's Y is not rounded
    assert mixed(sr, hr) == PSNR(4, round_y=False)(sr, hr) != PSNR(4)(sr, hr)
    assert mixed.protocol == "PSNR [dB], unrounded Y of BT.601 studio range, 4 px border cropped"
    assert "(protocol" not in PSNR(4, border=3).protocol
    assert "(protocol sr)" in PSNR(4, "y", 4, True).protocol  # nothing differs
    assert "(protocol ntire)" in PSNR(4, protocol="ntire", round_y=True).protocol  # RGB has no Y to round
    assert PSNR(4, border=0, protocol="ntire2017")(sr, hr) == PSNR(4, "rgb", 0)(sr, hr)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(OptionsError, match=r"protocol: there is no 'basicsr'\. Did you mean 'basicsr_rgb'\?"):
        protocol_of("basicsr")
    with pytest.raises(OptionsError, match="protocol"):
        SSIM(4, protocol="matlab")
    with pytest.raises(OptionsError, match="border: expected 0 or more"):
        PSNR(4, border=-1)
