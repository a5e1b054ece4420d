"""Other names of networks that enlarge step by step: LapSRN, MS-LapSRN and DBPN.

The authors' own PyTorch files of DBPN and ProSR, and those of pytorch-LapSRN, have our names already.
"""

import re

import torch

from gansr.models.foreign.dialect import Dialect, State

KIND = r"(weight|bias)"
ACTIVATED = {"0": "conv", "1": "act"}
"""Places in a `Sequential` of a convolution and its PReLU -> DBPN's names."""


def _lornatang_level(level: int) -> tuple[tuple[str, str], ...]:
    """LapSRN-PyTorch numbers what a level has: features, image, prediction."""
    features, image, predict = (rf"laplacian_pyramid_conv{3 * level - 2 + part}" for part in range(3))
    # Convolution n of ten has place 2n in ours; the transposed one comes after them in both.
    places = {rf"{n}\.cl\.0": 2 * n for n in range(10)} | {"10": 20}
    return (
        *[(rf"{features}\.{theirs}\.{KIND}", rf"convt_F{level}.0.cov_block.{n}.\1") for theirs, n in places.items()],
        (rf"{image}\.{KIND}", rf"convt_I{level}.\1"),
        (rf"{predict}\.{KIND}", rf"convt_R{level}.\1"),
    )


def _complete_biases(state: State) -> State:
    """Convolutions without a bias get one of 0; that of an image's doubling goes to what is added to it."""
    for name in list(state):
        if name.startswith("convt_I") and name.endswith(".bias"):
            added_to = name.replace("convt_I", "convt_R")
            if added_to in state:
                state[added_to] = state[added_to] + state.pop(name)
        elif ".cov_block." in name and name.endswith(".weight"):
            zeros = torch.zeros(state[name].shape[0], dtype=state[name].dtype)
            state.setdefault(name.replace(".weight", ".bias"), zeros)
    return state


def _number_layers(state: State) -> State:
    """MSLapSRN-pytorch has the transposed convolution elsewhere; ours comes after the others, all at even places."""
    depth = sum(re.fullmatch(r"conv_\d+\.weight", name) is not None for name in state)

    def ours(name: str) -> str:
        match = re.fullmatch(rf"(?:conv_(\d+)|transpose)\.{KIND}", name)
        return f"convt_F.0.cov_block.{2 * int(match[1] or depth)}.{match[2]}" if match else name

    return {ours(name): tensor for name, tensor in state.items()}


def _dbpn_unit(theirs: str, ours: str) -> tuple[tuple[str, str], ...]:
    """A projection unit of DBPN-PyTorch."""
    up = ours.startswith("up")
    direction = "up" if up else "down"
    layers = {number: "deconv" if up == (number != 2) else "conv" for number in (1, 2, 3)}
    ways = [
        (rf"{theirs}\.conv{number}\.{place}\.{KIND}", rf"{ours}.{direction}_conv{number}.{name}.\1")
        for number, layer in layers.items()
        for place, name in (ACTIVATED | {"0": layer}).items()
    ]
    merging = [
        (rf"{theirs}\.deep_conv\.{place}\.{KIND}", rf"{ours}.conv.{name}.\1") for place, name in ACTIVATED.items()
    ]
    return (*ways, *merging)


DIALECTS = (
    Dialect(
        "LapSRN-PyTorch",
        rf"laplacian_pyramid_conv1\.0\.cl\.0\.{KIND}",
        ((rf"conv1\.0\.{KIND}", r"conv_input.\1"), *_lornatang_level(1), *_lornatang_level(2), *_lornatang_level(3)),
        finish=_complete_biases,
    ),
    # Its forward pass clamps the image of each level to [0, 1] before the next; ours does not.
    Dialect(
        "MSLapSRN-pytorch",
        rf"features\.recursive_block\.block\.conv_0\.{KIND}",
        (
            (rf"(conv_input\.{KIND})", r"\1"),
            (rf"features\.recursive_block\.block\.(conv_\d+\.{KIND})", r"\1"),
            (rf"(transpose\.{KIND})", r"\1"),
            (r"scale_img\.weight", "convt_I.weight"),
            (rf"predict\.{KIND}", r"convt_R.\1"),
        ),
        finish=_number_layers,
    ),
    # DBPN-RES-MR64-3: three passes, and bicubic added outside of the network.
    Dialect(
        "DBPN-PyTorch",
        rf"deep_up_block\d\.deep_conv\.\d\.{KIND}",
        (
            *[
                (rf"conv{n + 1}\.{place}\.{KIND}", rf"feat{n}.{name}.\1")
                for n in (0, 1)
                for place, name in ACTIVATED.items()
            ],
            *_dbpn_unit("up_block1", "up1"),
            *_dbpn_unit("down_block1", "down1"),
            *_dbpn_unit("up_block2", "up2"),
            *[pair for n in range(1, 6) for pair in _dbpn_unit(f"deep_down_block{n}", f"down{n + 1}")],
            *[pair for n in range(1, 6) for pair in _dbpn_unit(f"deep_up_block{n}", f"up{n + 2}")],
            (rf"conv3\.{KIND}", r"output_conv.conv.\1"),
        ),
    ),
)
