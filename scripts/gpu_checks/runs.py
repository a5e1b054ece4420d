"""One row of the check: training with the project's own parts, and what is seen of it."""

import contextlib
import gc
import io
import itertools
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState
from gpu_checks.cases import Case
from torch import Tensor

import gansr
from gansr.build.examining.check import examine
from gansr.build.feeding import data
from gansr.build.making import parts
from gansr.build.making import recipes as builders
from gansr.build.processes import start
from gansr.build.run import build_stage
from gansr.models import weights
from gansr.options.schema import Options
from gansr.training.loop import Intervals, Loop
from gansr.training.state import STATE

PACKAGE = str(Path(str(gansr.__file__)).parent)
FALLS_TO = 0.8  # of what the loss was: the mean of the last log line against that of the first
SAME_WITHIN = 1e-3  # of a tensor's largest value, where the GPU lacks deterministic operations
MEGABYTE = 2**20


@dataclass
class Row:
    """What a row shows; without problems it has passed."""

    case: Case
    cells: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def catching(self, what: str) -> Iterator[None]:
        """An error becomes a problem of this row, with its first line and where it came from."""
        try:
            yield
        except torch.OutOfMemoryError:
            forbid_waiting(False)
            self.cells["peak"] = "more than this GPU has free"
            if self.case.learns:  # these are small
                self.problems.append(f"{what}: out of memory")
        except Exception as error:  # noqa: BLE001  whatever it is, it must not hide the other rows
            forbid_waiting(False)
            self.problems.append(f"{what}: {described(error)}")


