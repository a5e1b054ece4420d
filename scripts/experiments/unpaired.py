"""Does learning a degradation from unpaired photos help? Trains small networks, measures them on true pairs.

usage: python scripts/experiments/unpaired.py DATA --out FOLDER [--degradation a] [--judge Set14] [--seeds 0 1 2]

DATA holds BSDS300_train, and Set14 and T91 with a folder HR each. The plan, written before the runs:

* HR: the first 100 photos of BSDS300_train by name. Real LR: the other 100, through a hidden degradation that no
  learner is told, and that no code of gansr makes (`hidden.py`).
* Degradations: (a) Gaussian blur 1.2, every second pixel, noise 20; (b) the hard case: Gaussian blur 2.0 along 30
  degrees and 1.0 across, every second pixel, noise 10, JPEG 60; (c) x4, blur 2.0, shot and read noise, 8 levels at
  mid-grey. Blur in HR pixels. Any other is named by its numbers, as in
  `--degradation scale=2,blur=1.5,across=0.8,angle=20,noise=5,poisson=6,jpeg=70`.
* Seeds 0, 1, 2 for photos' noise and for training alike.
* Arms (`arms.py`): `bicubic` interpolation; `bicubic_pairs`, trained on bicubic LR; `wrong_guess`, trained on LR by the
  preset real_esrgan; methods without pairs, a row each; `oracle`, trained on HR with its true LR. Each is an options
  file that goes the way of `gansr train`.
* One generator (EDSR, 3 blocks, 24 features) and one budget for all: 700 steps, batch 16, LR crops of 24, L1, Adam at
  1e-3, halved after 350 and 600 steps. No average of weights; the last ones are judged. What a method needs before
  them (500 steps of a degrader alone) comes on top, and the whole of (a) with one seed has to fit into 20 minutes of
  two cores.
* Judged on true pairs: Set14 through the same degradation. What is tuned is tuned on T91 (`--judge T91`), with
  `--set KEY=VALUE` and `--label NAME`.
* Reported for each image: PSNR and SSIM on Y of BT.601, `scale` pixels of the border cut off, and the distance of
  `feature_distance` (ImageNet SqueezeNet 1.0, no loss of any arm). Of the arms: means; how much of the way from
  `bicubic_pairs` to `oracle` their mean PSNR goes, and how much of it from whichever baseline is better; Wilcoxon's
  signed-rank test on PSNR against `bicubic` and against `bicubic_pairs`, exact, two-sided.
* The bar, on (a): `learned_kernel_noise` beats `bicubic` and `bicubic_pairs` on every seed with p < 0.01, and goes at
  least 70 % of the way; at least three methods go 50 %. On (b): a method that beats both.

FOLDER gets results.json, tables.md, and for each seed the images, runs and pictures. What stands in results.json is not
run again; to repeat an arm, remove it there.
"""

import argparse
import json
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import report
from arms import BICUBIC, Job, arms, one_thread, perform
from hidden import Hidden, parse
from judging import Scored, metrics, write_pairs, write_photos

from gansr.errors import UserError
from gansr.evaluation.scores import write_json

ARMS = (BICUBIC, *arms(2))
Answer = tuple[float, Scored]


class Results:
    """FOLDER/results.json: seed -> arm -> seconds, options, scores; with the degradation that all of them share.

    Raises:
        UserError: it is of another degradation.
    """

    def __init__(self, folder: Path, hidden: Hidden) -> None:
        self.file = folder / "results.json"
        fresh = {"degradation": str(hidden), "seeds": {}}
        self.document: dict[str, Any] = json.loads(self.file.read_text("utf-8")) if self.file.exists() else fresh
        if self.document["degradation"] != str(hidden):
            raise UserError(f"{self.file} is of {self.document['degradation']}, not of {hidden}: take another --out.")

    def of(self, seed: int) -> dict[str, Any]:
        """Arm -> its record."""
        return self.document["seeds"].setdefault(str(seed), {})

    def misses(self, job: Job) -> bool:
        """Is the arm still to be run?

        Raises:
            UserError: it was run with other options, or for other judges.
        """
        record = self.of(job.seed).get(job.label)
        if record is None:
            return True
        if record["options"] != job.trees() or not set(job.judges) <= record["judges"].keys():
            raise UserError(
                f"{self.file}: {job.label} of seed {job.seed} was run with other options or judges. Remove it there, "
                f"give this one a --label, or take another --out."
            )
        return False

    def add(self, job: Job, answer: Answer) -> None:
        """Keep what an arm was found to be, at once; arms stand in the order of the table."""
        found = self.of(job.seed)
        found[job.label] = {"arm": job.arm, "seconds": answer[0], "options": job.trees(), "judges": answer[1]}
        ordered = sorted(found.items(), key=lambda item: ARMS.index(item[1]["arm"]))
        self.document["seeds"][str(job.seed)] = dict(ordered)
        write_json(self.document, self.file)


