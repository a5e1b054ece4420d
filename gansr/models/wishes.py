"""What a generator can be asked for beside its large image."""

import inspect

from torch import nn

from gansr.models.cleaned import Cleaned
from gansr.models.luma import OnLuma


def accepts(generator: nn.Module) -> set[str]:
    """What its `forward` takes beside the image: `scale`, `intermediate`, `blend`, or nothing."""
    return set(inspect.signature(type(_bare(generator)).forward).parameters) - {"self", "lr"}


def scales(generator: nn.Module) -> tuple[int, ...]:
    """The scales that it may be asked for; none where it has one that nobody needs to name."""
    return tuple(getattr(_bare(generator), "scales", ()))


def _bare(generator: nn.Module) -> nn.Module:
    return generator.network if isinstance(generator, OnLuma | Cleaned) else generator
