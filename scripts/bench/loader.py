"""Times ways to make batches: threads beside torch's DataLoader with processes, and several crops of each image.

usage: python scripts/bench/loader.py FOLDER [--workers 2] [--rounds 3] [--images 12] [--only loaders|crops]

FOLDER holds photos, of which images of 2040x1356 are pieced together in a temporary folder. Batches are of 16 windows
of 128x128 with the margin of x4, from images in memory and from PNG files, while the main thread only takes them,
computes in Python alone, or calls small operations of PyTorch one after another, as a step that launches kernels does.
All ways take turns in each round. Times are means over the rounds.

Crops of each image are mixed in lanes, as gansr does, and for comparison by shuffling those of 32 images at a time.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, default_collate

sys.path.insert(0, str(Path(__file__).parent))

from mosaics import write_mosaics

from gansr.data.files.decoded import Decoded
from gansr.data.files.folders import find_images
from gansr.data.files.images import read_image, to_rgb
from gansr.data.loading.lanes import LANES, Lanes
from gansr.data.loading.loader import ahead, loaded
from gansr.data.sampler import CounterSampler, Ticket
from gansr.data.sets.training_set import HrOnly

BATCH, CROP, SCALE = 16, 128, 4
CPU = torch.device("cpu")
FIRST = 2  # batches that are not timed
WORK = 0.02  # seconds of the main thread's own work for each batch


class Whole(Dataset[Any]):
    """What a DataLoader's processes run."""

    def __init__(self, dataset: HrOnly):
        self.dataset = dataset

    def __getitems__(self, tickets: list[Any]) -> Any:
        return default_collate([self.dataset[ticket] for ticket in tickets])


def by_processes(dataset: HrOnly, workers: int, batches: int) -> Iterator[Any]:
    """torch's DataLoader."""
    tickets: Any = list(islice(CounterSampler(len(dataset), BATCH, seed=0), batches))
    yield from DataLoader(Whole(dataset), batch_sampler=tickets, num_workers=workers, collate_fn=lambda batch: batch)


def by_threads(dataset: HrOnly, workers: int, batches: int) -> Iterator[Any]:
    """gansr's loader."""
    return loaded(dataset, islice(CounterSampler(len(dataset), BATCH, seed=0), batches), workers, CPU)


def nothing() -> None:
    """The main thread waits for batches."""


def in_python(seconds: float = WORK) -> None:
    """Work that never lets go of the interpreter of its own accord."""
    rounds = round(seconds / in_python.cost)  # pyright: ignore[reportFunctionMemberAccess]
    for number in range(rounds):
        _ = number * number


def in_torch(seconds: float = WORK) -> None:
    """Many small operations."""
    rounds = round(seconds / in_torch.cost)  # pyright: ignore[reportFunctionMemberAccess]
    for _ in range(rounds):
        SMALL.mul_(1.0)


SMALL = torch.ones(64)


def gauge() -> None:
    """Find how long a round of each kind of work takes when nobody disturbs it."""
    for work in (in_python, in_torch):
        work.cost = 1e-7  # pyright: ignore[reportFunctionMemberAccess]
        began = time.perf_counter()
        work(0.01)
        work.cost *= (time.perf_counter() - began) / 0.01  # pyright: ignore[reportFunctionMemberAccess]


def measured(stream: Iterator[Any], batches: int, work: Callable[[], None]) -> np.ndarray:
    """Milliseconds for each batch: on the clock; in `next`; of the main thread on the processor in `next`; and of all
    threads and processes on the processor, from start to end, without the main thread's work.
    """
    waiting = own = working = 0.0
    all_began = processor()
    for _ in islice(stream, FIRST):
        pass
    began = time.perf_counter()
    for _ in range(batches):
        start, mine = time.perf_counter(), time.thread_time()
        next(stream)
        waiting += time.perf_counter() - start
        own += time.thread_time() - mine
        mine = time.thread_time()
        work()
        working += time.thread_time() - mine
    clock = time.perf_counter() - began
    stream.close()  # pyright: ignore[reportAttributeAccessIssue] - a generator
    used = (processor() - all_began - working) / (batches + FIRST)
    return 1000 * np.array([clock / batches, waiting / batches, own / batches, used])