def perform_all(jobs: list[Job], processes: int) -> Iterator[tuple[Job, Answer | UserError]]:
    """Run jobs, several at once, each in one thread; in this process if there is one alone."""
    if processes == 1:
        for job in jobs:
            try:
                yield job, perform(job)
            except UserError as error:
                yield job, error
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=one_thread) as pool:
        futures: dict[Future[Answer], Job] = {pool.submit(perform, job): job for job in jobs}
        for future in as_completed(futures):
            error = future.exception()
            if error is not None and not isinstance(error, UserError):
                raise error
            yield futures[future], error or future.result()


def main(arguments: list[str] | None = None) -> int:
    """Run what is missing; write down everything after each arm. 1 if an arm failed."""
    given = _parsed(arguments)
    metrics(given.degradation.scale, given.squeezenet)  # weights that cannot be had are known now
    results, failed = Results(given.out, given.degradation), False
    for seed in given.seeds:
        jobs = [job for job in _jobs(given, seed) if results.misses(job)]
        if jobs:
            _write_images(given, seed)
        for job, answer in perform_all(jobs, given.processes):
            if isinstance(answer, UserError):
                failed = True
                print(f"seed {seed}, {job.label}: FAILED. {answer}", flush=True)
                continue
            results.add(job, answer)
            print(f"seed {seed}, {job.label}: {answer[0]:.0f} s", flush=True)
        _report(given, results, seed)
    return int(failed)


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--degradation", type=_hidden, default="a", help="a, b, c, or scale=2,blur=1.5,noise=5,...")
    parser.add_argument("--photos", default="BSDS300_train", help="folder in DATA; half of it is HR")
    parser.add_argument("--judge", nargs="+", default=["Set14"], help="folders in DATA with a folder HR each")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=ARMS)
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="overrides of the arms' options")
    parser.add_argument("--label", default="", help="of these overrides, behind the arms' names")
    parser.add_argument("--processes", type=int, default=2, help="arms at once, each in one thread")
    parser.add_argument("--squeezenet", default="imagenet", help="weights of the distance's network; none: no distance")
    given = parser.parse_args(arguments)
    given.squeezenet = None if given.squeezenet == "none" else given.squeezenet
    return given


def _hidden(text: str) -> Hidden:
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _jobs(given: argparse.Namespace, seed: int) -> list[Job]:
    """Those that take long come first, so that no process is left with one at the end."""
    found = [
        Job(
            arm=arm,
            label=f"{arm}_{given.label}" if given.label else arm,
            scale=given.degradation.scale,
            seed=seed,
            folder=given.out / f"seed{seed}",
            judges=tuple(given.judge),
            overrides=tuple(given.set),
            squeezenet=given.squeezenet,
        )
        for arm in given.arms
    ]
    return sorted(found, key=lambda job: job.steps, reverse=True)


def _write_images(given: argparse.Namespace, seed: int) -> None:
    folder = given.out / f"seed{seed}"
    write_photos(given.data / given.photos, folder, given.degradation, seed)
    for judge in given.judge:
        write_pairs(given.data / judge / "HR", folder / "judges" / judge, given.degradation, seed)


def _report(given: argparse.Namespace, results: Results, seed: int) -> None:
    """Tables of all seeds so far, and this one's pictures."""
    seeds = results.document["seeds"]
    parts = [f"Hidden: {given.degradation}."]
    for judge in dict.fromkeys(name for found in seeds.values() for one in found.values() for name in one["judges"]):
        parts += [f"{judge}, seed {number}\n\n{report.table(found, judge)}" for number, found in seeds.items()]
        parts.append(f"{judge}, all seeds\n\n{report.verdict(seeds, judge)}")
    (given.out / "tables.md").write_text("\n\n".join(parts) + "\n", "utf-8")
    print("\n\n".join(parts[1:]), flush=True)
    for judge in given.judge:
        report.strips(given.out / f"seed{seed}", judge, list(seeds[str(seed)]))


if __name__ == "__main__":
    raise SystemExit(main())
