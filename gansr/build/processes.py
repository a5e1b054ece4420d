"""The processes and devices of a run: Accelerate, set up for two players, with its traps closed."""

import os

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs

from gansr.errors import OptionsError
from gansr.options.schema import Options

REFUSED = {
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
}


def start(options: Options, cpu: bool = False, spare: bool = False) -> Accelerator:
    """The accelerator of a run.

    Args:
        options: of its first stage
        cpu: use no GPU
        spare: a step may leave some parameters out, as those of the scales that it did not draw

    Raises:
        OptionsError: a precision that the device lacks, or a launch that does not give what it promises.
    """
    for variable, name in REFUSED.items():
        if os.environ.get(variable, "false").lower() in {"1", "true"}:
            raise OptionsError(
                f"{name} is not supported: two players share one backward pass, and networks of this size fit on "
                f"one device. Run `accelerate config` again and choose plain multi-GPU."
            )
    cpu = cpu or os.environ.get("ACCELERATE_USE_CPU", "").lower() in {"1", "true"}
    precision = precision_for(options.train.precision, _device_type(cpu))
    accelerator = Accelerator(
        mixed_precision="no" if precision == "fp32" else precision,
        step_scheduler_with_optimizer=False,
        dynamo_backend="no",
        cpu=cpu,
        # Two forward passes of the discriminator before one backward: buffers must not be broadcast in between.
        kwargs_handlers=[
            DistributedDataParallelKwargs(
                broadcast_buffers=False, gradient_as_bucket_view=True, find_unused_parameters=spare
            )
        ],
    )
    promised = int(os.environ.get("WORLD_SIZE", "1"))
    if accelerator.num_processes != promised:
        raise OptionsError(
            f"{promised} processes were launched but each believes that there are {accelerator.num_processes}: they "
            f"would train on their own and overwrite each other. Without a GPU, launch with ACCELERATE_USE_CPU=1 "
            f"in the environment."
        )
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True  # crops have one size
    torch.set_flush_denormal(True)
    return accelerator


def precision_for(asked: str, device: str) -> str:
    """fp32, bf16 or fp16 for what the options ask on this kind of device.

    Raises:
        OptionsError: the device cannot do it, or only far slower than fp32.
    """
    if asked == "fp16" and device not in {"cuda", "xpu"}:
        raise OptionsError(f"train.precision: fp16 needs a GPU, and this is a {device} device. Choices: fp32, auto.")
    if asked == "bf16" and device == "cpu" and "AVX512" not in torch.backends.cpu.get_cpu_capability():
        raise OptionsError(
            "train.precision: bf16 is several times slower than fp32 on this processor. Choices: fp32, auto."
        )
    if asked != "auto":
        return asked
    return "bf16" if device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"


def _device_type(cpu: bool) -> str:
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return "cpu" if cpu or accelerator is None else accelerator.type