def described(error: Exception) -> str:
    """Its first line, and the line of gansr that it came through last."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if PACKAGE in frame.filename]
    where = f" ({Path(ours[-1].filename).name}:{ours[-1].lineno})" if ours else ""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"{type(error).__name__}: {first}{where}"


def train(case: Case, photos: Path, cpu: bool) -> Row:
    """Train, measure, and compare the memory with what `gansr check` says."""
    row = Row(case)
    with row.catching("set-up"):
        options = case.options(photos)
        row.cells["estimate"] = _gigabytes(examine(options).memory)
        with session(options, cpu) as accelerator:
            watch, losses = Watch(case, accelerator.device), []
            loop = _loop(case, options, accelerator, watch, losses)
            with row.catching("training"):
                _run(loop, watch, row)
                row.cells |= watch.cells(options)
            _judge(losses, row)
    return row


def deliver(case: Case, photos: Path, cpu: bool) -> Row:
    """How fast batches arrive on the device when nobody trains on them."""
    row = Row(case)
    with row.catching("loader"):
        options = case.options(photos)
        with session(options, cpu) as accelerator:
            watch = Watch(case, accelerator.device)
            images = data.open_images(options).train
            batches = watch.around(data.training_batches(images, options, accelerator))(0)
            with contextlib.closing(batches):  # pyright: ignore[reportArgumentType]  a generator
                for _ in itertools.islice(batches, case.steps):
                    pass
            row.cells |= watch.cells(options)
    return row


def _loop(case: Case, options: Options, accelerator: Accelerator, watch: "Watch", losses: list[float]) -> Loop:
    """The real loop over real parts; the pixel losses of its log lines go to `losses`."""
    recipe = builders.recipe(options, builders.ingredients(options), accelerator)
    batches = data.training_batches(data.open_images(options).train, options, accelerator)

    def log(step: int, means: dict[str, float]) -> None:
        losses.append(means["loss/pixel"])

    def ignore(step: int) -> None:
        pass

    intervals = Intervals(case.steps, case.log, case.steps, case.steps)
    return Loop(
        accelerator, recipe, parts.schedule(options.train), watch.around(batches), intervals, log, ignore, ignore
    )


def _run(loop: Loop, watch: "Watch", row: Row) -> None:
    """Run to the end; where the host waits for the GPU, say so and go on for the rest of the row."""
    try:
        loop.run()
    except RuntimeError as error:
        if not watch.forbidding:
            raise
        row.problems.append(f"waits for the GPU: {described(error)}")
        forbid_waiting(False)
        watch.quiet = range(0)
        loop.run()


def _judge(losses: list[float], row: Row) -> None:
    if not losses:
        return
    row.cells["loss"] = f"{losses[0]:.3f} -> {losses[-1]:.3f}"
    if row.case.learns and losses[-1] > FALLS_TO * losses[0]:
        row.problems.append(f"the pixel loss did not fall to {FALLS_TO} of what it was")


class Watch:
    """Looks on between two batches: first a few steps in which nothing may wait for the GPU, then speed and memory.

    In the quiet steps, but for those that write a log line, CUDA raises an error for whatever makes the host
    wait for the device: in the step, in the loop, and in the loader that hands over the next batch.
    """

    def __init__(self, case: Case, device: torch.device) -> None:
        self.case, self.on_gpu = case, device.type == "cuda"
        self.first = case.steps - case.measured + 1
        self.quiet = range(self.first - case.quiet, self.first)
        self.forbidding = False
        self.before = torch.cuda.memory_allocated() if self.on_gpu else 0
        self.since = 0.0

    def around(self, batches: Callable[[int], Iterator[Any]]) -> Callable[[int], Iterator[Any]]:
        """The same batches."""

        def watched(first: int) -> Iterator[Any]:
            with contextlib.closing(batches(first)) as stream:  # pyright: ignore[reportArgumentType]
                for step, batch in enumerate(stream, first + 1):
                    self._look(step)
                    yield batch

        return watched

    def _look(self, step: int) -> None:
        """Before step number `step`, from 1."""
        self.forbidding = self.on_gpu and step in self.quiet and step % self.case.log != 0
        forbid_waiting(self.forbidding)
        if step == self.first:
            if self.on_gpu:
                torch.cuda.synchronize()
                torch.cuda.reset_peak_memory_stats()
            self.since = time.perf_counter()

    def cells(self, options: Options) -> dict[str, str]:
        """Speed and peak memory of the last steps, once the run is over."""
        if self.on_gpu:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - self.since
        found = {"images/s": f"{self.case.measured * options.train.batch / seconds:.0f}"}
        if self.on_gpu:
            found["peak"] = _gigabytes((torch.cuda.max_memory_allocated() - self.before) / MEGABYTE)
        return found


def resume(case: Case, photos: Path, cpu: bool) -> Row:
    """Is a run that was killed after its half-way checkpoint, and went on, the same as one that never stopped?"""
    row = Row(case)
    whole, resumed = (photos.parent / f"{case.title} {half}" for half in ("whole", "half"))
    with row.catching("resume"), _deterministic() as caught:
        _train_into(whole, case, photos, cpu)
        shutil.copytree(whole, resumed)
        shutil.rmtree(_checkpoint(resumed, case.steps))
        told = _train_into(resumed, case, photos, cpu)
        assert f"from step {case.steps // 2}" in told, "it began anew, which would leave the same"
        difference = _largest_difference(*(_everything(_checkpoint(folder, case.steps)) for folder in (whole, resumed)))
        lacking = sorted({str(w.message).split()[0] for w in caught if "deterministic" in str(w.message)})
        row.cells["resumed"] = "bit-exact" if difference == 0 else f"differs by {difference:.1e}"
        if lacking:
            row.cells["resumed"] += f" (not deterministic here: {', '.join(lacking)}; {SAME_WITHIN:g} is allowed)"
        if not difference <= (SAME_WITHIN if lacking else 0):
            row.problems.append("the resumed run is another one")
    return row


def _train_into(folder: Path, case: Case, photos: Path, cpu: bool) -> str:
    """What `gansr train` does with one stage, and prints; a checkpoint half-way, between two log lines."""
    half = case.steps // 2
    options = case.options(photos, output=str(folder), checkpoints={"every": half}, log={"every": half - 1})
    with session(options, cpu) as accelerator, contextlib.redirect_stdout(io.StringIO()) as printed:
        torch.backends.cudnn.benchmark = False  # or each run may choose kernels of its own
        build_stage(options, accelerator, data.open_images(options), None).train()
    return printed.getvalue()


def _checkpoint(folder: Path, step: int) -> Path:
    (found,) = folder.rglob(f"step_{step:08d}")
    return found


def _everything(checkpoint: Path) -> dict[str, Tensor]:
    """Every tensor of a checkpoint: networks, averages, optimizers, scalers."""
    state = torch.load(checkpoint / STATE, map_location="cpu", weights_only=True)
    found = dict(_tensors(state["players"], "players"))
    for file in sorted(checkpoint.glob("*.safetensors")):
        found |= {f"{file.stem}.{name}": value for name, value in weights.read(file).state.items()}
    return found


def _tensors(tree: Any, path: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(tree, dict | list | tuple):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _tensors(value, f"{path}.{key}")
    elif isinstance(tree, Tensor | int | float):
        yield path, torch.as_tensor(tree)


def _largest_difference(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """Over all tensors, in parts of a tensor's largest value; infinite where the two do not match at all."""
    if one.keys() != other.keys() or not one:
        return float("inf")
    changed = [(one[name].double(), other[name].double()) for name in one if not torch.equal(one[name], other[name])]
    return max((float((a - b).abs().max() / a.abs().max().clamp(min=1e-12)) for a, b in changed), default=0.0)


@contextlib.contextmanager
def _deterministic() -> Iterator[list[warnings.WarningMessage]]:
    """Deterministic operations, and the warnings of those that have no such version."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield caught
    finally:
        torch.use_deterministic_algorithms(False)


@contextlib.contextmanager
def session(options: Options, cpu: bool) -> Iterator[Accelerator]:
    """The accelerator of one run, as if it had a program of its own."""
    _forget()
    try:
        yield start(options, cpu)
    finally:
        forbid_waiting(False)
        _forget()


def _forget() -> None:
    """Accelerate allows one precision for each program; the compiler gives up after a few versions of a function."""
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()
    if "torch._dynamo" in sys.modules:
        torch._dynamo.reset()  # pyright: ignore[reportAttributeAccessIssue]
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def forbid_waiting(forbidden: bool) -> None:
    """From now on CUDA raises an error instead of letting the host wait for it; or no longer."""
    if torch.cuda.is_available():
        torch.cuda.set_sync_debug_mode("error" if forbidden else "default")


def _gigabytes(megabytes: float) -> str:
    return f"{megabytes / 1024:.2f}"