def processor() -> float:
    """Seconds on the processor of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def in_blocks(length: int, crops: int) -> Iterator[list[Ticket]]:
    """Tickets of batches: all crops of 32 images, shuffled, then those of the next 32."""
    number = 0
    for block in count():
        visits = np.repeat(np.arange(block * LANES, (block + 1) * LANES), crops)
        for some in np.random.default_rng(block).permutation(visits).reshape(-1, BATCH):
            yield [Ticket(int(visit) % length, number + place) for place, visit in enumerate(some)]
            number += BATCH


class Counted(Decoded):
    """Knows when it decodes."""

    def __init__(self, recent: int):
        super().__init__(0, recent)
        self.decoded = 0

    def _decode(self, file: Path, decoding: Any) -> None:
        self.decoded += 1
        super()._decode(file, decoding)


def several_crops(files: list[Path], workers: int, rounds: int) -> None:
    """Microseconds of a crop for 1, 4 and 16 crops of each PNG file, in lanes and in blocks."""
    print("| crops of each image | mixed | us a crop | us on the processor | decodings a crop | longest wait [ms] |")
    print("|---|---|---|---|---|---|")
    ways = [(crops, way) for crops in (1, 4, 16) for way in ("lanes", "blocks") if crops > 1 or way == "lanes"]
    found: dict[Any, list[list[float]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for crops, way in ways:
            held = Counted(Lanes(crops).held(ahead(workers, BATCH)) if way == "lanes" else 2 * LANES)
            dataset = HrOnly(many(files), CROP, SCALE, 0, source=held)
            tickets: Any = CounterSampler(len(dataset), BATCH, seed=0, crops=crops)
            if way == "blocks":
                tickets = in_blocks(LINKS, crops)
            found[crops, way].append(_crops(dataset, held, tickets, crops, workers))
    for (crops, way), rows in found.items():
        clock, processor, decoded, longest = np.mean(rows, axis=0)
        print(f"| {crops} | {way} | {clock:.0f} | {processor:.0f} | {decoded:.3f} | {longest:.0f} |", flush=True)


def _crops(dataset: HrOnly, held: "Counted", tickets: Any, crops: int, workers: int) -> list[float]:
    """What two rounds of lanes cost, after as many that fill what is held."""
    batches = 2 * LANES * crops // BATCH if crops > 1 else LANES // BATCH * 4
    stream, waits = loaded(dataset, tickets, workers, CPU), []
    for _ in islice(stream, batches // 2):
        pass
    before, began, processor = held.decoded, time.perf_counter(), time.process_time()
    for _ in range(batches):
        start = time.perf_counter()
        next(stream)
        waits.append(time.perf_counter() - start)
    each = 1e6 / (batches * BATCH)
    row = [(time.perf_counter() - began) * each, (time.process_time() - processor) * each]
    stream.close()
    return [*row, (held.decoded - before) / (batches * BATCH), 1000 * max(waits)]


LINKS = 400


def many(files: list[Path]) -> list[Path]:
    """A few files by many names: each is decoded as if there were as many images."""
    links = []
    for number in range(LINKS):
        link = files[0].parent / f"link_{number}.png"
        if not link.exists():
            link.symlink_to(files[number % len(files)])
        links.append(link)
    return links


def compare(files: list[Path], workers: int, rounds: int) -> None:
    """Both ways, for both kinds of source and three kinds of main thread."""
    sources = {"images in memory": (10_000, 150), "PNG files": (0, 6)}
    ways = {"processes": by_processes, "threads": by_threads}
    print("| source | main thread | way | ms a batch | waiting | main thread, processor | all, processor | samples/s |")
    print("|---|---|---|---|---|---|---|---|")
    for source, (megabytes, batches) in sources.items():
        for work in (nothing, in_python, in_torch):
            rows: dict[str, list[np.ndarray]] = {way: [] for way in ways}
            for _ in range(rounds):
                for way, make in ways.items():
                    held = Decoded(megabytes)
                    for file in files if megabytes else ():
                        held.read(file)
                    dataset = HrOnly(files, CROP, SCALE, 0, source=held)
                    rows[way].append(measured(make(dataset, workers, batches + FIRST), batches, work))
            for way, each in rows.items():
                clock, waiting, own, total = np.mean(each, axis=0)
                cells = (
                    f"{clock:.2f} ± {np.std([one[0] for one in each]):.2f} | {waiting:.2f} | {own:.2f} | {total:.1f}"
                )
                print(f"| {source} | {work.__name__} | {way} | {cells} | {1000 * BATCH / clock:.0f} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=12)
    parser.add_argument("--only", choices=("loaders", "crops"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    gauge()
    with tempfile.TemporaryDirectory(prefix="gansr_bench_") as folder:
        photos = [to_rgb(read_image(file)) for file in find_images([asked.folder], str(asked.folder))]
        files = write_mosaics(
            [one for one in photos if one.shape[0] < one.shape[1]], Path(folder, "large"), asked.images
        )
        if asked.only != "crops":
            compare(files, asked.workers, asked.rounds)
        if asked.only != "loaders":
            several_crops(files, asked.workers, asked.rounds)


if __name__ == "__main__":
    sys.exit(main())
