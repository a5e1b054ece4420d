"""Deep back-projection networks."""

from typing import Any, Literal

import torch
from torch import Tensor, nn

from gansr.errors import OptionsError
from gansr.models.layers.blocks.projection import Activated, Direction, Projection
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_residual, check_scale
from gansr.models.layers.resizing import bicubic
from gansr.models.shapes import Shapes, channels, count

SCALES = (2, 4, 8)


class DBPN(nn.Module):
    """D-DBPN, which goes up and down between the two sizes and corrects what is lost each time (Haris et al. 2018).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, for any H and W. `stages`
    up-projections, a down-projection between any two of them; the image is made from the large maps of all stages
    (section 3.3). Dense units see all earlier results of the other size (section 3.2). Names of weights
    are those of the authors' code.

    The plain networks of the paper's section 4.2, of 2, 4 and 6 stages, are `{stages: 2, dense: false, features: 32,
    first_features: 128, last_kernel: 1}` on Y. DBPN-RES-MR64-3 of the later paper (Haris et al. 2020, arXiv 1904.05677)
    is `{passes: 3, residual: true}`.

    Args:
        scale: 2, 4 or 8; kernels are 6, 8 and 12 pixels, four more than the stride
        features: channels of the maps that are projected
        first_features: channels that the first convolution draws from the image
        stages: up-projections
        dense: each unit sees the results of all units before it of the other kind, not the last one's alone
        last_kernel: side of the last convolution
        passes: the whole trunk is called so often, with the same weights, each time on the last small maps; the image
            is then made from the last large maps of each pass. Omitted: once, and from those of all stages
        residual: learn what bicubic interpolation lacks
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: an unknown scale, a number below 1, several passes with nothing between them, or a residual with
            other channels out than in.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        first_features: int = 256,
        stages: int = 7,
        dense: bool = True,
        last_kernel: Literal[1, 3] = 3,
        passes: int | None = None,
        residual: bool = False,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("dbpn", scale, SCALES)
        check_positive("dbpn", features=features, first_features=first_features, stages=stages)
        check_positive(
            "dbpn", passes=1 if passes is None else passes, in_channels=in_channels, out_channels=out_channels
        )
        if residual:
            check_residual("dbpn", in_channels, out_channels)
        if passes and stages < 2:
            raise OptionsError(f"dbpn: stages is {stages}, so there are no small maps for passes: expected at least 2.")
        self.scale = scale
        self.stages, self.dense, self.passes, self.residual = stages, dense, passes, residual
        self.chain = Chain()  # its blocks stand below, under their own names
        self.feat0 = Activated(in_channels, first_features, 3)
        self.feat1 = Activated(first_features, features, 1)
        for stage in range(1, stages + 1):
            self.add_module(f"up{stage}", self._unit(features, "up", stage - 1))
            if stage < stages:
                self.add_module(f"down{stage}", self._unit(features, "down", stage))
        last = nn.Conv2d(features * (passes or stages), out_channels, last_kernel, padding=last_kernel // 2)
        nn.init.kaiming_normal_(last.weight)
        nn.init.zeros_(last.bias)  # pyright: ignore[reportArgumentType]
        self.output_conv = nn.Sequential()
        self.output_conv.add_module("conv", last)

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        small = self.feat1(self.feat0(lr))  # (B, features, H, W)
        if self.passes is None:
            large, _ = self._project(small)
        else:
            large = []
            for _ in range(self.passes):
                (newest, *_), small = self._project(small)
                large.append(newest)
        sr = self.output_conv(torch.cat(large, dim=1))
        return bicubic(lr, self.scale) + sr if self.residual else sr

    def _project(self, small: Tensor) -> tuple[list[Tensor], Tensor]:
        """All stages: the first small maps -> the large maps, newest first, and the newest small ones."""
        large: list[Tensor] = []
        smalls: list[Tensor] = []
        for stage in range(1, self.stages + 1):
            seen = self._seen(smalls) if smalls else [small]
            large.insert(0, self.chain.call(getattr(self, f"up{stage}"), *seen))
            if stage < self.stages:
                smalls.insert(0, self.chain.call(getattr(self, f"down{stage}"), *self._seen(large)))
        return large, smalls[0] if smalls else small

    def _unit(self, features: int, direction: Direction, before: int) -> Projection:
        """A unit that comes after so many of the other kind."""
        return Projection(features, self.scale, direction, max(before, 1) if self.dense else 1)

    def _seen(self, maps: list[Tensor]) -> list[Tensor]:
        return maps if self.dense else maps[:1]

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Kernels tell the scale; the last convolution sees a map of each stage, or of each pass."""
        first_features, in_channels = shapes["feat0.conv.weight"][:2]
        features = shapes["feat1.conv.weight"][0]
        out_channels, inputs, last_kernel = shapes["output_conv.conv.weight"][:3]
        stages = count(shapes, "up{}.up_conv1.deconv.weight", first=1)
        passes = None if inputs == features * stages else inputs // features
        sizes: dict[str, Any] = {
            "features": features,
            "first_features": first_features,
            "stages": stages,
            "dense": stages < 3 or "down2.conv.conv.weight" in shapes,
            "last_kernel": last_kernel,
            "passes": passes,
            "residual": passes is not None,  # weights cannot tell: as in the paper that has passes
        }
        return shapes["up1.up_conv1.deconv.weight"][-1] - 4, sizes | channels(in_channels, out_channels)
