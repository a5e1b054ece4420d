"""A trained network as a part of a degradation: what DSGAN and its like learn from real photos."""

from collections.abc import Callable

import torch
from torch import nn

from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.sizes.resize import matlab_bicubic
from gansr.errors import OptionsError


def learned(weights: str, load_network: Callable[[str], nn.Module] | None = None, *, scale: int) -> Operation:
    """Give LR images the look that a trained network learned from real ones; clamps to [0, 1] afterwards.

    As DSGAN does (Fritsche et al. 2019): images of the size of HR come to that of LR by MATLAB's bicubic, which is what
    such networks are trained on, and then go through the network. Later in a pipeline, where they have another size
    already, they go through it alone. The network is frozen, and works in single precision. Its file is read with the
    first batch, so that an earlier stage of the run can make it.

    Args:
        weights: file of a network of scale 1
        load_network: reads such a file, and raises WeightsError where it has another scale; the builder gives it
        scale: of the super-resolution

    Raises:
        OptionsError: a network is asked for where none can be read.
    """
    if load_network is None:
        raise OptionsError(f"learned: weights is '{weights}', but networks cannot be read here.")
    networks: dict[torch.device, nn.Module] = {}  # each device gets it once
    shrink = matlab_bicubic(scale=scale)

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        if canvas.image.shape[-2:] == canvas.hr_size:
            canvas = shrink(canvas, draws)
        device = canvas.image.device
        if device not in networks:
            networks[device] = load_network(weights).to(device)
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            return canvas.with_image(networks[device](canvas.filled(0)).clamp(0, 1))

    return operation
