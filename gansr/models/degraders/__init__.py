"""Networks that make LR images of HR ones as real LR images are: name -> class. All take `scale` first."""

from torch import nn

from gansr.models.degraders.cyclegan_resnet import CycleGANResNet
from gansr.models.degraders.dsgan import DSGAN
from gansr.models.degraders.high_to_low import HighToLow
from gansr.models.degraders.kernel_noise import KernelNoise
from gansr.models.degraders.translator import Translator

DEGRADERS: dict[str, type[nn.Module]] = {
    "kernel_noise": KernelNoise,
    "dsgan": DSGAN,
    "translator": Translator,
    "cyclegan_resnet": CycleGANResNet,
    "high_to_low": HighToLow,
}
