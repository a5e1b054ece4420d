"""Bicubic interpolation in floating point, as in the demonstration code of SRCNN, scores what papers print."""

from pathlib import Path

import pytest

from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.evaluation.scores import evaluate
from gansr.inference.bicubic import Bicubic
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
    """`gansr evaluate bicubic --exact-lr`: in double precision down and up, in 8 bits at the end; grey stays grey."""
    images = EvaluationSet.open(name, shared / "data" / name / "HR", None, scale, "test", exact=True)
    means = evaluate(Bicubic(scale), [images], {"psnr": PSNR(scale), "ssim": SSIM(scale)}).means[name]
    assert means["psnr"] == pytest.approx(PRINTED[name, scale][0], abs=0.01)
    assert means["ssim"] == pytest.approx(PRINTED[name, scale][1], abs=0.0004)
