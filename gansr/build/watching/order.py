"""What the order of a run's samples follows from: kept beside every checkpoint, compared when it is resumed."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gansr.data.sets.mixed_set import WithPairs
from gansr.data.sets.training_set import HrOnly, PairedFiles, Scales, TrainingSet
from gansr.data.streaming.shards import is_local
from gansr.data.streaming.streamed import Streamed
from gansr.data.unpaired.sides import UnpairedFiles
from gansr.errors import DataError, WeightsError
from gansr.options.schema import Options

ORDER = "order.json"

WORDS = {
    "processes": "processes",
    "batch": "images in a batch",
    "accumulate": "batches in a step",
    "crops": "crops of each image",
    "mixed": "images that are mixed",
}


@dataclass(frozen=True)
class Order:
    """Where the next sample of a run comes from, beside its seed and the number of the step.

    Args:
        images: how many files, or shards, there are to learn from
        names: a digest of their names within the folder that holds them all, in their order
        processes: of the run
        batch: images of each process
        accumulate: batches in a step
        crops: of each image
        mixed: images of shards that are shuffled among each other; 0: images are files
    """

    images: int
    names: str
    processes: int
    batch: int
    accumulate: int
    crops: int
    mixed: int = 0

    @classmethod
    def of(cls, images: TrainingSet, options: Options, processes: int) -> "Order":
        """Today's."""
        names = file_names(images)
        digest = hashlib.sha256("\n".join(names).encode(errors="surrogateescape")).hexdigest()
        train, data = options.train, options.data.train
        mixed = data.streaming.mixed if data.streaming else 0
        return cls(len(names), digest, processes, train.batch, train.accumulate, data.crops_per_image, mixed)

    def files(self) -> dict[str, bytes]:
        """What a checkpoint holds of it."""
        return {ORDER: json.dumps(asdict(self)).encode()}

    def changes(self, checkpoint: Path, resume: str) -> list[str]:
        """Sentences about what makes samples follow that would not have followed; none for a checkpoint without order.

        Raises:
            DataError: the images are others, or shards are shared among other processes, and `resume` is not
                `changed_data`.
            WeightsError: the checkpoint's file is damaged.
        """
        before = _read(checkpoint / ORDER)
        if before is None:
            return []
        found = [
            f"{word}: {getattr(before, name)} -> {getattr(self, name)}"
            for name, word in WORDS.items()
            if getattr(before, name) != getattr(self, name)
        ]
        if (before.images, before.names) != (self.images, self.names):
            what = "shards" if self.mixed else "images"
            found.append(f"{what}: {self._difference(before)}")
            if resume != "changed_data":
                raise DataError(
                    f"data.train: the {what} are not those that {checkpoint} was made with "
                    f"({self._difference(before)}), so the run would not go on with the sample that comes next. "
                    f"Choices: the {what} of that time; resume: changed_data, to go on with these, in an order of "
                    f"their own; or another name:."
                )
        if self.mixed and before.processes != self.processes and resume != "changed_data":
            raise DataError(
                f"data.train.streaming: {checkpoint} was made by {before.processes} processes, each with shards of its "
                f"own, and {self.processes} would share them otherwise: some images of this epoch would come twice and "
                f"others never. Choices: {before.processes} processes; or resume: changed_data, to go on all the same."
            )
        return [f"the order of samples is a new one from here, because of other {', '.join(found)}"] if found else []

    def _difference(self, before: "Order") -> str:
        if before.images == self.images:
            return f"{self.images} as before, but other names"
        return f"{before.images} then, {self.images} now"


def file_names(images: TrainingSet) -> list[str]:
    """The names of all files within the folder that holds them all, in order; of shards likewise; else numbers."""
    if isinstance(images, Streamed):
        return [f"{name} {images.stream.members}" for name in _shard_names(images.stream.shards)]
    groups = _files(images)
    if groups is None:
        return [str(number) for number in range(len(images))]
    found = []
    for files in groups:
        above = _above(files)
        found += [file.absolute().relative_to(above).as_posix() for file in files]
    return found


def _shard_names(shards: Sequence[str]) -> list[str]:
    """As of files, for shards on this machine; the whole URLs of others."""
    above = _above([Path(shard) for shard in shards if is_local(shard)])
    return [Path(shard).absolute().relative_to(above).as_posix() if is_local(shard) else shard for shard in shards]


def _above(files: list[Path]) -> Path:
    """The folder that holds them all."""
    try:
        return Path(os.path.commonpath([file.parent.absolute() for file in files]))
    except ValueError:  # drives of Windows have nothing above them
        return Path()


def _files(images: TrainingSet) -> list[list[Path]] | None:
    """Groups of files, each of which lies somewhere of its own."""
    match images:
        case HrOnly():
            return [images.files]
        case PairedFiles():
            return [list(side) for side in zip(*images.pairs, strict=True)]
        case WithPairs():
            return [images.photos.files, *(list(side) for side in zip(*images.pairs, strict=True))]
        case UnpairedFiles():
            return [images.hr.files, images.real_lr.files]
        case Scales():
            return _files(next(iter(images.sets.values())))
    return None


def _read(path: Path) -> Order | None:
    if not path.exists():
        return None
    try:
        return Order(**json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise WeightsError(
            f"{path}: damaged ({error}). Remove {path.parent} to go on from the one before it."
        ) from None
