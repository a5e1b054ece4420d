"""The degradation model of PDM-SR: where its kernel begins, where LR lies, what is drawn."""

import math

import pytest
import torch
from torch import Tensor, nn

from gansr.errors import OptionsError
from gansr.imaging.jpeg import compress
from gansr.imaging.resize import reduce, surround
from gansr.models.degraders import DEGRADERS
from gansr.models.degraders.degraded import kernel_width
from gansr.models.degraders.kernel_noise import KernelNoise, compressed

SMALL = {"kernel_features": 8, "kernel_blocks": 1, "noise_features": 8, "noise_blocks": 1}


def photo(height: int = 24, width: int = 36) -> Tensor:
    rows, columns = torch.meshgrid(torch.arange(height) / 5, torch.arange(width) / 7, indexing="ij")
    return torch.stack([0.5 + 0.4 * torch.sin(rows + k) * torch.cos(columns - k) for k in range(3)])[None]


def shaken(network: KernelNoise) -> KernelNoise:
    """As after some training: last layers that are not 0."""
    torch.manual_seed(1)
    for part in (network.kernel_net, network.noise_net):
        last = part[-1]
        assert isinstance(last, nn.Conv2d)
        with torch.no_grad():
            last.weight += 3 * torch.randn_like(last.weight)
    return network


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_first_kernel_is_a_narrow_gaussian(scale: int) -> None:
    found = KernelNoise(scale, **SMALL)(photo())
    assert found.kernel is not None and found.noise is not None
    side = 21 if scale == 3 else 20
    assert found.kernel.shape == (1, side, side)
    place = torch.arange(side) - (side - 1) / 2
    expected = torch.exp(-(place[:, None] ** 2 + place**2) / (2 * 0.7**2))
    torch.testing.assert_close(found.kernel[0], expected / expected.sum())
    assert found.kernel.sum().item() == pytest.approx(1, abs=1e-6)
    assert kernel_width(found.kernel).item() == pytest.approx(0.7, abs=0.005)
    assert found.noise.shape == found.lr.shape == (1, 3, 24 // scale, 36 // scale)
    assert found.noise.std().item() * 255 == pytest.approx(5, rel=0.2)
    assert not KernelNoise(scale, start_noise=0, **SMALL)(photo()).noise.any()


def test_the_box_that_zeros_would_give_is_far_from_it() -> None:
    """What the authors' initialisation begins with: logit 1 in the middle of 440 zeros."""
    logits = torch.zeros(1, 441)
    logits[0, 220] = 1
    assert kernel_width(logits.softmax(1).view(1, 21, 21)).item() > 6


def test_kernels_add_up_to_one_differ_and_are_symmetric() -> None:
    torch.manual_seed(0)  # whether codes differ enough depends on the first layers too
    network = shaken(KernelNoise(2, kernel=7, **SMALL))
    kernel = network(photo().repeat(3, 1, 1, 1)).kernel
    torch.testing.assert_close(kernel.sum((1, 2)), torch.ones(3))
    assert (kernel[0] - kernel[1]).abs().max() > 1e-4
    torch.testing.assert_close(kernel, kernel.flip(1, 2))
    free = shaken(KernelNoise(2, kernel=7, symmetric=False, **SMALL))(photo().repeat(3, 1, 1, 1)).kernel
    assert (free - free.flip(1, 2)).abs().max() > 1e-3


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_lr_lies_where_bicubic_has_it(scale: int) -> None:
    """Of a ramp, both keep the mean of each scale x scale pixels. One on corners is shifted."""
    ramp = (torch.arange(48.0) / 48).expand(1, 3, 48, 48)
    inside = slice(4, -4)
    expected = reduce(ramp, scale)[..., inside, inside]
    found = KernelNoise(scale, kernel=11, start_noise=0, **SMALL)(ramp).lr[..., inside, inside]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    corner = KernelNoise(scale, kernel=11, phase="corner", start_noise=0, **SMALL)(ramp).lr[..., inside, inside]
    torch.testing.assert_close(corner, expected - (scale - 1) / 2 / 48, rtol=0, atol=1e-5)


@pytest.mark.parametrize("scale", [2, 3])
def test_blur_is_a_strided_correlation(scale: int) -> None:
    """Written out: every LR pixel is the sum of kernel times HR around it."""
    network, hr = shaken(KernelNoise(scale, kernel=7, symmetric=False, **SMALL)).double(), photo().double()
    kernel = network.kernel(torch.randn(1, 3, 1, 1).double())
    found = network.blur(hr, kernel)
    taps = kernel.shape[-1]
    first = -(taps - scale) // 2
    for row, column in ((0, 0), (3, 5), (7, 11)):
        total = torch.zeros(3, dtype=torch.float64)
        for y in range(taps):
            for x in range(taps):
                places = (scale * row + first + y, scale * column + first + x)
                inside = [min(place if place >= 0 else -1 - place, 2 * side - 1 - place)
                          for place, side in zip(places, (24, 36), strict=True)]  # fmt: skip
                total += kernel[0, y, x] * hr[0, :, inside[0], inside[1]]
        torch.testing.assert_close(found[0, :, row, column], total)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_each_image_of_a_batch_gets_its_kernel_and_all_its_colours_teach_it(layout: torch.memory_format) -> None:
    """Values and gradients are those of a sum over unfolded pixels."""
    torch.manual_seed(0)
    network, hr = KernelNoise(2, kernel=7, **SMALL), torch.rand(3, 3, 12, 16).contiguous(memory_format=layout)
    kernel = torch.rand(3, network.taps, network.taps, requires_grad=True)
    windows = surround(hr, network.margin).unfold(2, network.taps, 2).unfold(3, network.taps, 2)
    expected = torch.einsum("bchwyx,byx->bchw", windows, kernel)
    found, weights = network.blur(hr, kernel), torch.rand_like(expected)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)  # of sums of 36 numbers up to 1
    (taught,) = torch.autograd.grad(found, kernel, weights)
    torch.testing.assert_close(taught, torch.autograd.grad(expected, kernel, weights)[0], rtol=3e-6, atol=0)


