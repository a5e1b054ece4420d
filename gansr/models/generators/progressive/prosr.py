"""ProSR, which grows from x2 to x8."""

import math
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_residual, check_scale
from gansr.models.layers.resizing import bicubic
from gansr.models.layers.shift import MeanShift
from gansr.models.shapes import Shapes, channels, count

SCALES = (2, 4, 8)
Named = OrderedDict[str, nn.Module]


class ProSR(nn.Module):
    """ProSR, an asymmetric pyramid of dense compression units that is trained from x2 to x8 (Wang et al. 2018).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, for any H and W. Each level
    doubles the size; most units are at the first, where they cost least. What a level makes of its
    features is added to the bicubic image of its size. A network can be asked for the scale of any of its levels: each
    scale has a first convolution of its own, and the levels are shared. All weights of a x2 network are among those of
    a x4 network, and so on, so that it can go on from them (`strict: false`).

    The defaults are ProSR-l, whose units and levels are residual. ProSR-s is `{features: 24, growth: 12, blocks:
    [4, 2, 1], layers: 6, block_compression: 0.4, level_compression: 0.5}`. Sizes, reflected borders, mean colour and
    names of weights are those of the authors' code.

    Args:
        scale: 2, 4 or 8
        features: channels of the first convolution
        growth: channels that each layer of a unit adds
        bottleneck: a layer's 1x1 convolution makes so many times `growth` channels
        blocks: units of each level, the first level's first; levels that the scale does not have are left out
        layers: of a unit
        most_features: what a level hands over is compressed to no more channels than this
        block_compression: share of the channels that the end of a unit keeps, but the last of each level; omitted:
            it goes back to `features`, and the unit is residual, as is the level
        level_compression: share of its input's channels that a level begins with, from the second on; omitted:
            `features`, as residual levels need it
        residual_scale: factor on what a residual unit adds
        value_range: the range of colours inside the network. The authors' is 1 / 0.0039215, 1/57000 more than 255
        in_channels: of the small image
        out_channels: of the large image; as many, because the enlarged input is added

    Raises:
        OptionsError: an unknown scale, a number below 1, fewer blocks than levels, a compression that is no share, or
            one of levels where they are residual.
    """

    def __init__(
        self,
        scale: int,
        features: int = 160,
        growth: int = 40,
        bottleneck: int = 4,
        blocks: tuple[int, ...] = (9, 3, 1),
        layers: int = 8,
        most_features: int = 312,
        block_compression: float | None = None,
        level_compression: float | None = None,
        residual_scale: float = 0.2,
        value_range: float = 255.0,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("prosr", scale, SCALES)
        check_positive("prosr", features=features, growth=growth, bottleneck=bottleneck, layers=layers)
        check_positive("prosr", most_features=most_features, in_channels=in_channels)
        check_residual("prosr", in_channels, out_channels)
        _check_sizes(scale, blocks, block_compression, level_compression, most_features - features)
        self.scale, self.value_range = scale, value_range
        self.scales = tuple(smaller for smaller in SCALES if smaller <= scale)
        self.residual = block_compression is None
        self.sub_mean = MeanShift(in_channels, value_range, "subtract", persistent=False)
        for level in range(1, len(self.scales) + 1):
            self.add_module(f"init_conv_{level}", ReflectedConv(in_channels, features))
        width = features
        for level, units in enumerate(blocks[: len(self.scales)], start=1):
            parts: Named = OrderedDict()
            if level > 1:
                kept = features if level_compression is None else int(level_compression * width)
                parts[f"compression_{level - 1}"] = Compression(width, kept)
                width = kept
            for unit in range(1, units + 1):
                dense = _dense(width, growth, bottleneck, layers)
                if block_compression is None:
                    parts[f"residual_denseblock_{unit}"] = ResidualUnit(width, growth * layers, dense, residual_scale)
                    continue
                parts[f"denseblock_{unit}"] = block = nn.Sequential(OrderedDict(dense=dense))
                width += growth * layers
                if unit < units:
                    kept = int(block_compression * width)
                    block.add_module("comp", Compression(width, kept))
                    width = kept
            parts["final_conv"], width = _last(width, most_features)
            doubled = nn.Sequential(ReflectedConv(width, 4 * width), nn.PixelShuffle(2), nn.ReLU(inplace=True))
            self.add_module(f"pyramid_residual_{level}", Chain(parts))
            self.add_module(f"pyramid_residual_{level}_residual_upsampler", nn.Sequential(OrderedDict(m=doubled)))
            last = nn.Sequential(OrderedDict(final_conv=ReflectedConv(width, out_channels)))
            self.add_module(f"reconst_{level}", last)

    def forward(
        self, lr: Tensor, scale: int | None = None, intermediate: bool = False, blend: Tensor | float | None = None
    ) -> Tensor | list[Tensor]:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W).

        Args:
            lr: the small image
            scale: one of `scales`; None: the network's own
            intermediate: return the images of all levels, the smallest first
            blend: at the network's own scale, how much the newest level counts, in [0, 1], against the enlarged image
                of the level before, or the first against bicubic (the paper's curriculum); None: it alone
        """
        scale = self.scale if scale is None else scale
        check_scale("prosr", scale, self.scales)
        levels = self.scales.index(scale) + 1
        fades = blend is not None and scale == self.scale
        features = getattr(self, f"init_conv_{levels}")(self.sub_mean(lr * self.value_range))
        residuals: dict[int, Tensor] = {}
        for level in range(1, levels + 1):
            features = self._double(features, level)
            if intermediate or level >= levels - fades:
                residuals[level] = getattr(self, f"reconst_{level}")(features)
        if blend is not None and fades:
            residuals[levels] = _faded(residuals[levels], residuals.get(levels - 1), blend)
        shown = residuals if intermediate else [levels]
        images = [bicubic(lr, 2**level) + residuals[level] / self.value_range for level in shown]
        return images if intermediate else images[-1]

    def _double(self, features: Tensor, level: int) -> Tensor:
        """(B, C, H, W) -> (B, C', 2H, 2W)."""
        refined = getattr(self, f"pyramid_residual_{level}")(features)
        if self.residual:
            refined = refined + features
        return getattr(self, f"pyramid_residual_{level}_residual_upsampler")(refined)

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Levels tell the scale; shares are the roundest that give the numbers of channels."""
        residual = "pyramid_residual_1.residual_denseblock_1.comp.conv1.weight" in shapes
        unit = "residual_denseblock_{}.dense_block" if residual else "denseblock_{}.dense"
        layer = f"pyramid_residual_{{}}.{unit}.denselayer{{}}.conv_1.weight"
        levels = range(1, count(shapes, "init_conv_{}.conv.1.weight", first=1) + 1)
        features, in_channels = shapes["init_conv_1.conv.1.weight"][:2]
        growth = shapes[f"pyramid_residual_1.{unit.format(1)}.denselayer1.conv_2.conv.1.weight"][0]
        widths = [shapes[f"reconst_{level}.final_conv.conv.1.weight"][1] for level in levels]
        squeezed = any(f"pyramid_residual_{level}.final_conv.final_comp.conv1.weight" in shapes for level in levels)
        within = [shape[:2] for name, shape in shapes.items() if ".comp.conv1." in name]
        between = [shape[:2] for name, shape in shapes.items() if ".compression_" in name]
        sizes: dict[str, Any] = {
            "features": features,
            "growth": growth,
            "bottleneck": shapes[layer.format(1, 1, 1)][0] // growth,
            "blocks": tuple(count(shapes, layer.format(level, "{}", 1), first=1) for level in levels),
            "layers": count(shapes, layer.format(1, 1, "{}"), first=1),
            "most_features": max(widths) if squeezed else max(312, *widths),
            "block_compression": None if residual else _share(within, default=0.4),
            "level_compression": None if residual else _share(between, default=0.5),
        }
        return 2 ** len(levels), sizes | channels(in_channels, in_channels)


class ResidualUnit(nn.Module):
    """A dense compression unit: dense layers, a 1x1 convolution back to the input's channels, plus the input."""

    def __init__(self, features: int, grown: int, dense: nn.Module, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.dense_block = dense
        self.comp = Compression(features + grown, features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) -> the same shape."""
        return x + self.scale * self.comp(self.dense_block(x))


class DenseLayer(nn.Module):
    """Convolution of 1x1, ReLU, convolution of 3x3; what they find is put behind the input."""

    def __init__(self, inputs: int, growth: int, bottleneck: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(inputs, bottleneck * growth, 1)
        self.conv_2 = ReflectedConv(bottleneck * growth, growth)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, inputs + growth, H, W)."""
        return torch.cat((x, self.conv_2(self.conv_1(x).relu())), dim=1)


class Compression(nn.Sequential):
    """Fewer channels, by a 1x1 convolution without bias."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(OrderedDict(conv1=nn.Conv2d(inputs, outputs, 1, bias=False)))


class ReflectedConv(nn.Module):
    """A 3x3 convolution that sees the image reflected at its borders, where zeros would darken them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(Reflection(), nn.Conv2d(inputs, outputs, 3))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        return self.conv(x)


class Reflection(nn.Module):
    """One more pixel on each side, the second from the border; a single row or column is repeated."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H + 2, W + 2)."""
        height, width = x.shape[-2:]
        if min(height, width) > 1:
            return F.pad(x, (1, 1, 1, 1), mode="reflect")
        x = F.pad(x, (1, 1, 0, 0), mode="reflect" if width > 1 else "replicate")
        return F.pad(x, (0, 0, 1, 1), mode="reflect" if height > 1 else "replicate")


def _dense(features: int, growth: int, bottleneck: int, layers: int) -> nn.Sequential:
    grown = {f"denselayer{n + 1}": DenseLayer(features + n * growth, growth, bottleneck) for n in range(layers)}
    return nn.Sequential(OrderedDict(grown))


def _last(width: int, most: int) -> tuple[nn.Sequential, int]:
    """What ends a level, and how many channels that leaves."""
    parts: Named = OrderedDict()
    if width > most:
        parts["final_comp"] = Compression(width, most)
    width = min(width, most)
    parts["final_conv"] = ReflectedConv(width, width)
    return nn.Sequential(parts), width


def _faded(newest: Tensor, before: Tensor | None, blend: Tensor | float) -> Tensor:
    """Between the enlarged residual of the level before, of which there is none below the first, and the newest."""
    if before is None:
        return blend * newest
    return blend * newest + (1 - blend) * F.interpolate(before, scale_factor=2, mode="bilinear", align_corners=True)


def _share(pairs: Iterable[tuple[int, ...]], default: float) -> float | None:
    """The first whole percentage that makes of each second number the first; None where there is none."""
    found = list(pairs)
    choices = [default, *(percent / 100 for percent in range(1, 101))]
    return next((share for share in choices if all(int(share * whole) == part for part, whole in found)), None)


def _check_sizes(
    scale: int, blocks: tuple[int, ...], within: float | None, between: float | None, most_over_features: int
) -> None:
    levels = int(math.log2(scale))
    if len(blocks) < levels or min(blocks) < 1:
        raise OptionsError(
            f"prosr: blocks is {list(blocks)}; scale {scale} needs {levels} numbers of at least 1, one for each level."
        )
    for name, share in (("block_compression", within), ("level_compression", between)):
        if share is not None and not 0 < share <= 1:
            raise OptionsError(f"prosr: {name} is {share}; expected a share of the channels, above 0 and at most 1.")
    if within is None and between is not None:
        raise OptionsError("prosr: level_compression needs block_compression: residual levels keep their channels.")
    if within is None and most_over_features < 0:
        raise OptionsError("prosr: most_features is less than features, which residual levels keep.")
