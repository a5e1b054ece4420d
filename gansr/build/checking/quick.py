"""What `gansr train` looks at before the first step: the quick part of `gansr data check`, a second or two."""

import filecmp
import shlex
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from gansr.build.checking.run import seen_in_order
from gansr.build.checking.table import described, names
from gansr.build.feeding.data import Images
from gansr.data.check.findings import KINDS, Finding, ordered
from gansr.data.check.whole import Seen, Unit, leaks, of_role
from gansr.data.files.folders import image_sizes
from gansr.data.sets.mixed_set import WithPairs
from gansr.data.sets.training_set import HrOnly, PairedFiles, Scales
from gansr.data.unpaired.sides import UnpairedFiles
from gansr.errors import DataError
from gansr.options.schema import Options

PAIRS, PHOTOS = 8, 8  # that are decoded and looked at
PIXELS = 32_000_000  # of training images, and as many of validation's, that are compared with each other
MOST = 400  # training images whose sizes are asked for that
SAMPLE = 4096  # bytes by which files of one size are told apart, before all of them are read
ENTIRELY = frozenset({"mismatch", "turned", "channels"})
"""Errors that stop a run only if they are most pairs': one strange pair among thousands is not worth a refusal."""

GENERAL = frozenset({"enlarged", "low_detail", "compressed", "kernel", "colour", "shift"})
"""Warnings that are given only if they are true of most of what was looked at."""

Pair = tuple[Path, Path]
Member = TypeVar("Member")


def quick_check(options: Options, images: Images) -> list[str]:
    """Look at a few of a stage's images, and say what seems wrong; the same ones each time.

    Whether sizes fit was found out before, when the images were found.

    Raises:
        DataError: files are empty or damaged, or most pairs are wrong.
    """
    photos, pairs = members(images.train)
    _refuse_empty([*photos, *(file for pair in pairs for file in pair)])
    scale = options.scales[0]
    some_pairs, some_photos = _spread(pairs, PAIRS), _spread(photos, PHOTOS)
    findings = [*_pairs(some_pairs, scale), *_photos(some_photos)]
    _refuse_errors([one for one in findings if one.severity == "error"], len(some_pairs) + len(some_photos), options)
    train = [*photos, *(hr for _, hr in pairs)]
    validation = [hr for one in images.validation for _, _, hr in one.files if hr is not None]
    findings += _leaks(train, validation)
    return _sentences(ordered(findings), options)


def _refuse_errors(errors: Sequence[Finding], count: int, options: Options) -> None:
    if not errors:
        return
    first = errors[0]
    kind, files = KINDS[first.kind], " and ".join(map(str, first.files))
    broken = f" cannot be read: {kind.title}" if len(first.files) == 1 else f": {kind.title}"
    raise DataError(
        f"data.train: {files}{broken} ({len(errors)} found among {count} that were looked at)"
        f"{', ' * bool(first.said)}{first.said}. {kind.advice} To look at all of them: {_command(options)}."
    )


def members(train: object) -> tuple[list[Path], list[Pair]]:
    """(photos without LR, pairs of LR and HR) of a training set; of sets of other kinds nothing is known."""
    if isinstance(train, HrOnly):
        return list(train.files), []
    if isinstance(train, PairedFiles):  # LR that is made and kept goes by the name of its HR
        return [hr for lr, hr in train.pairs if lr == hr], [pair for pair in train.pairs if pair[0] != pair[1]]
    if isinstance(train, WithPairs):
        return list(train.photos.files), list(train.pairs)
    if isinstance(train, Scales):
        return members(next(iter(train.sets.values())))
    if isinstance(train, UnpairedFiles):
        return list(train.hr.files), []
    return [], []


