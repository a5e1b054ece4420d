"""Generators that get LR images from a network that cleans them."""

from typing import Any

from torch import Tensor, nn

from gansr.errors import OptionsError
from gansr.models.layers.transparent import transparent


class Cleaned(nn.Module):
    """A generator behind a network that keeps the size: restorer(cleaner(lr)), as one generator.

    (B, 3, H, W) in [0, 1] -> (B, 3, scale * H, scale * W). That is how CinCGAN and pseudo-supervision (Maeda 2020)
    enlarge real LR. What the cleaner makes is neither clamped nor rounded. The restorer's weights have the names of the
    bare network, the cleaner's begin with `cleaner.`.

    Args:
        cleaner: (B, 3, H, W) -> the same shape
        network: the restorer, (B, 3, H, W) -> (B, 3, scale * H, scale * W)

    Raises:
        OptionsError: the restorer has weights whose names begin with `cleaner.` itself.
    """

    def __init__(self, cleaner: nn.Module, network: nn.Module) -> None:
        super().__init__()
        if any(name.startswith("cleaner.") for name in network.state_dict()):
            raise OptionsError("cleaner: the generator has a part of that name itself, as one behind a cleaner has.")
        self.cleaner, self.network = cleaner, network
        self.scale: int | None = getattr(network, "scale", None)
        transparent(self, "network", beside=("cleaner",))

    def forward(self, lr: Tensor, **wishes: Any) -> Any:
        """(B, 3, H, W) -> (B, 3, scale * H, scale * W), or what the restorer makes of `wishes`."""
        return self.network(self.cleaner(lr), **wishes)
