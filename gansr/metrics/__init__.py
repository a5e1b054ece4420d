"""Metrics by the name that options use. Each judges 8-bit images, beside the ground truth, the LR, or by themselves."""

from collections.abc import Callable
from typing import Any

from gansr.metrics.faces.identity import IdentityDistance
from gansr.metrics.faces.landmark_error import LandmarkError
from gansr.metrics.fidelity.lr_consistency import LRConsistency
from gansr.metrics.fidelity.ms_ssim import MSSSIM
from gansr.metrics.fidelity.psnr import PSNR
from gansr.metrics.fidelity.spectrum import Spectrum
from gansr.metrics.fidelity.ssim import SSIM
from gansr.metrics.natural.niqe import NIQE
from gansr.metrics.natural.perceptual_index import PerceptualIndex
from gansr.metrics.perceptual.dists import DISTS
from gansr.metrics.perceptual.feature_distance import FeatureDistance
from gansr.metrics.perceptual.lpips import LPIPS
from gansr.metrics.sets.fid import FID
from gansr.metrics.sets.kid import KID

METRICS: dict[str, Callable[..., Any]] = {
    "psnr": PSNR,
    "ssim": SSIM,
    "ms_ssim": MSSSIM,
    "lr_consistency": LRConsistency,
    "spectrum": Spectrum,
    "lpips": LPIPS,
    "dists": DISTS,
    "feature_distance": FeatureDistance,
    "niqe": NIQE,
    "pi": PerceptualIndex,
    "fid": FID,
    "kid": KID,
    "landmark_error": LandmarkError,
    "identity": IdentityDistance,
}
