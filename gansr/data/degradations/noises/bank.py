"""Noise from a file of patches, laid side by side."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.checks import check_probability
from gansr.data.degradations.draws import Draws
from gansr.errors import OptionsError

LEAST = 1e-6  # deviation of a patch, in units of [0, 1]


def noise_bank(file: Path, growth: float = 0.0) -> Operation:
    """Noise from a file of patches, as harvested from real photos; clamps to [0, 1] afterwards.

    Each sample draws a patch that says how strong its noise is. It is laid out with patches drawn for each place anew,
    brought to that strength: one patch again and again would be noise that a network could tell from itself.

    Args:
        file: .npy with (count, 3, side, side) numbers in units of [0, 1]: noise at a brightness of 1/2
        growth: share of the variance there that grows with brightness x, 0 to 1: noise is multiplied with
            sqrt(2 growth x + 1 - growth)
    """
    check_probability("growth", growth)
    bank = read_noise(file)
    banks = {bank.device: bank}  # each device gets it once

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        if draws.device not in banks:
            banks[draws.device] = bank.to(draws.device, non_blocking=True)
        patches, side = banks[draws.device], bank.shape[-1]
        rows, columns = (-(-length // side) + 1 for length in canvas.image.shape[-2:])
        number = draws.whole(0, len(bank) - 1)
        places = draws.uniform(0, len(bank), rows, columns).long().clamp_max(len(bank) - 1)
        top, left = (draws.whole(0, side - 1) for _ in range(2))
        draws.note(number=number)
        noise = laid(patches, number, places, top, left, canvas.image)
        if growth:
            noise = noise * (2 * growth * canvas.image.clamp(0, 1) + 1 - growth).sqrt_()
        return canvas.with_image((canvas.image + noise).clamp_(0, 1))

    return operation


def read_noise(file: Path) -> Tensor:
    """Patches from a .npy file: (count, 3, side, side), float32.

    Raises:
        OptionsError: no such file, or numbers that are no patches.
    """
    try:
        found = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise OptionsError(f"file: {file} cannot be read: {' '.join(str(error).split())[:200]}") from None
    shape = getattr(found, "shape", ())
    if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or not found.size:
        raise OptionsError(f"file: {file} holds numbers of shape {shape}; expected (count, 3, side, side).")
    if found.dtype.kind != "f" or not np.isfinite(found).all():
        raise OptionsError(f"file: {file} holds {found.dtype} numbers; expected finite ones in units of [0, 1].")
    return torch.from_numpy(found.astype(np.float32))


def laid(patches: Tensor, number: Tensor, places: Tensor, top: Tensor, left: Tensor, image: Tensor) -> Tensor:
    """Patches side by side in the size of the image, (B, 3, H, W), each as strong as patch `number`.

    Args:
        patches: (N, 3, side, side)
        number: (B,), which of them gives its strength
        places: (B, rows, columns), which of them lies where; as many as it takes
        top: (B,), rows of the uppermost patches that lie beyond the image
        left: (B,), columns of the leftmost ones
        image: gives height and width
    """
    side = patches.shape[-1]
    height, width = image.shape[-2:]
    down, across = (
        start[:, None] + torch.arange(length, device=start.device) for start, length in ((top, height), (left, width))
    )
    sample = torch.arange(len(number), device=number.device)[:, None, None]
    chosen = places[sample, (down // side)[:, :, None], (across // side)[:, None, :]]  # (B, H, W)
    taken = patches.permute(0, 2, 3, 1)[chosen, (down % side)[:, :, None], (across % side)[:, None, :]]
    strengths = patches.square().mean((1, 2, 3)).sqrt().clamp_min(LEAST)
    return (taken * (strengths[number][:, None, None] / strengths[chosen])[..., None]).permute(0, 3, 1, 2)
