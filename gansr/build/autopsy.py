"""What a run leaves behind when a loss stops being finite: the names of the images, and the batch itself."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator
from torch import Tensor

from gansr.build.feeding.data import training_batches
from gansr.data.files.images import write_image
from gansr.data.sampler import CounterSampler, Ticket
from gansr.data.sets.mixed_set import WithPairs
from gansr.data.sets.training_set import HrOnly, PairedFiles, Scales, TrainingSet
from gansr.data.streaming.streamed import Streamed
from gansr.data.unpaired.sides import UnpairedFiles
from gansr.errors import UserError
from gansr.models import weights
from gansr.options.schema import Options
from gansr.training.files import replace_text

NAMED = 8  # images in a message; images.txt has them all


@dataclass(frozen=True)
class Autopsy:
    """Draws a micro-batch of this process once more, names its images, and saves it for a look.

    Batches are functions of their number: this is the very batch, to the last bit.
    """

    images: TrainingSet
    options: Options
    accelerator: Accelerator

    def __call__(self, micro_batch: int, names: list[str]) -> str:
        """Sentences about micro-batch number `micro_batch`, in which the values `names` stopped being finite.

        Never raises for a disk that is full or an image that is gone: the reader is told so beside.
        """
        samples = self._samples(micro_batch)
        folder = self._folder(micro_batch)
        try:
            self._save(folder, micro_batch, names, samples)
        except (UserError, OSError, RuntimeError) as error:  # the last: a device without memory left
            reason = str(error).partition("\n")[0]
            return f"Its images: {', '.join(samples)}. The batch could not be saved: {reason.rstrip('.')}."
        more = f" and {len(samples) - NAMED} more" if len(samples) > NAMED else ""
        return f"Its images: {', '.join(samples[:NAMED])}{more}. The batch is saved in {folder}."

    def _samples(self, micro_batch: int) -> list[str]:
        """The files of each sample."""
        train, processes = self.options.train, self.accelerator
        sampler = CounterSampler(
            len(self.images),
            train.batch,
            self.options.seed,
            processes.process_index,
            processes.num_processes,
            micro_batch,
            self.options.data.train.crops_per_image,
        )
        tickets = next(iter(sampler))
        if not isinstance(self.images, Streamed):
            return [sources(self.images, ticket) for ticket in tickets]
        try:
            with self.images.opened(sampler) as row:
                return [row.name(ticket) for ticket in tickets]
        except UserError as error:  # a shard that is gone by now
            return [str(error)]

    def _folder(self, micro_batch: int) -> Path:
        step = micro_batch // self.options.train.accumulate + 1
        process = f"_process_{self.accelerator.process_index}" if self.accelerator.num_processes > 1 else ""
        return self.options.folder / "not_finite" / f"step_{step}{process}"

    def _save(self, folder: Path, micro_batch: int, names: Sequence[str], samples: Sequence[str]) -> None:
        """images.txt, the exact tensors in batch.safetensors, and a picture of each."""
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier try
        replace_text(folder / "images.txt", "".join(f"{number}: {files}\n" for number, files in enumerate(samples)))
        tensors = self._tensors(micro_batch)
        metadata = {"micro_batch": str(micro_batch), "not_finite": ", ".join(names)}
        weights.write(folder / "batch.safetensors", tensors, metadata)
        for name, values in tensors.items():
            for number, picture in enumerate(pictures(values)):
                write_image(folder / f"{number}_{name}.png", picture)

    def _tensors(self, micro_batch: int) -> dict[str, Tensor]:
        """The micro-batch, by the names of its fields."""
        here: dict[str, Any] = {"workers": 0}  # one batch is not worth starting workers for
        train = self.options.data.train.model_copy(update=here)
        options = self.options.model_copy(update={"data": self.options.data.model_copy(update={"train": train})})
        batches = training_batches(self.images, options, self.accelerator)(micro_batch)
        try:
            batch = next(batches)
        finally:
            batches.close()  # pyright: ignore[reportAttributeAccessIssue] - it is a generator
        found = {field.name: getattr(batch, field.name) for field in fields(batch)}
        return {name: value for name, value in found.items() if isinstance(value, Tensor)}


def sources(images: TrainingSet, ticket: Ticket) -> str:
    """The file or files that a sample is cut from."""
    match images:
        case HrOnly():
            return str(images.file(ticket))
        case PairedFiles():
            return " with ".join(map(str, images.pair(ticket)))
        case WithPairs():
            pair = images.pair(ticket)
            return " with ".join(map(str, pair)) if pair else sources(images.photos, ticket)
        case UnpairedFiles():
            return " and ".join(map(str, images.files(ticket)))
        case Scales():
            scale = images.draw(ticket.position)
            return f"{sources(images.sets[scale], ticket)} at x{scale}"
    return f"number {ticket.index}"


def pictures(images: Tensor) -> list[np.ndarray]:
    """(B, 1 or 3, H, W) in [0, 1] as B images (H, W, C) of bytes; of anything else, none."""
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        return []
    levels = images.detach().float().clamp(0, 1).mul(255).round().byte()
    return list(levels.permute(0, 2, 3, 1).cpu().numpy())
