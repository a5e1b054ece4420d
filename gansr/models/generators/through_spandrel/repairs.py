"""Layers of the spandrel library that are exchanged for ones that compute the same in every mode, on every device."""

import importlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.features.precision import at_least_single, without_autocast


class Merged(nn.Module):
    """SPAN's convolution: trained as two branches, one of them three convolutions; used as the one they add up to.

    The library writes that one into `eval_conv` in each forward pass, whose type and mode (autocast, inference) then
    stays with it, so that averages of weights break. Here it is computed anew, and nothing is written. `eval_conv` is
    there for its name in files; it does not learn.
    """

    def __init__(self, sk: nn.Conv2d, conv: nn.Sequential, eval_conv: nn.Conv2d) -> None:
        super().__init__()
        self.sk, self.conv, self.eval_conv = sk, conv, eval_conv.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        if self.training:
            return self.conv(F.pad(x, (1, 1, 1, 1))) + self.sk(x)
        with without_autocast(x):
            weight, bias = self.merged()
        return F.conv2d(x, weight, bias, padding=1)

    def merged(self) -> tuple[Tensor, Tensor]:
        """Weight (C', C, 3, 3) and bias (C') of the one convolution, of their type but computed in single precision."""
        parameters = [value for layer in (*self.conv, self.sk) for value in layer.parameters()]
        w1, b1, w2, b2, w3, b3, w, b = map(at_least_single, parameters)
        weight = torch.einsum("op,pqhw,qi->oihw", w3[..., 0, 0], w2, w1[..., 0, 0]) + F.pad(w, (1, 1, 1, 1))
        bias = w3[..., 0, 0] @ (w2.sum((2, 3)) @ b1 + b2) + b3 + b
        return weight.to(self.sk.weight.dtype), bias.to(self.sk.weight.dtype)


class Experts(nn.Module):
    """SeemoRe's mixture of experts: each image is seen by the `chosen` ones that its gate trusts most.

    In evaluation the library runs only those, by numbers read from the device, and takes one image at a time. Here all
    run, as they do in training, and those not chosen count 0: they are convolutions of a few channels.
    """

    def __init__(self, experts: nn.ModuleList, gate: nn.Module, chosen: int) -> None:
        super().__init__()
        self.experts, self.gate, self.chosen = experts, gate, chosen

    def forward(self, x: Tensor, k: Tensor) -> Tensor:
        """(B, C, H, W), (B, C, H, W) -> (B, C, H, W)."""
        trust = F.softmax(self.gate(x), dim=1, dtype=torch.float32).to(x.dtype)  # (B, experts)
        highest, which = trust.topk(self.chosen)
        weights = torch.zeros_like(trust).scatter(1, which, highest)[..., None, None, None]
        return x + sum(expert(x, k) * weights[:, number] for number, expert in enumerate(self.experts))


class Partial(nn.Module):
    """PLKSR's large convolutions of the first channels: the sum of all of them.

    In evaluation the library writes the result into its input, through which there is then no gradient.
    """

    def __init__(self, channels: int, keep: bool, convolutions: dict[str, nn.Module]) -> None:
        super().__init__()
        self.channels, self.keep = channels, keep
        for name, convolution in convolutions.items():
            self.add_module(name, convolution)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        first, rest = x[:, : self.channels], x[:, self.channels :]
        seen = [convolution(first) for convolution in self.children()] + ([first] if self.keep else [])
        return torch.cat((torch.stack(seen).sum(0) if len(seen) > 1 else seen[0], rest), dim=1)


def merge_branches(network: Any) -> None:
    """In SPAN, whose mean colour, besides, is that of three channels however many there are."""
    _exchange(network, "Conv3XC", lambda old: Merged(old.sk, old.conv, old.eval_conv))
    if network.in_channels != network.mean.shape[1]:
        network.mean = network.mean.mean(1, keepdim=True)


def run_all_experts(network: nn.Module) -> None:
    """In SeemoRe."""
    _exchange(network, "MoELayer", lambda old: Experts(old.experts, old.gate, old.num_expert))


def freeze_idle_activations(network: nn.Module) -> None:
    """In SwiftSRGAN, where each block has slopes for a PReLU, and some have none."""
    block: Any
    for block in network.modules():
        if not getattr(block, "use_act", True):
            block.act.requires_grad_(False)


def leave_inputs_alone(network: nn.Module) -> None:
    """In PLKSR and RealPLKSR. The sparse kernels of the former do so already."""
    for kind in ("PLKConv2d", "RectSparsePLKConv2d"):
        _exchange(
            network, kind, lambda old: Partial(old.idx, getattr(old, "with_idt", False), dict(old.named_children()))
        )


def use_what_learns(network: nn.Module) -> None:
    """In FDAT, whose blocks have two gates and use one: the other must not wait for gradients.

    Its own copy of DySample asks for pinned memory, which needs a GPU; the library's other one does not.
    """
    block: Any
    for block in network.modules():
        if type(block).__name__ == "SimplifiedDATBlock":
            (block.inter.sg if block.btype == "spatial" else block.inter.cg).requires_grad_(False)
    make = importlib.import_module("spandrel.architectures.__arch_helpers.dysample").DySample
    _exchange(
        network, "DySample", lambda old: make(old.offset.in_channels, old.end_conv.out_channels, old.scale, old.groups)
    )


def _exchange(network: nn.Module, kind: str, make: Callable[[Any], nn.Module]) -> None:
    """Put what `make` makes of them in the place of all modules whose class has that name."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child).__name__ == kind:
                setattr(parent, name, make(child))
