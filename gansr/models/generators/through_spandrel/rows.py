"""Super-resolution networks of the spandrel library (MIT; the networks' own licences are MIT, Apache 2.0 or CC0).

Left out of its super-resolution: Compact, ESRGAN and RCAN, which gansr has itself; MMRealSR, of which it has the half
that is used after training; IPT, which cuts images into patches by itself and has a head for each task; AuraSR, whose
licence asks for the same licence (CC BY-SA); GFPGAN and RestoreFormer, restorers of faces of 512 px under several
licences; SAFMNBCIE and all that restores or fills in at scale 1.
"""

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal

from torch import nn

from gansr.models.generators.through_spandrel.repairs import (
    freeze_idle_activations,
    leave_inputs_alone,
    merge_branches,
    run_all_experts,
    use_what_learns,
)
from gansr.models.generators.through_spandrel.row import SCALES, Arguments, Row

Convolutions = Literal["1conv", "3conv"]
Optional = float | None
POWERS = (1, 2, 4, 8)
Table = dict[str, tuple[int, ...]]
DIRECT: Table = {"pixelshuffle": SCALES, "pixelshuffledirect": SCALES}
REAL: Table = DIRECT | {"nearest+conv": (4,), "": (1,)}
SUB_PIXEL = {"upsampler": "pixelshuffle"}
WINDOWS = SUB_PIXEL | {"window_size": 8}
"""The papers'. The library's 7 would have to divide its `img_size` of 64."""


def _of(table: Table, name: str = "upsampler") -> Callable[[Arguments], tuple[int, ...]]:
    """The scales that the argument called `name` allows."""
    return lambda given: table[given[name]]


def _swinir_scales(given: Arguments) -> tuple[int, ...]:
    """It enlarges by the scale times what it folded before."""
    steps = REAL | {"pixelshuffle": (1, 2, 3, 4, 8, 16, 32), "nearest+conv": (2, 4, 8)}
    return tuple(s for s in SCALES if s * given["start_unshuffle"] in steps[given["upsampler"]])


def _windows(given: Arguments) -> tuple[int, int]:
    """Mirroring up to whole windows needs nearly one; the library asks for 16."""
    window, fold = given["window_size"], given.get("start_unshuffle", 1)
    return max(16, window * fold), window * fold if fold > 1 or given.get("upsampler") == "pixelshuffle_aux" else 1


def _moesr(given: Arguments) -> tuple[int, ...]:
    return (1,) if given["upsampler"] == "conv" else SCALES


FDAT: Table = DIRECT | dict.fromkeys(("nearest+conv", "dysample", "pa_up"), SCALES)
FDAT |= {"conv": (1,), "transpose+conv": (1, 2, 3, 4)}


def _cugan(folder: ModuleType, scale: int, given: dict[str, Any]) -> nn.Module:
    leave = {"fast", "pro"} if given["fast"] else {"fast"}
    network = getattr(folder, "UpCunet2x_fast" if given["fast"] else f"UpCunet{scale}x")
    return network(**{name: value for name, value in given.items() if name not in leave})


def _cugan_refuses(given: Arguments) -> str | None:
    if given["fast"] and (given["pro"] or given["scale"] != 2):
        return "fast: true is for scale 2, without pro"
    if (given["fast"] or given["scale"] == 4) and given["in_channels"] != given["out_channels"]:
        return (
            f"in_channels is {given['in_channels']} and out_channels is {given['out_channels']}; they must be equal, "
            "because the network adds its enlarged input to its output"
        )
    return None