def test_noise_is_drawn_anew_and_sends_no_gradient_through_the_blur() -> None:
    network = shaken(KernelNoise(2, kernel=5, **SMALL))
    one, other = network(photo()), network(photo())
    assert (one.noise - other.noise).abs().max() > 1e-3
    torch.testing.assert_close(one.lr - one.noise, network.blur(photo(), one.kernel))
    one.noise.sum().backward()
    assert all(p.grad is None for p in network.kernel_net.parameters())
    assert any(p.grad is not None and p.grad.any() for p in network.noise_net.parameters())


@pytest.mark.parametrize("centred", [True, False])
def test_noise_has_no_mean_of_its_own_unless_it_may(centred: bool) -> None:
    """Else it would be what is seen, as contrast is. Of each pixel, over 4000 draws; and its sign is the code's."""
    network = shaken(KernelNoise(2, kernel=5, centred=centred, **SMALL))
    blurred = photo(6, 6)
    code = torch.randn(4000, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        noise = network.noise(blurred.expand(4000, -1, -1, -1), code)
        mirrored = network.noise(blurred.expand(4000, -1, -1, -1), -code)
    mean, error = noise.mean(0), noise.std(0) / 4000**0.5
    assert bool(((mean / error).abs() < 5).all()) == centred
    assert torch.equal(noise, -mirrored) == centred
    assert (noise.std(0) > 1e-3).all()


def test_the_width_of_a_kernel() -> None:
    """Of a pair of points at distance 4 along a row: deviation 2 there and 0 across."""
    kernel = torch.zeros(1, 9, 9)
    kernel[0, 1, 2] = kernel[0, 1, 6] = 0.5
    assert kernel_width(kernel).item() == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernel": 20}, "kernel is 20; expected an odd number, at least 5"),
        ({"kernel": 3}, "at least 5"),
        ({"start_width": 0.0}, "start_width is 0 HR pixels"),
        ({"noise_features": 0}, "noise_features is 0"),
        ({"noise_codes": 2}, "noise_codes is 2"),
    ],
)
def test_mistakes(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        KernelNoise(2, **arguments)  # pyright: ignore[reportArgumentType]


def test_dsgan_has_the_authors_number_of_parameters() -> None:
    network = DEGRADERS["dsgan"](4)
    assert sum(p.numel() for p in network.parameters()) == 594_380
    found = network(photo())
    assert found.kernel is None and found.noise is None and found.lr.min() > 0 and found.lr.max() < 1


@pytest.mark.parametrize("offsets", [(0, 0), (3, 9)])
def test_jpeg_is_that_of_a_larger_image_from_which_a_crop_is_taken(
    monkeypatch: pytest.MonkeyPatch, offsets: tuple[int, int]
) -> None:
    """Blocks begin `offsets` before the crop, whose edge goes on there; the numbers are those of hard rounding."""
    monkeypatch.setattr(torch, "randint", lambda *_, **__: torch.tensor(offsets))
    image = photo(21, 30).expand(2, -1, -1, -1).contiguous()
    top, left = offsets
    around = nn.functional.pad(image, (left, 0, top, 0), "replicate")
    expected = compress(around, torch.full((2,), 40.0), tables="libjpeg")[..., top : top + 21, left : left + 30]
    found = compressed(image, (40.0, 40.0))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert (found - image).abs().max() > 0.02


def test_jpeg_comes_last_and_lets_gradients_pass() -> None:
    torch.manual_seed(0)
    network = shaken(KernelNoise(2, **SMALL, kernel=9, jpeg=(30, 60)))
    found = network(photo())
    assert found.noise is not None and found.lr.min() >= 0 and found.lr.max() <= 1
    found.lr.square().mean().backward()
    assert network.noise_level.grad is not None and network.noise_level.grad.abs().min() > 0
    torch.manual_seed(0)
    low = KernelNoise(2, **SMALL, start_noise=0, jpeg=(5, 5))(photo()).lr
    torch.manual_seed(0)
    high = KernelNoise(2, **SMALL, start_noise=0, jpeg=(95, 95))(photo()).lr
    plain = KernelNoise(2, **SMALL, start_noise=0)(photo()).lr
    assert (low - plain).abs().mean() > 3 * (high - plain).abs().mean() > 0


def test_each_image_has_a_quality_of_its_own() -> None:
    torch.manual_seed(0)
    image = photo().expand(4, -1, -1, -1)
    found = compressed(image, (5.0, 95.0))
    errors = (found - image).abs().mean((1, 2, 3))
    assert errors.max() > 1.5 * errors.min()


@pytest.mark.parametrize(("quality", "channels"), [((60, 40), 3), ((0, 50), 3), ((50, 101), 3), ((40, 60), 4)])
def test_qualities_are_a_range(quality: tuple[float, float], channels: int) -> None:
    with pytest.raises(OptionsError, match="jpeg is"):
        KernelNoise(2, **SMALL, jpeg=quality, channels=channels, noise_codes=4)


@pytest.mark.parametrize("smoothness", [0.0, 0.8])
def test_what_is_added_to_the_logits_is_blurred(smoothness: float) -> None:
    network = shaken(KernelNoise(2, **SMALL, kernel=9, smoothness=smoothness, kernel_pace=0.5))
    code = torch.randn(3, network.kernel_codes, 1, 1)
    added = network.kernel_net(code).view(3, 8, 8)
    if smoothness:
        place = torch.arange(8.0)
        far = torch.stack([place[:, None] - place, place[:, None] + place + 1, place[:, None] + place - 15])
        reach = math.ceil(3 * smoothness)
        matrix = torch.where(far.abs() <= reach, (-(far**2) / (2 * smoothness**2)).exp(), 0).sum(0)
        matrix = matrix / matrix.sum(1, keepdim=True)
        added = matrix @ added @ matrix.T
    logits = network.start.view(8, 8) + 0.5 * (added + added.flip(1, 2)) / 2
    expected = logits.flatten(1).softmax(1).view(3, 8, 8)
    torch.testing.assert_close(network.kernel(code), expected, rtol=1e-4, atol=1e-7)
