"""Samples -> a batch, in one copy."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor


def collated(samples: Sequence[Any], pinned: bool = False) -> Any:
    """Arrays or numbers (...) -> a tensor (B, ...); tuples, named or not, become tuples of such tensors.

    `pinned` puts them where a GPU can fetch them from by itself; there is no other copy of them before.
    """
    first = samples[0]
    if isinstance(first, tuple):
        parts = [collated(part, pinned) for part in zip(*samples, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    array = np.asarray(first)
    dtype = torch.from_numpy(np.empty(0, array.dtype)).dtype
    batch = torch.empty((len(samples), *array.shape), dtype=dtype, pin_memory=pinned)
    np.stack(samples, out=batch.numpy())
    return batch


def with_each(batch: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """`change` applied to each tensor of a batch that `collated` made."""
    if isinstance(batch, tuple):
        parts = [with_each(part, change) for part in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else tuple(parts)
    return change(batch)
