"""Metrics by the name that options use. Each compares an 8-bit image with its ground truth."""

from gansr.metrics.feature_distance import FeatureDistance
from gansr.metrics.psnr import PSNR
from gansr.metrics.ssim import SSIM

METRICS = {"psnr": PSNR, "ssim": SSIM, "feature_distance": FeatureDistance}
