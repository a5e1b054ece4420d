"""A trained network as a part of a degradation: what DSGAN and its like learn from real photos."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.sizes.resize import matlab_bicubic
from gansr.errors import OptionsError


def learned(weights: str, load_network: Callable[[str], nn.Module] | None = None, *, scale: int) -> Operation:
    """Make LR images as a trained network learned it from real ones; clamps to [0, 1] afterwards.

    A degrader makes LR of images of the size of HR by itself. Of a network that keeps the size, images of the size of
    HR come to that of LR by MATLAB's bicubic before, which is what such networks are trained on (DSGAN, Fritsche et al.
    2019); later in a pipeline, where they have another size already, they go through it alone. The network is frozen,
    and works in single precision. What it draws is the batch's own, so a resumed run draws the same. Its file is read
    with the first batch, so that an earlier stage of the run can make it.

    Args:
        weights: file of a degrader, or of a network of scale 1
        load_network: reads such a file; a network that makes LR of HR has an attribute `reduces`, by how much. The
            builder gives it
        scale: of the super-resolution

    Raises:
        OptionsError: a network is asked for where none can be read; with the first batch, a degrader of another scale,
            or one that gets images of another size than HR's.
    """
    if load_network is None:
        raise OptionsError(f"learned: weights is '{weights}', but networks cannot be read here.")
    networks: dict[torch.device, nn.Module] = {}  # each device gets it once
    shrink = matlab_bicubic(scale=scale)

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        device = canvas.image.device
        if device not in networks:
            with torch.random.fork_rng(devices=[]):  # first weights are drawn, which a run that goes on does not repeat
                networks[device] = load_network(weights).to(device)
        network = networks[device]
        reduces = getattr(network, "reduces", 1)
        large = canvas.image.shape[-2:] == canvas.hr_size
        if reduces > 1:
            _refuse(weights, reduces, scale, large)
        elif large:
            canvas = shrink(canvas, draws)
        with torch.no_grad(), torch.autocast(device.type, enabled=False), draws.seeded():
            image = network(canvas.filled(0)).clamp(0, 1)
        height, width = ((side + reduces - 1) // reduces for side in (canvas.height, canvas.width))
        return replace(canvas, image=image, height=height, width=width)

    return operation


def _refuse(weights: str, reduces: int, scale: int, large: bool) -> None:
    """A degrader's scale is the run's, and it gets images of the size of HR."""
    if reduces != scale:
        raise OptionsError(f"learned: {weights} is a degrader of scale {reduces}; expected one of scale {scale}, or 1.")
    if not large:
        raise OptionsError(
            f"learned: {weights} is a degrader, which makes LR of HR by itself, but images have another size here; "
            f"expected it before anything that resizes."
        )
