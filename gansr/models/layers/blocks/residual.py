"""Residual learning: a branch whose result is added to its input."""

from collections.abc import Sequence

from torch import Tensor, nn

from gansr.models.layers.attention.choice import Attention, attention
from gansr.models.layers.convolutions import Convolution, convolution


class Residual(nn.Module):
    """x + scale * branch(x).

    The branch is called `body`, as in EDSR's code and what came of it, so that weights keep their names. Where
    published weights have others, its parts are given by name, in their order.

    Args:
        branch: layers in a row
        scale: factor on the branch's result
        named: instead of `branch`, what the branch consists of, each under its name
    """

    def __init__(self, *branch: nn.Module, scale: float = 1.0, **named: nn.Module) -> None:
        super().__init__()
        self.scale = scale
        for name, part in (named or {"body": nn.Sequential(*branch)}).items():
            self.add_module(name, part)

    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> the same shape."""
        residual = x
        for part in self.children():
            residual = part(residual)
        return x + (residual if self.scale == 1 else self.scale * residual)


def plain_residual(
    features: int,
    kernel: int = 3,
    scale: float = 1.0,
    convolutions: Convolution = "standard",
    then: Sequence[nn.Module] = (),
) -> Residual:
    """EDSR's block: convolution, ReLU, convolution, and what comes `then`, as attention (Lim et al. 2017, figure 2c).

    (B, features, H, W) -> the same shape.
    """
    return Residual(
        convolution(features, features, kernel, convolutions),
        nn.ReLU(inplace=True),
        convolution(features, features, kernel, convolutions),
        *then,
        scale=scale,
    )


def normalised_residual(
    features: int, convolutions: Convolution = "standard", attended: Attention = "none"
) -> Residual:
    """SRResNet's block: convolution, normalisation, PReLU, convolution, normalisation (Ledig et al. 2017, figure 4).

    (B, features, H, W) -> the same shape. The normalisation shifts by itself: a bias before it would be subtracted
    again. Attention, if any, comes last.
    """
    return Residual(
        layers=nn.Sequential(
            convolution(features, features, kind=convolutions, bias=False),
            nn.BatchNorm2d(features),
            nn.PReLU(),
            convolution(features, features, kind=convolutions, bias=False),
            nn.BatchNorm2d(features),
            *attention(attended, features),
        )
    )
