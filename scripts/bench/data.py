"""Times what a crop of 128x128 costs from whole PNG files, sub-images, LMDB and the raw cache, side by side.

usage: python scripts/bench/data.py FOLDER... [--images 16] [--rounds 7] [--threads 2] [--crops 100000] [--out NAME]

FOLDERs hold photos; PNG files of 2040x1356 are put together from them in a folder for temporary files. All ways take
turns, round by round, in one thread, with all files in the system's memory. Times are of the processor, which other
work on the machine changes less than time on the clock; that is in the JSON too. Building the cache and an epoch of
the common way take turns, with as many threads here as processes there. `Cold` is time on the clock for one crop from
files that the system was told to forget.

`--out NAME` writes NAME.json and NAME.md.
"""

import argparse
import json
import multiprocessing
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import PIL
from mosaics import HEIGHT, WIDTH
from ways import BATCH, COMMON, CROP, HR_ONLY, KEPT_LR, LMDB, MAPPED, OURS, TILES, Bench, Way, batches, common_loader

from gansr.data.files.folders import find_images
from gansr.data.files.images import read_image, to_rgb
from gansr.data.store.disk.shards import Shards
from gansr.data.store.raw_cache import open_cache
from gansr.data.store.variants import PIXELS

CALLS = {COMMON: 6, TILES: 50, LMDB: 50, HR_ONLY: 125, KEPT_LR: 125}
SIMPLE = 3000  # calls of all other ways


def measure(ways: dict[str, Way], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Name -> microseconds for a crop in each round, of the processor's time and of the clock's."""
    found: dict[str, dict[str, list[float]]] = {name: {"processor": [], "clock": []} for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            calls = CALLS.get(name, SIMPLE)
            crops = calls * BATCH if name in (HR_ONLY, KEPT_LR) else calls
            clock, processor = time.perf_counter(), time.process_time()
            for _ in range(calls):
                way()
            if turn:  # the first one warms up
                found[name]["processor"].append((time.process_time() - processor) / crops * 1e6)
                found[name]["clock"].append((time.perf_counter() - clock) / crops * 1e6)
    return found


def builds(bench: Bench, threads: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of the clock and of all processors: an epoch of the common way, and the cache from nothing, in turns."""

    loader = common_loader(bench, threads)
    for _ in loader:
        pass  # its workers are there now

    def epoch(_turn: int) -> None:
        for _ in loader:
            pass

    def build(turn: int) -> None:
        open_cache(bench.folder / f"again_{turn}", bench.files, [bench.folder / "png"], PIXELS, threads=threads)

    found: dict[str, dict[str, list[float]]] = {name: {"clock": [], "processor": []} for name in ("epoch", "build")}
    for turn in range(rounds):
        both = [("epoch", epoch), ("build", build)]
        for name, work in both if turn % 2 else reversed(both):
            os.sync()
            clock, processor = time.perf_counter(), all_processors()
            work(turn)
            found[name]["clock"].append(time.perf_counter() - clock)
            found[name]["processor"].append(all_processors() - processor)
        shutil.rmtree(bench.folder / f"again_{turn}")
    return found


def all_processors() -> float:
    """Seconds that this process and its workers have had of the processors."""
    total = time.process_time()
    for worker in multiprocessing.active_children():
        fields = Path(f"/proc/{worker.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def said_of_builds(found: dict[str, dict[str, list[float]]], threads: int) -> str:
    """Medians, and the median of the rounds' ratios."""
    parts = []
    for key, name in (("clock", "of the clock"), ("processor", "of processors")):
        build, epoch = found["build"][key], found["epoch"][key]
        ratios = [one / other for one, other in zip(build, epoch, strict=True)]
        parts.append(
            f"{statistics.median(build):.2f} s and {statistics.median(epoch):.2f} s {name}, ratio "
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f} - {max(ratios):.2f})"
        )
    return (
        f"Building the cache with {threads} threads, and an epoch of the common way with {threads} workers of a "
        f"DataLoader: {'; '.join(parts)}."
    )


