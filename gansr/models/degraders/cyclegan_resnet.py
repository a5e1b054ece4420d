"""The generator of CycleGAN, as a degrader."""

from torch import Tensor, nn

from gansr.models.degraders.degraded import Degraded
from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.cyclegan import Enlarging, cyclegan_layers, translate


class CycleGANResNet(nn.Module):
    """CycleGAN's residual network, back from clean images to real ones of the same size (Zhu et al. 2017).

    (B, channels, H, W) in [0, 1] -> `Degraded`: images of the same size in (0, 1), neither kernel nor noise. It is the
    network of the generator `cyclegan_resnet`, and their files fit each other. It draws nothing: one image always
    becomes the same other.

    Args:
        scale: 1, as the size stays
        features: channels of the first layer; four times as many in the blocks
        blocks: residual blocks, at a quarter of the size
        upsampling: transposed, as the authors'; resize: nearest neighbour and a convolution, without checkerboards
        channels: of the images

    Raises:
        OptionsError: another scale, or a number below 1.
    """

    def __init__(
        self, scale: int, features: int = 64, blocks: int = 9, upsampling: Enlarging = "transposed", channels: int = 3
    ) -> None:
        super().__init__()
        check_scale("cyclegan_resnet", scale, (1,))
        check_positive("cyclegan_resnet", features=features, blocks=blocks, channels=channels)
        self.scale = scale
        self.model = cyclegan_layers(channels, channels, features, blocks, upsampling)

    def forward(self, hr: Tensor) -> Degraded:
        """(B, channels, H, W) -> images of the same shape."""
        return Degraded(translate(self.model, hr))
