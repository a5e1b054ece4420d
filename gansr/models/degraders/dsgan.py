"""The free-form degrader of DSGAN: bicubic LR, and a network that changes its look."""

import torch
from torch import Tensor, nn

from gansr.imaging.resize import reduce
from gansr.models.degraders.degraded import Degraded
from gansr.models.layers.blocks.residual import Residual
from gansr.models.layers.checks import check_positive


class DSGAN(nn.Module):
    """Bicubic LR through eight residual blocks and a sigmoid, without any noise input (DSGAN, Fritsche et al. 2019).

    (B, 3, H, W) in [0, 1] -> `Degraded`: LR (B, 3, H/scale, W/scale) in (0, 1), neither kernel nor noise. 594,380
    parameters, as the authors' (`ManuelFritsche/real-world-sr`). It can make what no kernel and noise can, as JPEG's
    blocks, and it can just as well change content: give it `degrader_losses` that hold colours by the bicubic LR,
    {type: l1, through: [{type: low_pass}]}, and a discriminator that looks through high_pass.

    Args:
        scale: HR pixels for each LR pixel, along one side
        features: channels of all maps
        blocks: residual blocks
        channels: of the images

    Raises:
        OptionsError: a number below 1.
    """

    def __init__(self, scale: int, features: int = 64, blocks: int = 8, channels: int = 3) -> None:
        super().__init__()
        check_positive("dsgan", features=features, channels=channels)
        self.scale = scale

        def convolution(first: int, second: int) -> nn.Conv2d:
            return nn.Conv2d(first, second, 3, padding=1)

        self.body = nn.Sequential(
            convolution(channels, features),
            nn.PReLU(),
            *(
                Residual(convolution(features, features), nn.PReLU(), convolution(features, features))
                for _ in range(blocks)
            ),
            convolution(features, channels),
        )

    def forward(self, hr: Tensor) -> Degraded:
        """(B, C, H, W) -> LR (B, C, H/scale, W/scale)."""
        return Degraded(torch.sigmoid(self.body(reduce(hr, self.scale))))
