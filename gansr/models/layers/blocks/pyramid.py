"""Levels of a Laplacian pyramid: what doubles the size of features, and of images."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.layers.chain import Chain
from gansr.models.layers.initialise import kaiming_

Skip = Literal["none", "distinct", "shared"]
BILINEAR = (0.25, 0.75, 0.75, 0.25)
"""Linear interpolation to twice the size, as a kernel of a transposed convolution."""


class FeatureBranch(nn.Module):
    """What LapSRN does to features at one level of its pyramid, until they have twice the size (Lai et al. 2017, 2018).

    A block of `depth` times LeakyReLU and convolution is called `recursions` times, r_n = block(r_(n-1)) plus what
    `skip` says. Then LeakyReLU, and a transposed convolution of stride 2. With one recursion that is LapSRN's branch,
    with several MS-LapSRN's. Names of weights are those of pytorch-LapSRN, where LeakyReLUs have the odd numbers.

    Args:
        features: channels
        depth: convolutions of the block
        recursions: how often it is called
        skip: none: nothing is added; distinct: the block's input r_(n-1); shared: the branch's input r_0
        kernel: side of the transposed convolution. 3: its windows begin at each input pixel's first output pixel,
            and what it adds below and to the right is cut off, as in the authors' code; 4: centred
        bias: of all layers
    """

    def __init__(
        self, features: int, depth: int, recursions: int, skip: Skip, kernel: Literal[3, 4], bias: bool
    ) -> None:
        super().__init__()
        self.recursions, self.skip = recursions, skip
        self.chain = Chain()  # it has no blocks of its own: one block is called several times
        convolutions = [nn.Conv2d(features, features, 3, padding=1, bias=bias) for _ in range(depth)]
        enlarge = nn.ConvTranspose2d(features, features, kernel, 2, padding=kernel - 3, bias=bias)
        self.cov_block = nn.ModuleDict({str(2 * n): layer for n, layer in enumerate([*convolutions, enlarge])})
        kaiming_(*convolutions, scale=1.0)
        nn.init.kaiming_normal_(enlarge.weight)
        if enlarge.bias is not None:
            nn.init.zeros_(enlarge.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) before its activation -> (B, features, 2H, 2W) before its own."""
        source = x
        for _ in range(self.recursions):
            branch = self.chain.call(self._block, x)
            x = branch if self.skip == "none" else branch + (source if self.skip == "shared" else x)
        height, width = x.shape[-2:]
        *_, enlarge = self.cov_block.values()
        return enlarge(leaky(x))[..., : 2 * height, : 2 * width]

    def _block(self, x: Tensor) -> Tensor:
        *convolutions, _ = self.cov_block.values()
        x = convolutions[0](leaky(x))
        for convolution in convolutions[1:]:
            x = convolution(leaky(x, inplace=True))  # nobody else needs what a convolution returned
        return x


@torch.no_grad()
def image_doubling(channels: int) -> nn.ConvTranspose2d:
    """A transposed convolution that begins as bilinear interpolation: (B, channels, H, W) -> (B, channels, 2H, 2W)."""
    layer = nn.ConvTranspose2d(channels, channels, 4, 2, padding=1, bias=False)
    kernel = torch.tensor(BILINEAR)
    layer.weight.copy_(torch.eye(channels)[:, :, None, None] * kernel[:, None] * kernel)
    return layer


def leaky(x: Tensor, inplace: bool = False) -> Tensor:
    """LeakyReLU of slope 0.2."""
    return F.leaky_relu(x, 0.2, inplace=inplace)
