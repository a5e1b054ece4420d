"""Images that a generator made a while ago, for its discriminator to see once more."""

from typing import Any

import torch
from torch import Tensor


class ImagePool:
    """Mixes images made now with some made before, so that the discriminator does not forget (Shrivastava et al. 2017).

    As in CycleGAN: until the pool is full, each image goes in and comes back. Then, each with probability 1/2, an image
    goes in and one that was there comes back in its place, or it comes back itself. What is drawn comes from PyTorch's
    random numbers of the CPU, so nobody waits for the device. Every process has a pool of its own.

    Args:
        size: images in the pool; CycleGAN has 50
    """

    of_each_process = True  # checkpoints hold the pools of all

    def __init__(self, size: int = 50) -> None:
        assert size > 0
        self.size = size
        self.images: list[Tensor] = []

    def swap(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> as many images, some of them older; none has a graph."""
        found = []
        for image in images.detach():
            if len(self.images) < self.size:
                self.images.append(image.clone())
                found.append(image)
                continue
            chance, place = torch.rand(2, device="cpu").tolist()
            if chance < 0.5:
                number = int(place * self.size)
                found.append(self.images[number])
                self.images[number] = image.clone()
            else:
                found.append(image)
        return torch.stack(found).to(images)

    def state_dict(self) -> dict[str, Any]:
        """The images, oldest place first."""
        return {"images": [image.cpu() for image in self.images]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state`; of a larger pool, the first images."""
        self.images = list(state["images"])[: self.size]
