"""What a network of the spandrel library needs around it: any size of image, and names of weights without a trace."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from gansr.models.layers.transparent import transparent


class ThroughSpandrel(nn.Module):
    """A network of the spandrel library: (B, C, H, W) in [0, 1] -> (B, C', scale * H, scale * W), for any H and W.

    An image of a size that the network does not take is mirrored at its right and its bottom, what is then missing
    repeats the border, and the result is cut, as the library does. Names of weights are the library's. Weights in half
    precision meet tensors in single precision, masks for example, that some of the library's code makes on the way:
    autocast brings them together.

    Args:
        network: the library's
        scale: its magnification
        least: pixels that each side of its images needs
        multiple: that each side has to be
        title: its name in the table, for messages
    """

    def __init__(self, network: nn.Module, scale: int, least: int = 1, multiple: int = 1, title: str = "") -> None:
        super().__init__()
        self.network, self.scale, self.least, self.multiple = network, scale, least, multiple
        self.title = title or type(network).__name__
        _register_mean(network)
        transparent(self, "network")

    def forward(self, lr: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', scale * H, scale * W)."""
        height, width = lr.shape[-2:]
        image = _extend(lr, self._side(height), self._side(width))
        if lr.dtype in {torch.float16, torch.bfloat16}:
            with torch.autocast(lr.device.type, lr.dtype):
                sr = self.network(image).to(lr.dtype)
        else:
            sr = self.network(image)
        sr = sr[..., : self.scale * height, : self.scale * width]
        if lr.is_contiguous(memory_format=torch.channels_last) and not lr.is_contiguous():
            return sr.contiguous(memory_format=torch.channels_last)
        return sr

    def _side(self, pixels: int) -> int:
        return -(-max(pixels, self.least) // self.multiple) * self.multiple


class Numbers(TorchFunctionMode):
    """Constructors may make lists of plain numbers by `torch.linspace`, on the meta device too, which has no values."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call `func`, on the CPU if it is that one."""
        elsewhere = {"device": "cpu"} if func is torch.linspace else {}
        return func(*args, **elsewhere | (kwargs or {}))


def _register_mean(network: nn.Module) -> None:
    """Make a buffer, which is not saved, of the mean colour that the library keeps as a plain tensor.

    So it goes where the network goes. Otherwise the first forward pass would send it, and whatever mode that was made
    in, compilation or inference, would stay with it.
    """
    mean = vars(network).pop("mean", None)
    if isinstance(mean, Tensor):
        network.register_buffer("mean", mean.to(next(network.parameters()).device), persistent=False)


def _extend(image: Tensor, height: int, width: int) -> Tensor:
    """(B, C, H, W) -> (B, C, height, width), larger at the right and at the bottom."""
    for mode in ("reflect", "replicate"):
        h, w = image.shape[-2:]
        bottom, right = height - h, width - w
        if mode == "reflect":
            bottom, right = min(bottom, h - 1), min(right, w - 1)
        if bottom or right:
            image = F.pad(image, (0, right, 0, bottom), mode=mode)
    return image
