import math

import pytest
import torch
from kornia.metrics import ssim as kornias
from torch import Tensor
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.imaging.colour import grey
from gansr.losses.pixel.ssim import ms_ssim, ssim
from gansr.metrics.fidelity.ssim import SSIM

SCALES = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]


def pair(height: int, width: int, batch: int = 2, noise: float = 0.1) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    target = torch.rand(batch, 3, height, width, dtype=torch.float64, generator=random)
    return target + noise * torch.randn(target.shape, dtype=torch.float64, generator=random), target


def test_one_window_worked_out_by_hand() -> None:
    sr, target = pair(11, 11, batch=1)
    curve = torch.tensor([math.exp(-((place - 5) ** 2) / 4.5) for place in range(11)], dtype=torch.float64)
    window = torch.outer(curve, curve) / curve.sum() ** 2
    expected = 0.0
    for one, other in zip(sr[0], target[0], strict=True):
        mean, mean_other = (window * one).sum(), (window * other).sum()
        variance, variance_other = (window * (one - mean) ** 2).sum(), (window * (other - mean_other) ** 2).sum()
        covariance = (window * (one - mean) * (other - mean_other)).sum()
        above = (2 * mean * mean_other + 1e-4) * (2 * covariance + 9e-4)
        expected += above / ((mean**2 + mean_other**2 + 1e-4) * (variance + variance_other + 9e-4)) / 3
    assert ssim()(sr, target).item() == pytest.approx(1 - float(expected), abs=1e-12)


def test_flat_images_differ_by_luminance_alone() -> None:
    sr, target = torch.full((1, 3, 24, 24), 0.2).double(), torch.full((1, 3, 24, 24), 0.4).double()
    luminance = (2 * 0.08 + 1e-4) / (0.04 + 0.16 + 1e-4)
    assert ssim()(sr, target).item() == pytest.approx(1 - luminance, abs=1e-7)
    last = SCALES[1] / (SCALES[0] + SCALES[1])  # two scales fit
    assert ms_ssim()(sr, target).item() == pytest.approx(1 - luminance**last, abs=1e-7)


@pytest.mark.parametrize("colour", ["rgb", "y"])
def test_equals_kornia_and_the_metric(colour) -> None:
    sr, target = (image.mul(255).round().clamp(0, 255) for image in pair(24, 31, batch=1))
    found = 1 - ssim(colour)(sr / 255, target / 255).item()
    seen, wanted = (grey(image / 255) if colour == "y" else image / 255 for image in (sr, target))
    assert found == pytest.approx(kornias(seen, wanted, 11, padding="valid").mean().item(), abs=1e-8)
    if colour == "rgb":  # the metric's Y has another range
        metric = SSIM(2, colour="rgb", border=0)
        assert found == pytest.approx(metric(sr[0].byte(), target[0].byte()), abs=1e-8)


def reference(sr: Tensor, target: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Luminance and contrast of each scale by plain convolutions."""
    curve = torch.exp(-(torch.arange(-5, 6).double() ** 2) / 4.5)
    window = (torch.outer(curve, curve) / curve.sum() ** 2).expand(3, 1, 11, 11)
    scales = []
    while min(sr.shape[-2:]) >= 11 and len(scales) < 5:
        means = [F.conv2d(image, window, groups=3) for image in (sr, target, sr * sr, target * target, sr * target)]
        mean, mean_other, variance, variance_other, covariance = means
        variance, variance_other = variance - mean**2, variance_other - mean_other**2
        covariance = covariance - mean * mean_other
        luminance = (2 * mean * mean_other + 1e-4) / (mean**2 + mean_other**2 + 1e-4)
        scales.append((luminance, (2 * covariance + 9e-4) / (variance + variance_other + 9e-4)))
        sr, target = F.avg_pool2d(sr, 2), F.avg_pool2d(target, 2)
    return scales


@pytest.mark.parametrize(("height", "width", "count"), [(11, 14, 1), (45, 60, 3), (96, 96, 4), (176, 180, 5)])
def test_takes_the_scales_that_fit(height: int, width: int, count: int) -> None:
    sr, target = pair(height, width, batch=1, noise=0.3)
    scales = reference(sr, target)
    assert len(scales) == count
    total = 1.0 if count == 5 else sum(SCALES[:count])  # all five are taken as they were published
    exponents = [exponent / total for exponent in SCALES[:count]]
    means = [contrast.mean((-2, -1)) for _, contrast in scales[:-1]]
    means.append((scales[-1][0] * scales[-1][1]).mean((-2, -1)))
    similar = torch.stack([mean**exponent for mean, exponent in zip(means, exponents, strict=True)]).prod(0)
    assert ms_ssim()(sr, target).item() == pytest.approx(1 - similar.mean().item(), abs=1e-6)


def test_one_scale_is_ssim() -> None:
    sr, target = pair(30, 30)
    one_channel = ms_ssim(scales=1)(sr, target).item()
    assert one_channel == pytest.approx(ssim()(sr, target).item(), abs=1e-12)


@pytest.mark.parametrize("make", [ssim, ms_ssim])
@pytest.mark.parametrize("colour", ["rgb", "y"])
def test_identical_images_flat_or_not(make, colour) -> None:
    for image in (pair(25, 23)[1].float(), torch.full((1, 3, 23, 25), 0.6), torch.zeros(1, 3, 22, 22)):
        sr = image.clone().requires_grad_()
        value = make(colour)(sr, image)
        value.backward()
        assert value.item() == pytest.approx(0, abs=1e-6)
        assert sr.grad.abs().max() < 1e-5  # rounding; 2e-3 where images differ


@pytest.mark.parametrize("make", [ssim, ms_ssim])
def test_true_gradient_for_sr_and_none_for_the_target(make) -> None:
    sr, target = (image[..., :23].requires_grad_() for image in pair(12, 24, batch=1))
    assert torch.autograd.gradcheck(lambda image: make()(image, target), (sr,))
    make()(sr, target).backward()
    assert target.grad is None


def test_negatives_keep_a_finite_gradient_from_the_other_scales() -> None:
    _, target = pair(48, 48)
    checks = (torch.arange(48)[:, None] + torch.arange(48)) % 2 - 0.5  # gone after the first halving
    smooth = F.interpolate(target[..., ::8, ::8], size=48, mode="bilinear")
    sr, target = (smooth + 0.3 * checks).requires_grad_(), smooth - 0.3 * checks
    loss = ms_ssim()(sr, target)
    loss.backward()
    assert 0 < loss.item() < 1
    assert sr.grad.isfinite().all()
    assert sr.grad.abs().max() > 0


@pytest.mark.parametrize("make", [ssim, ms_ssim])
def test_half_precision(make) -> None:
    sr, target = (image.float() for image in pair(33, 27))
    full = make()(sr, target)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(make()(sr, target), full)
    assert make()(sr.bfloat16(), target.bfloat16()).item() == pytest.approx(full.item(), abs=2e-3)


def test_mistakes_are_named() -> None:
    for make in (ssim, ms_ssim):
        with pytest.raises(OptionsError, match="11x11 pixels; these are 10x32"):
            make()(torch.zeros(1, 3, 32, 10), torch.zeros(1, 3, 32, 10))
    with pytest.raises(OptionsError, match="scales is 6; expected 1 to 5"):
        ms_ssim(scales=6)