ROWS = (
    Row(
        "ATD",
        "Adaptive token dictionary, attention in windows and in categories (Zhang et al. 2024)",
        types={"upsampler": Literal["pixelshuffle", "pixelshuffledirect", "nearest+conv", ""]}
        | {"resi_connection": Convolutions},
        defaults=SUB_PIXEL,
        per_layer=("depths", "num_heads"),
        scales=_of(REAL),
        needs=lambda given: (max(8, given["window_size"]), 1),
    ),
    Row(
        "CRAFT",
        "Cross-refinement adaptive feature modulation, for high frequencies (Li et al. 2023)",
        types={"qk_scale": Optional, "resi_connection": Literal["1conv", "identity"]},
        per_layer=("depths", "num_heads"),
        needs=lambda given: (given["window_size"], given["window_size"]),
    ),
    Row(
        "DAT",
        "Dual aggregation transformer, attention in space and among channels in turn (Chen et al. 2023)",
        types={"resi_connection": Convolutions, "upsampler": Literal["pixelshuffle", "pixelshuffledirect"]},
        per_layer=("depth", "num_heads"),
        needs=lambda _: (16, 1),
    ),
    Row(
        "DCTLSA",
        "Densely connected transformer with linear self-attention (Zeng et al. 2023)",
        inputs="in_nc",
        outputs="out_nc",
        without=("num_modules",),  # it has six blocks, whatever the number says
        needs=lambda _: (16, 1),
    ),
    Row(
        "DITN",
        "Deployment-friendly image transformer (Liu et al. 2023)",
        inputs=None,
        without=("inp_channels",),
        types={"LayerNorm_type": Literal["WithBias", "BiasFree"], "ffn_expansion_factor": float},
        needs=lambda given: (1, math.lcm(8, given["patch_size"])),
    ),
    Row(
        "DRCT",
        "Dense residual connections between shifted windows of attention (Hsu et al. 2024)",
        types={"qk_scale": Optional, "upsampler": Literal["pixelshuffle"]}
        | {"resi_connection": Literal["1conv", "identity"]},
        defaults=SUB_PIXEL,
        per_layer=("depths", "num_heads"),
        needs=lambda given: (1, math.lcm(16, given["window_size"])),
    ),
    Row(
        "FDAT",
        "Fast dual aggregation transformer, made for speed (Bhat 2025)",
        scale="scale",
        inputs="num_in_ch",
        outputs="num_out_ch",
        types={
            "group_block_pattern": tuple[Literal["spatial", "channel"], ...] | None,
            # Not `lda`, which takes one image at a time.
            "upsampler_type": Literal[
                "conv", "pixelshuffledirect", "pixelshuffle", "nearest+conv", "dysample", "transpose+conv", "pa_up"
            ],
        },
        without=("img_range",),
        scales=_of(FDAT, "upsampler_type"),
        needs=lambda given: (4 if given["unshuffle_mod"] else 1, 1),
        repair=use_what_learns,
    ),
    Row(
        "GRL",
        "Global, regional and local attention with anchored stripes (Li et al. 2023)",
        inputs="in_channels",
        outputs="out_channels",
        alike=True,
        types={
            "upsampler": Literal["pixelshuffle", "pixelshuffledirect", "nearest+conv", ""],
            "qkv_proj_type": Literal["linear", "separable_conv"],
            "anchor_proj_type": Literal["avgpool", "maxpool", "conv2d", "separable_conv", "patchmerging"],
            "conv_type": Literal["1conv", "3conv", "1conv1x1", "linear"],
            "init_method": Literal["n", "l", "r", "w"],
            "stripe_groups": tuple[int | None, ...],
        },
        defaults=SUB_PIXEL,
        without=("out_proj_type", "fairscale_checkpoint", "offload_to_cpu"),
        per_layer=("depths", "num_heads_window", "num_heads_stripe"),
        scales=_of(REAL),
    ),
    Row(
        "HAT",
        "Hybrid attention transformer, attention in overlapping windows and among channels (Chen et al. 2023)",
        types={"qk_scale": Optional, "resi_connection": Literal["1conv", "identity"]},
        defaults={"window_size": 16},  # the paper's; the library's 7 cannot be overlapped by half of it
        without=("use_checkpoint",),
        per_layer=("depths", "num_heads"),
        needs=_windows,
    ),
    Row(
        "MoESR",
        "Gated convolutions with recursive experts (umzi 2024)",
        scale="scale",
        inputs="in_ch",
        outputs="out_ch",
        scales=_moesr,
        needs=lambda _: (2, 1),
    ),
    Row(
        "MoSR",
        "Gated convolutions in a row (umzi 2024)",
        inputs="in_ch",
        outputs="out_ch",
        types={"upsampler": Literal["ps", "gps", "dys"]},
        refuse=lambda given: (
            "in_channels and out_channels differ, which needs upsampler: dys"
            if given["in_ch"] != given["out_ch"] and given["upsampler"] != "dys"
            else None
        ),
    ),
    Row(
        "OmniSR",
        "Omni self-attention, of space and channels at once, light (Wang et al. 2023)",
        scale="up_scale",
        inputs="num_in_ch",
        outputs="num_out_ch",
        needs=lambda _: (16, 1),
    ),
    Row(
        "PLKSR",
        "Large kernels on a part of the channels (Lee et al. 2024)",
        scale="upscaling_factor",
        inputs=None,
        repair=leave_inputs_alone,
    ),
    Row(
        "RealPLKSR",
        "PLKSR for real photos: normalised, with dropout, optionally with learnt sampling (neosr 2024)",
        scale="upscaling_factor",
        inputs=None,
        folder="PLKSR",
        repair=leave_inputs_alone,
    ),
    Row(
        "RGT",
        "Recursive generalisation transformer, attention to a small map of the whole (Chen et al. 2024)",
        types={"qk_scale": Optional, "resi_connection": Convolutions},
        per_layer=("depth", "num_heads"),
        needs=lambda _: (16, 1),
    ),
    Row(
        "RealCUGAN",
        "Two U-nets in a row, made for anime (bilibili 2022)",
        scale="scale",
        inputs="in_channels",
        outputs="out_channels",
        pattern="UpCunet2x",
        make=_cugan,
        also={"fast": False},
        scales=lambda _: (2, 3, 4),
        needs=lambda given: (40, 4) if given["fast"] else (32, 1),
        refuse=_cugan_refuses,
    ),
    Row(
        "SAFMN",
        "Spatially adaptive modulation of features at several sizes, light (Sun et al. 2023)",
        scale="upscaling_factor",
        inputs=None,
        defaults={"dim": 36},
        needs=lambda _: (8, 8),
    ),
    Row(
        "SeemoRe",
        "Experts of low rank, chosen for each image, light (Zamfir et al. 2024)",
        scale="scale",
        inputs=None,
        without=("in_chans",),
        needs=lambda given: (max(16, 4 ** given["recursive"]), 1),
        repair=run_all_experts,
    ),
    Row(
        "SPAN",
        "Attention without parameters, made for speed (Wan et al. 2024)",
        inputs="num_in_ch",
        outputs="num_out_ch",
        without=("bias",),
        repair=merge_branches,
    ),
    Row(
        "SwiftSRGAN",
        "SRResNet of depthwise separable convolutions, made for speed (Krishnan and Krishnan 2021)",
        scale="upscale_factor",
        inputs="in_channels",
        scales=lambda _: POWERS,
        repair=freeze_idle_activations,
    ),
    Row(
        "Swin2SR",
        "SwinIR with the attention of Swin V2 (Conde et al. 2022)",
        types={"upsampler": Literal["pixelshuffle", "pixelshuffle_aux", "pixelshuffledirect", "nearest+conv", ""]}
        | {"resi_connection": Convolutions},
        defaults=WINDOWS,
        per_layer=("depths", "num_heads"),
        scales=_of(REAL | {"pixelshuffle_aux": SCALES}),
        needs=_windows,
    ),
    Row(
        "SwinIR",
        "Shifted windows of attention (Liang et al. 2021)",
        types={"qk_scale": Optional, "resi_connection": Convolutions}
        | {"upsampler": Literal["pixelshuffle", "pixelshuffledirect", "nearest+conv", ""]},
        defaults=WINDOWS,
        per_layer=("depths", "num_heads"),
        scales=_swinir_scales,
        needs=_windows,
    ),
)

SPANDREL: dict[str, Callable[..., nn.Module]] = {row.__name__: row for row in ROWS}
