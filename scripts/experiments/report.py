"""What is said of scores: tests, tables, the bar, pictures."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from judging import Scored, keep, shown
from PIL import Image, ImageDraw

from gansr.data.files.images import read_image
from gansr.evaluation.statistics import signed_rank

BICUBIC, BASE, ORACLE = "bicubic", "bicubic_pairs", "oracle"
Found = dict[str, Any]  # arm -> its judges and seconds, of one seed


def values(scored: Scored, judge: str, metric: str) -> np.ndarray:
    """Of each image, in the order of their names; empty where it was not measured."""
    images = scored.get(judge, {})
    return np.array([images[name][metric] for name in sorted(images) if metric in images[name]])


def closed(arm: np.ndarray, base: np.ndarray, oracle: np.ndarray) -> float:
    """How much of the way from the base to the oracle an arm's mean goes; NaN where the oracle is no better."""
    if oracle.mean() <= base.mean():
        return float("nan")
    return float((arm.mean() - base.mean()) / (oracle.mean() - base.mean()))


def strictly_closed(psnr: dict[str, np.ndarray], arm: str) -> float:
    """The same, but from whichever of the two baselines is better."""
    return closed(psnr[arm], max(psnr[BICUBIC], psnr[BASE], key=np.mean), psnr[ORACLE])


def table(found: Found, judge: str) -> str:
    """Arms of one seed and one judge, a line each."""
    psnr = {arm: scores for arm, scores in _psnr(found, judge).items() if len(scores)}
    lines = [
        "| arm | PSNR | SSIM | distance | of the way | from the better baseline | better than bicubic "
        "| better than bicubic_pairs | seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for arm, scores in psnr.items():
        gaps = ["", ""]
        if psnr.keys() >= {BICUBIC, BASE, ORACLE}:
            gaps = [f"{closed(scores, psnr[BASE], psnr[ORACLE]):.0%}", f"{strictly_closed(psnr, arm):.0%}"]
        others = [against(scores, psnr[base]) if base in psnr and base != arm else "" for base in (BICUBIC, BASE)]
        cells = [arm, *_means([found[arm]], judge), *gaps, *others, f"{found[arm]['seconds']:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def verdict(seeds: dict[str, Found], judge: str) -> str:
    """The bar, over all seeds: how much an arm closes, and on how many both baselines lose with p < 0.01."""
    lines = [
        "| arm | PSNR | SSIM | distance | of the way, by seed | from the better baseline "
        "| beats both baselines, p < 0.01 |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm in dict.fromkeys(name for found in seeds.values() for name in found):
        of_seeds = [psnr for psnr in (_psnr(found, judge) for found in seeds.values()) if len(psnr.get(arm, ()))]
        whole = [psnr for psnr in of_seeds if all(len(psnr.get(one, ())) for one in (BICUBIC, BASE, ORACLE))]
        gaps = [closed(psnr[arm], psnr[BASE], psnr[ORACLE]) for psnr in whole]
        strict = [strictly_closed(psnr, arm) for psnr in whole]
        wins = [all(beats(psnr[arm], psnr[base]) for base in (BICUBIC, BASE)) for psnr in whole]
        if of_seeds:
            means = _means([found[arm] for found in seeds.values() if arm in found], judge)
            ways = [", ".join(f"{gap:.0%}" for gap in some) for some in (gaps, strict)]
            cells = [arm, *means, *ways, f"{sum(wins)} of {len(wins)} seeds"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def against(arm: np.ndarray, base: np.ndarray) -> str:
    """By how much and on how many images it is better, and p of Wilcoxon's test."""
    return f"{(arm - base).mean():+.2f}, {int((arm > base).sum())}/{len(arm)}, p {signed_rank(list(arm - base)):.1e}"


def beats(arm: np.ndarray, base: np.ndarray) -> bool:
    """Is the mean higher, with p < 0.01 over the images?"""
    return bool(arm.mean() > base.mean() and signed_rank(list(arm - base)) < 0.01)


def _psnr(found: Found, judge: str) -> dict[str, np.ndarray]:
    return {arm: values(one["judges"], judge, "psnr") for arm, one in found.items()}


def _means(records: Sequence[Any], judge: str) -> Iterator[str]:
    """PSNR, SSIM and distance over all images of all records; nothing for what was not measured."""
    for metric, form in (("psnr", ".3f"), ("ssim", ".4f"), ("distance", ".3f")):
        scores = np.concatenate([values(one["judges"], judge, metric) for one in records])
        yield format(scores.mean(), form) if len(scores) else ""


def strips(folder: Path, judge: str, arms: Sequence[str]) -> None:
    """Of each shown image a row: the arms, then the original; the middle 160 pixels, named above."""
    truths = sorted((folder / "judges" / judge / "hr").glob("*.png"))
    for truth in (truths[number] for number in shown(len(truths))):
        made = {arm: folder / "runs" / arm / "sr" / judge / truth.name for arm in arms}
        tiles = {arm: read_image(path) for arm, path in made.items() if path.exists()}
        strip = _strip(tiles | {"original": read_image(truth)})
        keep(folder / "pictures" / f"{judge}_{truth.name}", strip)


def _strip(tiles: dict[str, np.ndarray], side: int = 160) -> np.ndarray:
    high, wide = next(iter(tiles.values())).shape[:2]
    height, width = min(side, high), min(side, wide)
    top, left = (high - height) // 2, (wide - width) // 2
    canvas = Image.new("RGB", (len(tiles) * (width + 4), height + 14), "white")
    for number, (title, image) in enumerate(tiles.items()):
        place = number * (width + 4)
        ImageDraw.Draw(canvas).text((place, 1), title, fill="black")
        canvas.paste(Image.fromarray(image[top : top + height, left : left + width]), (place, 14))
    return np.asarray(canvas)
