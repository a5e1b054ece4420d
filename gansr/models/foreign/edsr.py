"""Other projects' names for EDSR, MDSR and RCAN."""

import re
from collections.abc import Callable

import torch

from gansr.models.foreign.colours import fold_colours
from gansr.models.foreign.dialect import Dialect, State
from gansr.models.layers.shift import MeanShift

KIND = r"(weight|bias)"
RANGE = 255.0
"""What white is in our networks, as in those of EDSR's authors."""

LAST = "last"
"""Stands for the number of a convolution behind blocks in a row, until they are counted."""


def _finished(white: float = RANGE, mean: bool = True) -> Callable[[State], State]:
    """What is left to do when the names are ours, for a project's range of colours.

    Args:
        white: what white is in the project's network
        mean: whether the project subtracts DIV2K's mean colour, which it keeps in its code
    """

    def finish(state: State) -> State:
        return _with_means(_in_range(_counted(state), RANGE / white), mean)

    return finish


def _counted(state: State) -> State:
    """Number the convolutions behind blocks in a row."""

    def ours(name: str) -> str:
        while f".{LAST}." in name:
            before = name[: name.index(f".{LAST}.")]
            numbers = [re.match(rf"{re.escape(before)}\.(\d+)\.", other) for other in state]
            number = 1 + max(int(match[1]) for match in numbers if match)
            name = name.replace(f".{LAST}.", f".{number}.", 1)
        return name

    return {ours(name): tensor for name, tensor in state.items()}


