"""Older names of ESRGAN's network and of BasicSR's MSRResNet."""

import re

from gansr.models.foreign.dialect import Dialect, State

KIND = r"(weight|bias)"


def _number_outer_layers(state: State) -> State:
    """ESRGAN's first code numbers its outer layers: the first, the steps that enlarge, and the two that end it."""
    numbers = sorted({int(name.split(".")[1]) for name in state if re.fullmatch(rf"model\.\d+\.{KIND}", name)})
    first, *steps, hr, last = numbers
    outer = {first: "conv_first", hr: "conv_hr", last: "conv_last"}
    outer |= {number: f"conv_up{step}" for step, number in enumerate(steps, start=1)}

    def ours(name: str) -> str:
        match = re.fullmatch(rf"model\.(\d+)\.{KIND}", name)
        return f"{outer[int(match[1])]}.{match[2]}" if match else name

    return {ours(name): tensor for name, tensor in state.items()}


DIALECTS = (
    Dialect(
        "ESRGAN's first code",
        rf"model\.1\.sub\.\d+\.RDB1\.conv1\.0\.{KIND}",
        (
            (rf"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.{KIND}", r"body.\1.rdb\2.conv\3.\4"),
            (rf"model\.1\.sub\.\d+\.{KIND}", r"conv_body.\1"),
            (rf"(model\.\d+\.{KIND})", r"\1"),
        ),
        finish=_number_outer_layers,
    ),
    Dialect(
        "ESRGAN's second code, or BSRGAN",
        rf"RRDB_trunk\.\d+\.RDB\d\.conv\d\.{KIND}",
        (
            (rf"RRDB_trunk\.(\d+)\.RDB(\d)\.conv(\d)\.{KIND}", r"body.\1.rdb\2.conv\3.\4"),
            (rf"trunk_conv\.{KIND}", r"conv_body.\1"),
            (rf"upconv(\d)\.{KIND}", r"conv_up\1.\2"),
            (rf"HRconv\.{KIND}", r"conv_hr.\1"),
            (rf"(conv_(?:first|last)\.{KIND})", r"\1"),
        ),
    ),
    Dialect(
        "MMSR's residual network",
        rf"recon_trunk\.\d+\.conv\d\.{KIND}",
        (
            (r"recon_trunk\.(.+)", r"body.\1"),
            (rf"HRconv\.{KIND}", r"conv_hr.\1"),
            (rf"((?:conv_first|conv_last|upconv\d)\.{KIND})", r"\1"),
        ),
    ),
)
