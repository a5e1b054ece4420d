"""Residual learning: a branch whose result is added to its input."""

from torch import Tensor, nn


class Residual(nn.Module):
    """x + scale * branch(x).

    The branch is called `body`, as in EDSR's code and what came of it, so that weights keep their names.
    """

    def __init__(self, *branch: nn.Module, scale: float = 1.0) -> None:
        super().__init__()
        self.body = nn.Sequential(*branch)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> the same shape."""
        residual = self.body(x)
        return x + (residual if self.scale == 1 else self.scale * residual)
