"""Networks that make LR images of HR ones as real LR images are: name -> class. All take `scale` first."""

from torch import nn

from gansr.models.degraders.dsgan import DSGAN
from gansr.models.degraders.kernel_noise import KernelNoise

DEGRADERS: dict[str, type[nn.Module]] = {"kernel_noise": KernelNoise, "dsgan": DSGAN}
