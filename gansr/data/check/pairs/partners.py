"""Which LR belongs to which HR, as training pairs them, but without stopping at what has no partner."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gansr.data.check.findings import Finding
from gansr.data.files.folders import hr_keys, lr_keys, of_other_scale

Size = tuple[int, int]


@dataclass(frozen=True)
class Partners:
    """Of one folder of HR and one of LR.

    Args:
        pairs: (lr, hr)
        findings: what has no partner, or several
    """

    pairs: Sequence[tuple[Path, Path]]
    findings: Sequence[Finding]


def find_partners(hr_folder: Path, hr: Sequence[Path], lr_folder: Path, lr: Sequence[Path], scale: int) -> Partners:
    """Match files by the names that `pair_lr` goes by."""
    tables: tuple[dict[str, list[Path]], dict[str, list[Path]]] = (defaultdict(list), defaultdict(list))
    for file in lr:
        for table, key in zip(tables, lr_keys(file.relative_to(lr_folder), scale), strict=True):
            table[key].append(file)
    other = of_other_scale([one.name for one in lr], scale)
    pairs, findings, used = [], [], set()
    for file in hr:
        keys = hr_keys(file.relative_to(hr_folder))
        found = next((table[key] for key in keys for table in tables if key in table), [])
        used.update(found)
        if len(found) > 1:
            findings.append(Finding("ambiguous", (file, *found), f"{', '.join(one.name for one in found)}"))
        elif found:
            pairs.append((found[0], file))
        else:
            findings.append(Finding("hr_alone", (file,), f"nothing of its name in {lr_folder}{other}"))
    findings += [Finding("lr_alone", (file,), f"nothing of its name in {hr_folder}") for file in lr if file not in used]
    return Partners(pairs, findings)


def misfit(lr: Size, hr: Size, scale: int) -> str:
    """What is wrong with the sizes (height, width) of a pair; nothing, if HR is up to `scale` - 1 pixels larger."""
    expected = (hr[0] // scale, hr[1] // scale)
    if lr == expected:
        return ""
    return (
        f"LR is {_by(lr)}, HR is {_by(hr)} (width x height): at x{scale} LR would be {_by(expected)}{_factor(lr, hr)}"
    )


def swapped(sizes: Sequence[tuple[Size, Size]], scale: int) -> bool:
    """Whether most pairs of sizes (lr, hr) would fit if each were the other."""
    return bool(sizes) and 2 * sum(not misfit(hr, lr, scale) for lr, hr in sizes if misfit(lr, hr, scale)) > len(sizes)


def _factor(lr: Size, hr: Size) -> str:
    factors = {round(big / small, 2) for small, big in zip(lr, hr, strict=True)}
    turned = {round(big / small, 2) for small, big in zip(lr[::-1], hr, strict=True)}
    if len(factors) == 1:
        return f"; these are x{factors.pop():g}"
    return f"; these are x{turned.pop():g} and turned by a quarter" if len(turned) == 1 else ""


def _by(size: Size) -> str:
    return f"{size[1]}x{size[0]}"
