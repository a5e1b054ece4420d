"""Everything looked at together: what only many images tell, and statistics."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gansr.data.check.copies.alike import find_alike
from gansr.data.check.findings import Finding
from gansr.data.check.look import Facts, Look, Role, look_at
from gansr.data.check.pairs.compare import compare
from gansr.data.check.pairs.partners import Size, misfit, swapped


@dataclass(frozen=True)
class Unit:
    """What is read at once: an image, or a pair.

    Args:
        role: of the file
        file: an image
        lr: its LR, if it has one; the role is hr then
    """

    role: Role
    file: Path
    lr: Path | None = None


@dataclass(frozen=True)
class Seen:
    """A unit that was looked at.

    Args:
        unit: what it is
        looks: by role
        findings: about the pair
    """

    unit: Unit
    looks: Mapping[Role, Look]
    findings: tuple[Finding, ...] = ()

    @property
    def sizes(self) -> tuple[Size, Size] | None:
        """Of LR and HR, if both could be read."""
        facts = [self.looks[role].facts if role in self.looks else None for role in ("lr", "hr")]
        return None if facts[0] is None or facts[1] is None else (facts[0].size, facts[1].size)


def see(unit: Unit, scale: int, crop: int) -> Seen:
    """Read a unit's files, each once, and look at each and at both."""
    look, image = look_at(unit.file, unit.role, crop)
    if unit.lr is None:
        return Seen(unit, {unit.role: look})
    lr_look, lr = look_at(unit.lr, "lr", crop)
    seen = Seen(unit, {"hr": look, "lr": lr_look})
    if image is None or lr is None:
        return seen
    files = (unit.lr, unit.file)
    wrong = misfit(lr.shape[:2], image.shape[:2], scale)
    found = [Finding("pair_size", (), wrong)] if wrong else compare(lr, image, scale)
    return Seen(unit, seen.looks, tuple(Finding(one.kind, files, one.said, one.value, one.graver) for one in found))


def together(seen: Sequence[Seen], scale: int, folders: tuple[Path, Path] | None) -> list[Finding]:
    """All findings: of single images, of pairs, and those that only all of them tell.

    Args:
        seen: everything
        scale: of the pairs
        folders: of LR and HR, to be named where they are in each other's place
    """
    own = [finding for one in seen for look in one.looks.values() for finding in look.findings]
    pairs = [finding for one in seen for finding in one.findings]
    exchanged = swapped([one.sizes for one in seen if one.sizes], scale)
    if exchanged:
        # What follows from it need not be said of each image.
        own = [one for one in own if one.kind not in ("too_small", "enlarged", "low_detail", "compressed")]
        pairs = [one for one in pairs if one.kind != "pair_size"]
        pairs.append(Finding("swapped", folders or (), "LR is larger than HR by the scale"))
    facts = {role: of_role(seen, role) for role in ("hr", "test")}
    return [*own, *pairs, *_grey(facts["hr"]), *_copies(facts["hr"]), *leaks(facts["hr"], facts["test"])]


def of_role(seen: Sequence[Seen], role: Role) -> list[Facts]:
    """Facts of the images that could be decoded."""
    return [facts for one in seen if role in one.looks and (facts := one.looks[role].facts)]


def _grey(facts: Sequence[Facts]) -> list[Finding]:
    grey = [one for one in facts if one.grey]
    if len(grey) * 2 > len(facts):  # then it is a set of grey images
        return []
    return [
        Finding("grey", (one.file,), "three equal channels" if one.channels == 3 else "one channel") for one in grey
    ]


def _copies(facts: Sequence[Facts]) -> list[Finding]:
    """Groups of images that are alike: whoever resembles a member belongs to it."""
    group = list(range(len(facts)))

    def head(place: int) -> int:
        while group[place] != place:
            group[place] = group[group[place]]
            place = group[place]
        return place

    least: dict[int, float] = {}
    for one, other, value in find_alike([one.print for one in facts]):
        first, second = sorted((head(one), head(other)))
        group[second] = first
        least[first] = min(value, least.get(first, 1.0), least.get(second, 1.0))
    members = defaultdict(list)
    for place in range(len(facts)):
        members[head(place)].append(facts[place])
    found = []
    for place, same in members.items():
        if len(same) > 1:
            exact = len({one.print.digest for one in same}) == 1
            files = tuple(one.file for one in same)
            said = "pixel by pixel" if exact else f"likeness {least[place]:.3f}, {_sizes(same)}"
            found.append(Finding("duplicate" if exact else "near_duplicate", files, said, least[place]))
    return found


def leaks(train: Sequence[Facts], test: Sequence[Facts]) -> list[Finding]:
    """Training images that test images show as well."""
    by_image: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for one, other, value in find_alike([one.print for one in train], [one.print for one in test]):
        by_image[one].append((other, value))
    found = []
    for place, others in sorted(by_image.items()):
        likest = sorted(others, key=lambda pair: -pair[1])
        value = likest[0][1]
        said = "pixel by pixel" if value == 1 else f"likeness {value:.3f}, {_sizes([train[place], test[likest[0][0]]])}"
        found.append(Finding("leak", (train[place].file, *(test[other].file for other, _ in likest)), said, value))
    return found


def _sizes(facts: Sequence[Facts]) -> str:
    return " and ".join(dict.fromkeys(f"{one.size[1]}x{one.size[0]}" for one in facts))


@dataclass(frozen=True)
class Statistics:
    """Of the images of one role.

    Args:
        images: how many could be read
        megapixels: of all
        sides: least, median and greatest of (height, width), by area
        formats: how many of each
        modes: how many of each of Pillow's
        channels: how many of 1 and 3
        means: of R, G and B over all pixels, levels
        deviations: their standard deviations
        raw_bytes: what they take when decoded, as the raw cache keeps them
        file_bytes: what their files take
    """

    images: int
    megapixels: float
    sides: tuple[Size, Size, Size]
    formats: Mapping[str, int]
    modes: Mapping[str, int]
    channels: Mapping[int, int]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    raw_bytes: int
    file_bytes: int


def statistics(facts: Sequence[Facts]) -> Statistics | None:
    """None where there is no image."""
    if not facts:
        return None
    areas = np.array([one.size[0] * one.size[1] for one in facts], float)
    order = np.argsort(areas, kind="stable")
    least, median, greatest = (facts[order[place]].size for place in (0, len(facts) // 2, -1))
    means = np.average([one.means for one in facts], axis=0, weights=areas)
    squares = np.average([one.squares for one in facts], axis=0, weights=areas)
    return Statistics(
        len(facts),
        float(areas.sum() / 1e6),
        (least, median, greatest),
        dict(Counter(one.header.format for one in facts).most_common()),
        dict(Counter(one.header.mode for one in facts).most_common()),
        dict(Counter(one.channels for one in facts).most_common()),
        tuple(means.tolist()),
        tuple(np.sqrt(np.maximum(squares - means**2, 0)).tolist()),
        sum(one.size[0] * one.size[1] * one.channels for one in facts),
        sum(one.header.bytes for one in facts),
    )
