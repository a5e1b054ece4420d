"""Older names of the same weights -> today's."""

import re
from collections.abc import Mapping

from torch import Tensor

RRDB_NAMES = (
    (r"RRDB_trunk\.(\d+)\.RDB(\d)\.conv(\d)\.", r"body.\1.rdb\2.conv\3."),
    (r"trunk_conv\.", "conv_body."),
    (r"upconv(\d)\.", r"conv_up\1."),
    (r"HRconv\.", "conv_hr."),
)
"""ESRGAN's second code and BSRGAN."""

RESIDUAL_NAMES = ((r"recon_trunk\.", "body."), (r"HRconv\.", "conv_hr."))
"""MSRResNet in MMSR, the code before BasicSR."""

BLOCK = re.compile(r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.(weight|bias)")
TRUNK = re.compile(r"model\.1\.sub\.\d+\.(weight|bias)")
OUTER = re.compile(r"model\.(\d+)\.(weight|bias)")


def modernise(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of old ESRGAN and MSRResNet files to BasicSR's names; others keep theirs."""
    if any(name.startswith("model.1.sub.") for name in state):
        return from_sequence(state)
    if any(name.startswith("RRDB_trunk.") for name in state):
        return rename(state, RRDB_NAMES)
    if any(name.startswith("recon_trunk.") for name in state):
        return rename(state, RESIDUAL_NAMES)
    return dict(state)


def rename(state: Mapping[str, Tensor], names: tuple[tuple[str, str], ...]) -> dict[str, Tensor]:
    """Replace the beginnings of names."""
    renamed = {}
    for name, tensor in state.items():
        new = name
        for old, replacement in names:
            new = re.sub(f"^{old}", replacement, new)
        renamed[new] = tensor
    return renamed


def from_sequence(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ESRGAN's first code numbers its layers: the first, the steps that enlarge, and the two that end it."""
    numbers = sorted({int(match[1]) for name in state if (match := OUTER.fullmatch(name))})
    if len(numbers) < 3:
        return dict(state)
    first, *steps, hr, last = numbers
    outer = {first: "conv_first", hr: "conv_hr", last: "conv_last"}
    outer |= {number: f"conv_up{step}" for step, number in enumerate(steps, start=1)}
    renamed = {}
    for name, tensor in state.items():
        if match := BLOCK.fullmatch(name):
            new = "body.{}.rdb{}.conv{}.{}".format(*match.groups())
        elif match := TRUNK.fullmatch(name):
            new = f"conv_body.{match[1]}"
        elif match := OUTER.fullmatch(name):
            new = f"{outer[int(match[1])]}.{match[2]}"
        else:
            return dict(state)  # a relative of ESRGAN with other layers: not ours to name
        renamed[new] = tensor
    return renamed
