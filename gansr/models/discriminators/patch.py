"""The discriminator of pix2pix and CycleGAN."""

from typing import Literal

from torch import Tensor, nn

from gansr.models.layers.checks import check_positive, check_side
from gansr.models.layers.normalisation import Norm, convolution, unnormalised


class PatchGAN(nn.Module):
    """One logit per patch: the discriminator of pix2pix (Isola et al. 2017), for texture rather than content.

    (B, 3, H, W) in [0, 1] -> (B, 1, H / 2^layers - 2, W / 2^layers - 2) logits, rounded down before the 2.
    `layers` halvings; each logit sees 16, 34, 70 (pix2pix's own), 142 or 286 pixels for 1 to 5 of them.
    Images need 3 * 2^layers pixels a side (24 for 3), or OptionsError. Names and initialisation (normal,
    deviation 0.02) are those of the authors' code; "spectral" bounds the weights of all layers.

    For small images, as LR ones, there is `{stride: 1, kernel: 3}`, which halves nothing: a logit for each pixel that
    sees 2 * layers + 5 pixels (PDM-SR, Luo et al. 2022, with norm: instance and 3 layers).

    Args:
        features: channels of the first layer, doubled by each of the next three
        layers: between the first and the last two
        norm: of all layers but the first and the last
        in_channels: of the image
        stride: of all layers but the last two
        kernel: side of the convolutions
    """

    def __init__(
        self,
        features: int = 64,
        layers: Literal[1, 2, 3, 4, 5] = 3,
        norm: Norm = "batch",
        in_channels: int = 3,
        stride: Literal[1, 2] = 2,
        kernel: Literal[3, 4] = 4,
    ) -> None:
        super().__init__()
        check_positive("patch", features=features, in_channels=in_channels)
        self.least = 3 * 2**layers if stride == 2 else layers + 3
        widths = [features * min(2**layer, 8) for layer in range(layers + 1)]
        first, _ = convolution(in_channels, features, kernel, stride, unnormalised(norm))
        model: list[nn.Module] = [first, activation()]
        for layer in range(1, layers + 1):
            step = stride if layer < layers else 1
            model += [*convolution(widths[layer - 1], widths[layer], kernel, step, norm), activation()]
        last, _ = convolution(widths[-1], 1, kernel, 1, unnormalised(norm))
        self.model = nn.Sequential(*model, last)
        self.model.apply(initialise)

    def forward(self, image: Tensor, taps: list[Tensor] | None = None) -> Tensor:
        """(B, in_channels, H, W) -> logits (B, 1, h, w) as above; activations are added to `taps`."""
        check_side("patch", *image.shape[-2:], least=self.least)
        if taps is None:
            return self.model(image)
        for layer in self.model:
            image = layer(image)
            if isinstance(layer, nn.LeakyReLU):
                taps.append(image)
        return image


def activation() -> nn.Module:
    """LeakyReLU of slope 0.2, in place."""
    return nn.LeakyReLU(0.2, inplace=True)


def initialise(layer: nn.Module) -> None:
    """Weights of deviation 0.02 (Isola et al. 2017, section 6.2): around 0, or 1 for a normalisation."""
    if isinstance(layer, nn.Conv2d):
        # Spectral normalisation keeps the parameter under another name and computes `weight` from it.
        nn.init.normal_(getattr(layer, "weight_orig", layer.weight), 0.0, 0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
