"""Metrics by the name that options use. Each judges 8-bit images, beside the ground truth, the LR, or by themselves."""

from gansr.metrics.fidelity.lr_consistency import LRConsistency
from gansr.metrics.fidelity.ms_ssim import MSSSIM
from gansr.metrics.fidelity.psnr import PSNR
from gansr.metrics.fidelity.spectrum import Spectrum
from gansr.metrics.fidelity.ssim import SSIM
from gansr.metrics.natural.niqe import NIQE
from gansr.metrics.perceptual.feature_distance import FeatureDistance

METRICS = {
    "psnr": PSNR,
    "ssim": SSIM,
    "ms_ssim": MSSSIM,
    "lr_consistency": LRConsistency,
    "spectrum": Spectrum,
    "feature_distance": FeatureDistance,
    "niqe": NIQE,
}
