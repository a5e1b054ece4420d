"""What each loss costs: time, and memory for the backward pass, of one step at batch 4, 128x128.

python scripts/loss_costs.py [--batch 4] [--side 128] [--repeats 5] [--weights LOSS=PATH]... [--out FILE.md]

Losses are measured one by one on random images, with their default settings and, unless told otherwise, random
weights: what a network costs does not depend on them. On a processor memory is what autograd keeps for the backward
pass; on a GPU it is the peak above what was there before.
"""

import argparse
import inspect
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from gansr.imaging.resize import reduce
from gansr.losses import LOSSES
from gansr.losses.table import needs

SCALE = 4
MEGABYTE = 2**20


def scene(batch: int, side: int, device: torch.device) -> dict[str, Any]:
    """Images by every name that losses ask for; `sr` wants a gradient."""
    torch.manual_seed(0)
    found: dict[str, Any] = {name: torch.rand(batch, 3, side, side, device=device) for name in ("target", "average")}
    found["lr"] = reduce(found["target"], SCALE)
    found["importance"] = torch.rand(batch, 1, side, side, device=device)
    found["real_maps"] = [torch.rand(batch, 64 * 2**k, side >> k, side >> k, device=device) for k in range(1, 4)]
    found["fake_maps"] = [image.clone().requires_grad_() for image in found["real_maps"]]
    found["sr"] = torch.rand(batch, 3, side, side, device=device).requires_grad_()
    return found


def make(name: str, device: torch.device, weights: dict[str, str]) -> Any:
    """The loss with its default settings, or None where it needs weights that were not given."""
    asked = inspect.signature(LOSSES[name]).parameters
    arguments: dict[str, Any] = {"scale": SCALE} if "scale" in asked else {}
    if "weights" in asked:
        given = weights.get(name)
        if given is None and asked["weights"].default is inspect.Parameter.empty:
            return None
        arguments["weights"] = given or "random"
    loss = LOSSES[name](**arguments)
    return loss.to(device) if isinstance(loss, nn.Module) else loss


class Kept:
    """Bytes that autograd keeps, each storage once; parameters are not counted."""

    def __init__(self) -> None:
        self.seen: dict[int, Tensor] = {}

    def pack(self, tensor: Tensor) -> Tensor:
        """Note the tensor."""
        if not isinstance(tensor, nn.Parameter):
            self.seen[tensor.untyped_storage()._cdata] = tensor
        return tensor

    @property
    def megabytes(self) -> float:
        """All of them."""
        return sum(tensor.untyped_storage().nbytes() for tensor in self.seen.values()) / MEGABYTE


def measure(loss: Callable[..., Tensor], images: dict[str, Any], repeats: int) -> tuple[float, float, float]:
    """Median milliseconds of forward and backward, half the range of the repeats, and megabytes."""
    given = {name: images[name] for name in needs(loss)}
    device = images["sr"].device

    def step() -> None:
        images["sr"].grad = None
        loss(**given).backward()

    step()
    times = []
    for _ in range(repeats):
        wait(device)
        start = time.perf_counter()
        step()
        wait(device)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times), (max(times) - min(times)) / 2, memory(loss, given, device)


def memory(loss: Callable[..., Tensor], given: dict[str, Any], device: torch.device) -> float:
    """Megabytes of one step."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        loss(**given).backward()
        return (torch.cuda.max_memory_allocated() - before) / MEGABYTE
    kept = Kept()
    with saved_tensors_hooks(kept.pack, lambda tensor: tensor):
        loss(**given)
    return kept.megabytes


def wait(device: torch.device) -> None:
    """Until the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def table(batch: int, side: int, repeats: int, weights: dict[str, str]) -> str:
    """The table in Markdown."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    images = scene(batch, side, device)
    where = torch.cuda.get_device_name() if device.type == "cuda" else f"{torch.get_num_threads()} cores of a processor"
    lines = [
        f"Batch {batch}, {side}x{side}, float32, {where}, PyTorch {torch.__version__};",
        f"median of {repeats} repeats of forward and backward, and half their range.",
        "",
        "| loss | ms | ± | kept for the backward pass, MB | its frozen networks, MB |",
        "|---|--:|--:|--:|--:|",
    ]
    for name in LOSSES:
        loss = make(name, device, weights)
        if loss is None:
            lines.append(f"| `{name}` | | | | (needs `--weights {name}=FILE`) |")
            continue
        frozen = sum(p.numel() * p.element_size() for p in loss.parameters()) if isinstance(loss, nn.Module) else 0
        milliseconds, spread, kept = measure(loss, images, repeats)
        size = f"{frozen / MEGABYTE:.1f}" if frozen else ""
        lines.append(f"| `{name}` | {milliseconds:.1f} | {spread:.1f} | {kept:.1f} | {size} |")
        print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--weights", action="append", default=[], metavar="LOSS=PATH")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    text = table(given.batch, given.side, given.repeats, dict(pair.split("=", 1) for pair in given.weights))
    given.out.write_text(text, "utf-8") if given.out else print(text)


if __name__ == "__main__":
    main()
