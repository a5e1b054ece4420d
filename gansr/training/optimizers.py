"""Optimizers by name. Fused kernels: three to four times faster on a CPU, and no host synchronisation on a GPU."""

from collections.abc import Callable
from typing import Any

from torch.optim import SGD, Adam, AdamW, Optimizer

MakeOptimizer = Callable[[list[Any]], Optimizer]
"""Parameters, or groups of them with settings of their own -> the optimizer that moves them."""


def adam(
    lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0.0
) -> MakeOptimizer:
    """Adam (Kingma & Ba 2015), the field's default."""
    return lambda parameters: Adam(parameters, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, fused=True)


def adamw(
    lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0.01
) -> MakeOptimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""
    return lambda parameters: AdamW(parameters, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, fused=True)


def sgd(lr: float, momentum: float = 0.9, weight_decay: float = 0.0, nesterov: bool = False) -> MakeOptimizer:
    """Stochastic gradient descent with momentum, as SRCNN, VDSR and their time trained."""
    return lambda parameters: SGD(
        parameters, lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=nesterov, fused=True
    )


OPTIMIZERS: dict[str, Callable[..., MakeOptimizer]] = {"adam": adam, "adamw": adamw, "sgd": sgd}
