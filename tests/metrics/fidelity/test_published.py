"""Bicubic interpolation in floating point, as in the demonstration code of SRCNN, scores what papers print."""

from pathlib import Path

import pytest
import torch

from gansr.data.evaluation_set import EvaluationSet
from gansr.imaging.resize import enlarge, reduce
from gansr.metrics.fidelity.psnr import PSNR
from gansr.metrics.fidelity.ssim import SSIM

PRINTED = {
    ("Set5", 2): (33.66, 0.9299),
    ("Set5", 3): (30.39, 0.8682),
    ("Set5", 4): (28.42, 0.8104),
    ("Set14", 2): (30.24, 0.8688),
    ("Set14", 3): (27.55, 0.7742),
    ("Set14", 4): (26.00, 0.7027),
}


@pytest.mark.parametrize(("name", "scale"), PRINTED)
def test_bicubic_scores_what_papers_print(shared: Path, name: str, scale: int) -> None:
    """`imresize(imresize(im2double(hr), 1 / scale), scale)`, in 8 bits at the end alone; Set14's grey image is grey."""
    images = EvaluationSet.open(name, shared / "data" / name / "HR", None, scale, "test")
    psnr, ssim = PSNR(scale, protocol="sr"), SSIM(scale, protocol="sr")
    found = []
    for number in range(len(images)):
        hr = torch.tensor(images[number].hr).permute(2, 0, 1)
        levels = enlarge(reduce(hr[None].double(), scale), scale)[0]
        sr = (levels + 0.5).floor().clamp(0, 255).to(torch.uint8)
        found.append((psnr(sr, hr), ssim(sr, hr)))
    mean = torch.tensor(found, dtype=torch.float64).mean(0).tolist()
    assert mean[0] == pytest.approx(PRINTED[name, scale][0], abs=0.01)
    assert mean[1] == pytest.approx(PRINTED[name, scale][1], abs=0.0004)