def cold(bench: Bench, crops: int = 60) -> dict[str, list[float]]:
    """Microseconds on the clock for a crop from files that are not in memory: of the cache, of mapped whole images."""
    found: dict[str, list[float]] = {OURS: [], MAPPED: []}
    for _ in range(crops):
        file = bench.pick(bench.files)
        shards, entry = bench.cache.places[file]
        top, left = bench.corner(*entry.shape[:2])
        forget(shards.path(entry.shard))
        fresh = Shards(shards.folder)
        begin = time.perf_counter()
        fresh.window(entry.shard, entry.offset, entry.shape, (top, left, CROP, CROP))
        found[OURS].append((time.perf_counter() - begin) * 1e6)
        whole = bench.folder / "whole" / f"{file.stem}.cold"
        if not whole.exists():
            read_image(file).tofile(whole)
        forget(whole)
        begin = time.perf_counter()
        np.array(np.memmap(whole, np.uint8, "r", shape=entry.shape)[top : top + CROP, left : left + CROP])
        found[MAPPED].append((time.perf_counter() - begin) * 1e6)
    return found


def forget(file: Path) -> None:
    """Have the system write a file, and keep nothing of it in memory."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def memory(bench: Bench, crops: int) -> dict[int, float]:
    """Number of samples drawn -> megabytes of this process in memory."""
    draw, found, done = batches(bench.hr_only()), {}, 0
    for until in (crops // 100, crops // 4, crops // 2, 3 * crops // 4, crops):
        while done < until:
            draw()
            done += BATCH
        pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
        found[done] = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return found


def row(name: str, times: dict[str, list[float]], common: list[float]) -> str:
    """A line of the table: median, least, most, and how many times cheaper than the common way in the same rounds."""
    taken = times["processor"]
    ratio = statistics.median(one / other for one, other in zip(common, taken, strict=True))
    return f"| {name} | {statistics.median(taken):,.1f} | {min(taken):,.1f} - {max(taken):,.1f} | {ratio:,.0f} |"


def page(found: dict[str, Any]) -> str:
    """All that was found, for people."""
    times, kept = found["times"], list(found["memory"].items())
    common = times[COMMON]["processor"]
    read, mapped = (statistics.median(found["cold"][key]) for key in (OURS, MAPPED))
    return "\n".join(
        [
            f"{found['images']} PNG files of {WIDTH}x{HEIGHT} ({found['bits']:.1f} bits a pixel); {found['machine']}",
            "",
            f"| microseconds of processor for each {CROP}x{CROP} crop | median | from - to | times cheaper |",
            "|---|---|---|---|",
            *(row(name, one, common) for name, one in times.items()),
            "",
            said_of_builds(found["builds"], found["threads"]),
            "",
            f"Cold: {read:,.0f} us for a crop from the raw cache, {mapped:,.0f} us from mapped whole images (median).",
            "",
            "Memory: " + ", ".join(f"{size:.0f} MB after {count:,} samples" for count, size in kept) + ".",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--crops", type=int, default=100_000, help="over which memory is watched")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    photos = [to_rgb(read_image(file)) for file in find_images(asked.folders, "FOLDER")]
    photos = [photo for photo in photos if min(photo.shape[:2]) >= 160]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), photos, asked.images)
        size = sum(file.stat().st_size for file in bench.files)
        found: dict[str, Any] = {
            "images": asked.images,
            "bits": size * 8 / (asked.images * WIDTH * HEIGHT),
            "machine": f"{platform.machine()}, Python {platform.python_version()}, Pillow {PIL.__version__}",
            "threads": asked.threads,
            "times": measure(bench.ways(), asked.rounds),
            "builds": builds(bench, asked.threads, asked.rounds),
            "cold": cold(bench),
            "memory": memory(bench, asked.crops),
        }
    print(page(found))
    if asked.out is not None:
        asked.out.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        asked.out.with_suffix(".md").write_text(page(found), "utf-8")


if __name__ == "__main__":
    main()
