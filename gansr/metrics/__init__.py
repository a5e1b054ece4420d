"""Metrics by the name that options use. Each judges an 8-bit image, beside its ground truth or (NIQE) by itself."""

from gansr.metrics.feature_distance import FeatureDistance
from gansr.metrics.niqe import NIQE
from gansr.metrics.psnr import PSNR
from gansr.metrics.ssim import SSIM

METRICS = {"psnr": PSNR, "ssim": SSIM, "feature_distance": FeatureDistance, "niqe": NIQE}
