"""The Laplacian pyramids of LapSRN and MS-LapSRN."""

from typing import Any, Literal

from torch import Tensor, nn

from gansr.models.features.precision import without_autocast
from gansr.models.layers.blocks.pyramid import FeatureBranch, Skip, image_doubling, leaky
from gansr.models.layers.checks import check_positive, check_residual, check_scale
from gansr.models.layers.initialise import kaiming_
from gansr.models.shapes import Shapes, channels, count

SCALES = (2, 4, 8)


class LapSRN(nn.Module):
    """LapSRN, a pyramid that adds details to an image each time its size doubles (Lai et al. 2017), and MS-LapSRN.

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, for any H and W. Each level
    doubles features and image, and predicts from the features what interpolation lacks: image_s = up(image_(s-1)) +
    residual_s (section 3.1). A network can be asked for the scale of any of its levels. The papers' x3 is x4, reduced.

    MS-LapSRN (Lai et al. 2018) is `{shared: true, depth: 5, recursions: 8, skip: shared}`: all levels have the same
    weights, and within a level the same few convolutions are called again. Its weights fit every scale, and one network
    is trained for all. LapSRN predicts from features after their LeakyReLU, MS-LapSRN from those before, as the
    authors' code does. That code has biases, a `kernel` of 3 and first weights of deviation 0.001; the papers count no
    biases. Names of weights are those of pytorch-LapSRN (`bias: false, kernel: 4`), without numbers where levels share.

    Args:
        scale: 2, 4 or 8; one level for each doubling
        features: channels of all maps
        depth: convolutions of a level, or of its recursive block
        recursions: how often a level calls its block
        skip: what is added to each result of the block: none, its own input (distinct), or the level's (shared)
        shared: all levels have the same weights
        kernel: side of the transposed convolutions that double features
        bias: convolutions of features have biases
        in_channels: of the small image; the papers' networks see Y alone
        out_channels: of the large image; as many, because images are added

    Raises:
        OptionsError: an unknown scale, a number below 1, or other channels out than in.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        depth: int = 10,
        recursions: int = 1,
        skip: Skip = "none",
        shared: bool = False,
        kernel: Literal[3, 4] = 3,
        bias: bool = True,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("lapsrn", scale, SCALES)
        check_positive("lapsrn", features=features, depth=depth, recursions=recursions, in_channels=in_channels)
        check_residual("lapsrn", in_channels, out_channels)
        self.scale = scale
        self.shared = shared
        self.scales = tuple(smaller for smaller in SCALES if smaller <= scale)
        self.conv_input = nn.Conv2d(in_channels, features, 3, padding=1, bias=bias)
        nn.init.normal_(self.conv_input.weight, std=0.001)
        if self.conv_input.bias is not None:
            nn.init.zeros_(self.conv_input.bias)
        for level in ("",) if shared else range(1, len(self.scales) + 1):
            branch = FeatureBranch(features, depth, recursions, skip, kernel, bias)
            predict = nn.Conv2d(features, out_channels, 3, padding=1, bias=bias)
            kaiming_(predict, scale=1.0)
            self.add_module(f"convt_I{level}", image_doubling(in_channels))
            self.add_module(f"convt_R{level}", predict)
            self.add_module(f"convt_F{level}", nn.Sequential(branch))

    def forward(self, lr: Tensor, scale: int | None = None, intermediate: bool = False) -> Tensor | list[Tensor]:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W).

        Args:
            lr: the small image
            scale: one of `scales`; None: the network's own
            intermediate: return the images of all levels, the smallest first
        """
        scale = self.scale if scale is None else scale
        check_scale("lapsrn", scale, self.scales)
        image, features, images = lr, self.conv_input(lr), []
        for level in range(1, self.scales.index(scale) + 2):
            double, predict, branch = (getattr(self, f"convt_{part}{'' if self.shared else level}") for part in "IRF")
            features = branch(features)
            residual = predict(features if self.shared else leaky(features))
            with without_autocast(image):  # rounded to bfloat16, a pixel is off by up to half a level of 255
                image = double(image) + residual
            images.append(image)
        return images if intermediate else image

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Levels have numbers, and shared ones none: then the scale is anyone's, and recursions are the paper's."""
        shared = "convt_I.weight" in shapes
        branch = f"convt_F{'' if shared else 1}.0.cov_block.{{}}.weight"
        depth = count(shapes, branch, step=2) - 1
        features, in_channels = shapes["conv_input.weight"][:2]
        sizes: dict[str, Any] = {
            "features": features,
            "depth": depth,
            "shared": shared,
            "kernel": shapes[branch.format(2 * depth)][-1],
            "bias": "conv_input.bias" in shapes,
        }
        if shared:
            sizes |= {"recursions": 8, "skip": "shared"}
        scale = None if shared else 2 ** count(shapes, "convt_I{}.weight", first=1)
        return scale, sizes | channels(in_channels, in_channels)
