"""The cross-scale non-local network, CSNLN."""

from typing import Any

import torch
from torch import Tensor, nn

from gansr.models.layers.attention.cross_scale import CrossScaleAttention, InScaleAttention
from gansr.models.layers.blocks.residual import Residual
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.resizing import pad_to_multiple
from gansr.models.layers.shift import MeanShift
from gansr.models.shapes import Shapes, channels, count

STEPS = {2: (2,), 3: (3,), 4: (2, 2)}
"""Scale -> the factors by which a cell enlarges, one after the other."""
KERNELS = {2: (6, 2), 3: (9, 3), 4: (8, 2)}
"""Factor -> side and padding of the kernels that enlarge, and shrink, by it."""
SCALES = {6: 2, 9: 3, 8: 4}
"""Side of the kernel that undoes a whole cell -> scale."""


class CSNLN(nn.Module):
    """Cross-scale non-local network: what the image itself shows at another size (Mei et al. 2020, CSNLN).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, so a little outside of
    [0, 1] too. Scales 2, 3 and 4. One self-exemplars mining cell works `depth` times with the same weights: it
    enlarges the maps (see `Step`; at x4 twice, by 2), and a convolution shrinks the result to what the next round
    begins with. The last convolution sees the results of all rounds side by side.

    Sides that the cell's first factor does not divide are padded inside by repetition, and cut off at the end.

    **Memory and work are quadratic in the pixels:** a round holds H^2 W^2 / 4 similarities for each image at x2, a
    ninth of H^2 W^2 at x3, and at x4 4 H^2 W^2 more in its second step. Train on small crops (the paper's are 48x48),
    perhaps with `gradient_checkpointing`, and enlarge photos in tiles, as the authors do.

    Source: the authors' code (`SHI-Labs/Cross-Scale-Non-Local-Attention`, src/model/csnln.py), whose names of weights
    are translated on import.

    Args:
        scale: 2, 3 or 4
        features: channels of all maps
        depth: rounds of the cell
        value_range: what white is inside of the network, before the mean of DIV2K is subtracted
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: an unknown scale, or a number below 1.
    """

    def __init__(
        self,
        scale: int,
        features: int = 128,
        depth: int = 12,
        value_range: float = 1.0,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("csnln", scale, STEPS)
        check_positive("csnln", features=features, depth=depth, in_channels=in_channels, out_channels=out_channels)
        self.scale, self.depth, self.value_range = scale, depth, value_range
        self.multiple = STEPS[scale][0]
        self.sub_mean = MeanShift(in_channels, value_range, "subtract")
        self.head = nn.Sequential(_activated(in_channels, features), _activated(features, features))
        self.cell = Chain(Mining(features, STEPS[scale]))
        if depth > 1:
            self.shrink = nn.Sequential(_shrinking(features, scale), _activated(features, features))
        self.tail = nn.Sequential(nn.Conv2d(depth * features, out_channels, 3, padding=1))
        self.add_mean = MeanShift(out_channels, value_range, "add")

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        height, width = lr.shape[-2:]
        x = self.sub_mean(pad_to_multiple(lr, self.multiple) * self.value_range)
        x = self.head(x)  # (B, features, H', W')
        rounds = [self.cell(x)]  # (B, features, scale * H', scale * W') each
        while len(rounds) < self.depth:
            rounds.append(self.cell(self.shrink(rounds[-1])))
        sr = self.tail(torch.cat(rounds, dim=1))[..., : self.scale * height, : self.scale * width]
        return self.add_mean(sr) / self.value_range

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """The last step's kernel that shrinks has a side of its own at each scale."""
        features, in_channels = shapes["head.0.0.weight"][:2]
        out_channels, seen = shapes["tail.0.weight"][:2]
        last = count(shapes, "cell.0.{}.down.0.weight") - 1
        scale = SCALES[shapes[f"cell.0.{last}.down.0.weight"][2]]
        return scale, {"features": features, "depth": seen // features} | channels(in_channels, out_channels)


class Mining(nn.ModuleList):
    """The self-exemplars mining cell: (B, features, H, W) -> (B, features, scale * H, scale * W)."""

    def __init__(self, features: int, factors: tuple[int, ...]) -> None:
        steps, total = [], 1
        for factor in factors:
            total *= factor
            steps.append(Step(features, factor, total))
        super().__init__(steps)

    def forward(self, x: Tensor) -> Tensor:
        """Each step goes on from the one before, and all of them must explain the cell's own input."""
        enlarged = x
        for step in self:
            enlarged = step(enlarged, x)
        return enlarged


class Step(nn.Module):
    """Enlarges by cross-scale attention and in-scale attention, and corrects what does not shrink back to the input.

    Mutual-projected fusion: with I the in-scale result, enlarged by a transposed
    convolution, and C the cross-scale one, F = I + encoder(C - I); then H = F + error(x - down(F)).

    Args:
        features: channels
        factor: of this step
        total: of this step and those before it: how much larger its result is than the cell's input
    """

    def __init__(self, features: int, factor: int, total: int) -> None:
        super().__init__()
        self.up_attention = CrossScaleAttention(features, factor)
        self.down_attention = InScaleAttention(features)
        self.upsample = _enlarging(features, factor)
        self.encoder = Residual(
            nn.Conv2d(features, features, 3, padding=1), nn.PReLU(), nn.Conv2d(features, features, 3, padding=1)
        )
        self.down = _shrinking(features, total)
        self.error = _enlarging(features, total)

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        """(B, features, H, W), and the cell's input -> (B, features, factor * H, factor * W)."""
        in_scale = self.upsample(self.down_attention(x))
        fused = in_scale + self.encoder(self.up_attention(x) - in_scale)
        return fused + self.error(source - self.down(fused))


def _activated(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.PReLU())


def _shrinking(features: int, factor: int) -> nn.Sequential:
    kernel, padding = KERNELS[factor]
    return nn.Sequential(nn.Conv2d(features, features, kernel, factor, padding), nn.PReLU())


def _enlarging(features: int, factor: int) -> nn.Sequential:
    kernel, padding = KERNELS[factor]
    return nn.Sequential(nn.ConvTranspose2d(features, features, kernel, factor, padding), nn.PReLU())
