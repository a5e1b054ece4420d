"""How a generator is run in training: at which scale, how much of it, and with which images on its way."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gansr.data.batch import Paired
from gansr.losses.table import INTERMEDIATE, LossTable
from gansr.training.player import Player

Images = dict[str, Any]
"""By name: tensors, the list of intermediate images, and functions where an image costs something."""


@dataclass(frozen=True)
class Enlarging:
    """A generator's way from lr to sr, as the step and the losses ask for it.

    Args:
        grow: steps over which the newest level of a generator that grows fades in (Karras et al. 2018, section 3);
            0: it counts fully from the first
    """

    grow: int = 0

    def wishes(self, batch: Paired, step: int) -> dict[str, Any]:
        """What `forward` is given beside the image: the scale that the step drew, the weight of the newest level."""
        found: dict[str, Any] = {} if batch.scale is None else {"scale": batch.scale}
        if step < self.grow:
            # On the device, so that a compiled network is not compiled anew for each number.
            found["blend"] = torch.full((), (step + 1) / self.grow, device=batch.lr.device)
        return found

    def sr(self, generator: Player, batch: Paired, step: int) -> Tensor:
        """The large image: (B, 3, h, w) -> (B, 3, s*h, s*w)."""
        return generator(batch.lr, **self.wishes(batch, step))

    def images(self, generator: Player, batch: Paired, step: int, losses: LossTable) -> Images:
        """What a step with pairs has to offer to losses; `sr` is made here."""
        wishes = self.wishes(batch, step)
        found: Images = {"hr": batch.hr, "lr": batch.lr}
        if losses.asks_for(INTERMEDIATE, step):
            *levels, found["sr"] = generator(batch.lr, intermediate=True, **wishes)
            found[INTERMEDIATE] = levels or None  # on the way to the smallest scale there may be none: rows wait
        else:
            found["sr"] = generator(batch.lr, **wishes)
        beside = ("importance", "sharp", "domain_distance")
        found |= {name: image for name in beside if (image := getattr(batch, name)) is not None}
        if generator.averaged:
            found["average"] = partial(generator.average, batch.lr, **wishes)
        return found
