"""Networks that tell real images from generated ones: name -> class. Images in, logits out."""

from torch import nn

from gansr.models.discriminators.dsgan import DSGAN
from gansr.models.discriminators.patch import PatchGAN
from gansr.models.discriminators.projected import Projected
from gansr.models.discriminators.spectral_residual import SpectralResidual
from gansr.models.discriminators.unet import UNet
from gansr.models.discriminators.vgg_style import VGGStyle

DISCRIMINATORS: dict[str, type[nn.Module]] = {
    "vgg_style": VGGStyle,
    "patch": PatchGAN,
    "unet": UNet,
    "projected": Projected,
    "dsgan": DSGAN,
    "spectral_residual": SpectralResidual,
}
