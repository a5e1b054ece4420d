"""The discriminator of DSGAN."""

from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from gansr.models.layers.checks import check_positive
from gansr.models.layers.normalisation import LAYERS


class DSGAN(nn.Module):
    """A logit for each pixel, which sees 13 of them a side: the discriminator of DSGAN (Fritsche et al. 2019).

    (B, in_channels, H, W) in [0, 1] -> (B, 1, H, W) logits, of images of any size. Three 5x5 convolutions, the last
    two normalised, and a 1x1 one: 1,030,273 parameters, and names of weights, as in the authors' code
    (`ManuelFritsche/real-world-sr`, `dsgan/model.py`). There it sees what an average over 5x5 pixels leaves of images:
    {type: dsgan, through: [{type: high_pass}]}.

    Args:
        features: channels of the first layer, doubled by the next two
        norm: of the second and third layer; the authors' is batch
        in_channels: of the image
    """

    def __init__(
        self, features: int = 64, norm: Literal["batch", "instance", "none"] = "batch", in_channels: int = 3
    ) -> None:
        super().__init__()
        check_positive("dsgan", features=features, in_channels=in_channels)
        widths = [in_channels, features, 2 * features, 4 * features]
        layers: list[nn.Module] = []
        for place, (inputs, outputs) in enumerate(pairwise(widths)):
            layers.append(nn.Conv2d(inputs, outputs, 5, padding=2))
            layers += [LAYERS[norm](outputs)] if place else []
            layers.append(nn.LeakyReLU(0.2, inplace=True))
        self.net = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 1))

    def forward(self, image: Tensor, taps: list[Tensor] | None = None) -> Tensor:
        """(B, in_channels, H, W) -> logits (B, 1, H, W); activations are added to `taps`."""
        for layer in self.net:
            image = layer(image)
            if taps is not None and isinstance(layer, nn.LeakyReLU):
                taps.append(image)
        return image