def _in_range(state: State, factor: float) -> State:
    """The weights of the network that does the same to colours `factor` times as large.

    Convolutions and ReLU have outputs in proportion to their inputs, so what is added grows too. Channel attention has
    not, so its first layer makes of the larger means what it made of the smaller ones.
    """
    if factor == 1:
        return state

    def scaled(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if ".conv_du." in name:
            return tensor / factor if name.endswith(".conv_du.0.weight") else tensor
        return tensor * factor if name.endswith(".bias") else tensor

    return {name: scaled(name, tensor) for name, tensor in state.items()}


def _with_means(state: State, mean: bool) -> State:
    """The layers that shift colours, which other projects keep in their code, if anywhere."""
    coloured = {"head.0.weight": 1, "tail.1.weight": 0}
    if any(state[name].shape[axis] != 3 for name, axis in coloured.items() if name in state):
        raise ValueError("the mean colour has three channels")
    kind = next(iter(state.values())).dtype
    white = RANGE if mean else 0.0
    layers = {"sub_mean": MeanShift(3, white, "subtract"), "add_mean": MeanShift(3, white, "add")}
    return state | {
        f"{name}.{key}": tensor.to(kind) for name, layer in layers.items() for key, tensor in layer.state_dict().items()
    }


def _one_step(state: State) -> State:
    """yjn870 enlarges at once, which is a step of ours only at x2 and x3."""
    step = state.get("tail.0.0.weight")
    if step is not None and len(step) > 9 * step.shape[1]:
        raise ValueError("x4 and more in one step")
    return _finished(white=1.0, mean=False)(state)


def _unmixed(state: State) -> State:
    """Our names, with mean colours that were trained by mistake."""
    folded = fold_colours(state, "head.0", "tail.1" if "tail.1.weight" in state else "tail.0")
    if all(folded[name] is tensor for name, tensor in state.items()):
        raise ValueError("these names are ours, and there is nothing to do")
    return folded


def _outside(first: str, end: str, last: str) -> tuple[tuple[str, str], ...]:
    """The project's names for the first convolution, the one behind all blocks, and the last one."""
    ours = {first: "head.0", end: f"body.{LAST}", last: "tail.1"}
    return tuple((rf"{theirs}\.{KIND}", rf"{name}.\1") for theirs, name in ours.items())


def _steps(name: str, inner: str) -> tuple[tuple[str, str], ...]:
    """Steps of x2 that are modules of their own, each with one convolution called `inner`."""
    return tuple((rf"{name}\.{step}\.{inner}\.{KIND}", rf"tail.0.{2 * step}.\1") for step in range(3))


def _blocks(name: str) -> tuple[tuple[str, str], ...]:
    """EDSR's blocks with two named convolutions."""
    return (
        (rf"{name}\.(\d+)\.conv1\.{KIND}", r"body.\1.body.0.\2"),
        (rf"{name}\.(\d+)\.conv2\.{KIND}", r"body.\1.body.2.\2"),
    )


def _attended(group: str, block: str, attention: str) -> tuple[tuple[str, str], ...]:
    """RCAN's blocks: `group` holds their number and its own, `block` their layers, `attention` its own."""
    before = rf"{group}\.{block}"
    return (
        (rf"{before}\.([02])\.{KIND}", r"body.\1.body.\2.body.\3.\4"),
        (rf"{before}\.3\.{attention}\.1\.{KIND}", r"body.\1.body.\2.body.3.conv_du.0.\3"),
        (rf"{before}\.3\.{attention}\.3\.{KIND}", r"body.\1.body.\2.body.3.conv_du.2.\3"),
    )


BASICSR_STEPS = (rf"upsample\.(\d+)\.{KIND}", r"tail.0.\1.\2")
GROUP = r"residual_group\.(\d+)"

DIALECTS = (
    # basicsr/archs/edsr_arch.py of XPixelGroup/BasicSR.
    Dialect(
        "BasicSR's EDSR",
        rf"conv_after_body\.{KIND}",
        (*_outside("conv_first", "conv_after_body", "conv_last"), *_blocks("body"), BASICSR_STEPS),
        finish=_finished(),
    ),
    # mmagic/models/editors/edsr/edsr_net.py of open-mmlab/mmagic, with colours in [0, 1].
    Dialect(
        "MMagic's EDSR",
        rf"upsample\.\d\.upsample_conv\.{KIND}",
        (
            *_outside("conv_first", "conv_after_body", "conv_last"),
            *_blocks("body"),
            *_steps("upsample", "upsample_conv"),
        ),
        finish=_finished(white=1.0),
    ),
    # model.py of Lornatang/EDSR-PyTorch, with colours in [0, 1].
    Dialect(
        "Lornatang's EDSR",
        rf"trunk\.\d+\.conv1\.{KIND}",
        (
            *_outside("conv1", "conv2", "conv3"),
            *_blocks("trunk"),
            (rf"upsampling\.(\d+)\.{KIND}", r"tail.0.\1.\2"),
        ),
        dropped=r"mean|std",
        finish=_finished(white=1.0),
    ),
    # basicsr/archs/rcan_arch.py of XPixelGroup/BasicSR.
    Dialect(
        "BasicSR's RCAN",
        rf"body\.\d+\.{GROUP}\.rcab\.0\.{KIND}",
        (
            *_outside("conv_first", "conv_after_body", "conv_last"),
            *_attended(rf"body\.(\d+)\.{GROUP}", "rcab", "attention"),
            (rf"body\.(\d+)\.conv\.{KIND}", rf"body.\1.body.{LAST}.\2"),
            BASICSR_STEPS,
        ),
        finish=_finished(),
    ),
    # model.py of Lornatang/RCAN-PyTorch, with colours in [0, 1].
    Dialect(
        "Lornatang's RCAN",
        rf"trunk\.\d+\.{GROUP}\.residual_channel_attention_block\.0\.{KIND}",
        (
            *_outside("conv1", "conv2", "conv3"),
            *_attended(rf"trunk\.(\d+)\.{GROUP}", "residual_channel_attention_block", "channel_attention_layer"),
            (rf"trunk\.(\d+)\.{GROUP}\.{KIND}", r"body.\1.body.\2.\3"),
            *_steps("upsampling", r"upsample_block\.0"),
        ),
        dropped=r"mean",
        finish=_finished(white=1.0),
    ),
    # model.py of yjn870/RCAN-pytorch: no mean colour, colours in [0, 1] (dataset.py).
    Dialect(
        "yjn870's RCAN",
        rf"rgs\.\d+\.module\.\d+\.module\.0\.{KIND}",
        (
            *_outside("sf", "conv1", "conv2"),
            *_attended(r"rgs\.(\d+)\.module\.(\d+)", "module", "module"),
            (rf"rgs\.(\d+)\.module\.(\d+)\.{KIND}", r"body.\1.body.\2.\3"),
            (rf"upscale\.(\d+)\.{KIND}", r"tail.0.\1.\2"),
        ),
        finish=_one_step,
    ),
    # Early EDSR-PyTorch, and yulunzhang/RCAN that came of it: names are ours, but the mean layers were not frozen.
    Dialect(
        "EDSR-PyTorch with trained mean colours",
        r"sub_mean\.weight",
        ((rf"((?:sub_mean|add_mean|head|pre_process|body|upsample|tail)\.(?:\d+\.|body\.|conv_du\.)*{KIND})", r"\1"),),
        finish=_unmixed,
    ),
)
