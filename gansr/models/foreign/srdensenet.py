"""Other projects' names for SRDenseNet."""

import re

from torch.nn import functional as F

from gansr.models.foreign.dialect import Dialect, State

KIND = r"(weight|bias)"
NUMBERS = re.compile(r"dense_blocks\.(\d+)\.block\.(\d+)\.")
BETWEEN = re.compile(r"dense_blocks\.\d+\.block\.0\.conv\.weight|bottleneck\.weight")
"""Layers that see the maps of all blocks before them."""
ENLARGING = re.compile(r"deconv\.\d+\.weight")


def _as_ours(state: State) -> State:
    """Count blocks and layers from 0, give kernels our size, and put the oldest maps first.

    There a block's maps come before those that it has seen, and kernels that enlarge are as large as the factor: they
    write the same pixels as ours with zeros at the other places.
    """
    width = len(next(state[name] for name in ("conv.conv.weight", "conv.conv.bias") if name in state))
    found: State = {}
    for name, tensor in state.items():
        ours = NUMBERS.sub(lambda match: f"dense_blocks.{int(match[1]) - 1}.block.{int(match[2]) - 1}.", name)
        if ENLARGING.fullmatch(ours):
            more = tensor.shape[-1] - 1
            found[ours] = F.pad(tensor, (more, 0, more, 0))
        elif BETWEEN.fullmatch(ours):
            found[ours] = tensor.unflatten(1, (-1, width)).flip(1).flatten(1, 2)
        else:
            found[ours] = tensor
    return found


DIALECTS = (
    # model.py of Lornatang/SRDenseNet-PyTorch, and as it was before it had more than x4. twtygqyy's pytorch-SRDenseNet
    # has one PReLU that maps pass again and again, and wxywhu's SRDenseNet-pytorch other widths and no ReLU behind
    # deconvolutions: they are no networks of ours.
    Dialect(
        "Lornatang's SRDenseNet",
        rf"dcb\d+\.0\.conv\d+\.{KIND}",
        (
            (rf"conv1\.0\.{KIND}", r"conv.conv.\1"),
            (rf"dcb(\d+)\.0\.conv(\d+)\.{KIND}", r"dense_blocks.\1.block.\2.conv.\3"),
            (rf"conv2\.{KIND}", r"bottleneck.\1"),
            (rf"upsampling\.0\.(?:upsample_block\.0\.)?{KIND}", r"deconv.0.\1"),
            (rf"upsampling\.(?:1\.upsample_block\.0|2)\.{KIND}", r"deconv.2.\1"),
            (rf"upsampling\.2\.upsample_block\.0\.{KIND}", r"deconv.4.\1"),
            (rf"conv3\.{KIND}", r"reconstruction.\1"),
        ),
        finish=_as_ours,
    ),
)