def _spread(members: Sequence[Member], most: int) -> list[Member]:
    """At most so many, evenly from the first to the last."""
    if len(members) <= most:
        return list(members)
    return [members[number * len(members) // most] for number in range(most)]


def _refuse_empty(files: Sequence[Path]) -> None:
    empty = [file for file in files if file.stat().st_size == 0]
    if empty:
        raise DataError(
            f"data.train: {len(empty)} of {len(files)} files have 0 bytes: {', '.join(names(empty[:3]))}"
            f"{', ...' if len(empty) > 3 else ''}. {KINDS['empty'].advice}"
        )


def _pairs(pairs: Sequence[Pair], scale: int) -> list[Finding]:
    seen = list(seen_in_order([Unit("hr", hr, lr) for lr, hr in pairs], scale, 1))
    found = [finding for one in seen for finding in one.findings]
    return [*_true_of_most(found, len(pairs)), *_broken(seen)]


def _photos(photos: Sequence[Path]) -> list[Finding]:
    seen = list(seen_in_order([Unit("hr", file) for file in photos], 1, 1))
    found = [finding for one in seen for look in one.looks.values() for finding in look.findings]
    return [*_true_of_most([one for one in found if one.kind in GENERAL], len(photos)), *_broken(seen)]


def _true_of_most(findings: Sequence[Finding], count: int) -> list[Finding]:
    """Of warnings and of errors of pairs, those kinds that at least half of what was looked at has."""
    counts = Counter(one.kind for one in findings if one.severity != "note")
    kinds = {kind for kind, found in counts.items() if 2 * found > count and kind in GENERAL | ENTIRELY}
    return [one for one in findings if one.kind in kinds and one.severity != "note"]


def _broken(seen: Sequence[Seen]) -> list[Finding]:
    looks = [look for one in seen for look in one.looks.values()]
    return [one for look in looks if look.facts is None for one in look.findings if one.severity == "error"]


def _leaks(train: Sequence[Path], validation: Sequence[Path]) -> list[Finding]:
    """Validation images that are trained on: by their bytes all, by their looks as many as a second allows."""
    sizes, samples = {file.stat().st_size for file in validation}, defaultdict(list)
    for file in validation:
        samples[_sample(file)].append(file)
    found = []
    for file in train:
        if file.stat().st_size not in sizes:
            continue
        for other in samples.get(_sample(file), []):
            if filecmp.cmp(file, other, shallow=False):
                found.append(Finding("leak", (file, other), "byte by byte", 1.0, "warning"))
    known = {one.files[1] for one in found}
    rest = [file for file in validation if file not in known]
    seen = [list(seen_in_order([Unit("test", file) for file in _few(files)], 1, 1)) for files in (train, rest)]
    near = leaks(of_role(seen[0], "test"), of_role(seen[1], "test"))
    return [*found, *(Finding("leak", one.files, one.said, one.value, "warning") for one in near)]


def _sample(file: Path) -> tuple[int, bytes]:
    """The size, and bytes of the middle: frames without compression are all of one size, and too many to be read."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        opened.seek(max(size // 2 - SAMPLE // 2, 0))
        return size, opened.read(SAMPLE)


def _few(files: Sequence[Path]) -> list[Path]:
    """As many as have PIXELS together, evenly spread."""
    chosen = _spread(files, MOST)
    pixels = sum(height * width for height, width in image_sizes(chosen))
    return _spread(chosen, max(1, len(chosen) * PIXELS // pixels)) if pixels > PIXELS else chosen


def _sentences(findings: Sequence[Finding], options: Options) -> list[str]:
    said = []
    for kind in dict.fromkeys(one.kind for one in findings):
        same = [one for one in findings if one.kind == kind]
        said.append(f"watch out: {KINDS[kind].title}, {len(same)} found; {described(same[0])}. {KINDS[kind].advice}")
    return [*said, f"only a few images were looked at; all of them: {_command(options)}"] if said else []


def _command(options: Options) -> str:
    train = options.data.train
    lr = [word for folder in train.lr_folders(options.scales[0]) for word in ("--lr", str(folder))]
    scale = ["--scale", str(options.scales[0])] if lr else []
    test = [word for one in options.data.validation.values() for word in ("--test", str(one.hr))]
    words = ["gansr", "data", "check", *map(str, train.hr_folders), *lr, *scale, *test, "--crop", str(train.crop)]
    return shlex.join(words)
