"""Who upscales for a report, what, and how it is judged: from the options that runs have saved."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from gansr.build.evaluate import BICUBIC, upscaler
from gansr.build.evaluating.asked import component, open_sets
from gansr.build.feeding.roots import found_at, validation_root
from gansr.build.making.ship import BEST, LAST
from gansr.data.files.roots import files_of
from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.errors import UserError
from gansr.evaluation.scores import Metric, Upscale
from gansr.metrics import METRICS
from gansr.models.weights import read
from gansr.options.component import Component, build
from gansr.options.load import load
from gansr.options.schema import Options
from gansr.report.reading.runs import OPTIONS, Part

USUAL = ("psnr", "ssim")  # of runs whose options cannot be read


@dataclass(frozen=True)
class Source:
    """Somebody who upscales; `upscale` is called with a scale for the function of images."""

    label: str
    scales: tuple[int, ...] | None  # None: any
    upscale: Callable[[int], Upscale]


@dataclass
class Material:
    """What a report has to show, and what it lacks."""

    sources: list[Source] = field(default_factory=list)
    sets: list[EvaluationSet] = field(default_factory=list)
    real: dict[int, list[Path]] = field(default_factory=dict)  # scale -> photos without ground truth
    rows: dict[str, Component] = field(default_factory=dict)  # metrics by name
    weights: dict[str, str] = field(default_factory=dict)  # label of a part -> which weights, in words
    missing: list[str] = field(default_factory=list)

    def metrics(self, scale: int) -> dict[str, Metric]:
        """Metrics of images of one scale; one that cannot be built is left out, and said to be missing."""
        found: dict[str, Metric] = {}
        for name, row in self.rows.items():
            try:
                found[name] = build(row, METRICS, f"metric {name}", scale=scale)
            except UserError as error:
                self.lacks(f"The metric {name} is left out. {error}")
        return found

    def lacks(self, sentence: str) -> None:
        """Something cannot be shown."""
        if sentence not in self.missing:
            self.missing.append(sentence)


def gather(parts: Sequence[Part], on: Sequence[str], metrics: Sequence[str], tile: int | None, cpu: bool) -> Material:
    """Weights, sets and metrics of all parts; what has gone since is noted, never an error.

    Args:
        parts: of the page
        on: NAME=HR[:LR] of further sets, for every scale that is there; NAME=:LR shows other real LR than the run's
        metrics: further ones, a name or `{type: ..., argument: ...}`
        tile: upscale in tiles of so many LR pixels
        cpu: do not use a GPU

    Raises:
        OptionsError: a set or a metric that was asked for is not written as it should be.
        DataError: a set that was asked for is missing.
    """
    found = Material()
    for part in parts:
        options = _options(part, found)
        scales = _scales(options, part)
        _add_weights(part, options, scales, found, tile, cpu)
        if options is not None:
            found.rows |= {name: row for name, row in options.validation.metrics.items() if name not in found.rows}
            _add_sets(part, options, found)
    known = {scale for source in found.sources for scale in source.scales or ()}
    for images in (one for scale in sorted(known) for one in open_sets(on, scale)):
        if images.has_truth:
            found.sets.append(images)
        else:
            found.real[images.scale] = [lr for _, lr, _ in images.files if lr is not None]
    found.rows |= {row.type: row for row in map(component, metrics)}
    found.rows = found.rows or {name: Component(type=name) for name in USUAL}
    if known - {1}:
        found.sources.insert(0, Source(BICUBIC, None, lambda scale: upscaler(BICUBIC, scale, None, None, True)))
    return found


def _options(part: Part, found: Material) -> Options | None:
    path = part.folder / OPTIONS
    if part.options is None:
        return None
    try:
        return load(path)[0]
    except UserError as error:
        found.lacks(f"The options of {part.label} are not those of this version, so its own sets are left out. {error}")
        return None


def _scales(options: Options | None, part: Part) -> tuple[int, ...]:
    if options is not None:
        own = [one.scale for one in options.data.validation.values() if one.scale is not None]
        return tuple(dict.fromkeys([options.scale, *options.scales, *own]))
    told = (part.options or {}).get("scale")
    return (told,) if isinstance(told, int) else ()


def _add_weights(
    part: Part, options: Options | None, scales: tuple[int, ...], found: Material, tile: int | None, cpu: bool
) -> None:
    """The part as somebody who upscales, by the weights that its options would recommend."""
    names = [LAST, BEST] if _prefers_last(options) else [BEST, LAST]
    path = next((part.folder / name for name in names if (part.folder / name).exists()), None)
    if path is None:
        found.lacks(f"{part.label} has no weights yet ({BEST} or {LAST}), so no pictures and no scores of its own.")
        return
    made = cache(lambda scale: upscaler(str(path), scale, None, tile, cpu))  # once for all sets
    try:
        loaded = made(scales[0] if scales else None)
        step = read(path).metadata.get("step")
    except UserError as error:
        found.lacks(f"The weights of {part.label} cannot be used. {error}")
        return
    found.weights[part.label] = f"{path.name}, step {int(step):,}" if step else path.name
    found.sources.append(Source(part.label, scales or (loaded.scale,), made))


def _prefers_last(options: Options | None) -> bool:
    """In a game whose best weights nobody chose a metric for, the best are those that the GAN changed least."""
    return options is not None and options.recipe != "paired" and options.checkpoints.best is None


def _add_sets(part: Part, options: Options, found: Material) -> None:
    for name, folders in options.data.validation.items():
        scale = folders.scale or options.scale
        try:
            _add(
                EvaluationSet.open(name, validation_root(folders), folders.lr, scale, f"data.validation.{name}"),
                part,
                found,
            )
        except UserError as error:
            found.lacks(f"Set {name} of {part.label} cannot be shown. {error}")
    if options.data.train.real_lr_roots:
        try:
            found.real.setdefault(
                options.scale, files_of(found_at(options.data.train.real_lr_roots, "data.train.real_lr"))
            )
        except UserError as error:
            found.lacks(f"Real LR of {part.label} cannot be shown. {error}")


def _add(images: EvaluationSet, part: Part, found: Material) -> None:
    """A set, once; another one of the same name is told apart by whose it is."""
    for other in found.sets:
        if (other.files, other.scale) == (images.files, images.scale):
            return
    if any(other.name == images.name for other in found.sets):
        images = EvaluationSet(f"{images.name} ({part.label})", images.files, images.scale)
    found.sets.append(images)


def able(sources: Sequence[Source], scale: int) -> Iterator[Source]:
    """Those who enlarge by this scale; bicubic does nothing at scale 1."""
    for source in sources:
        if (scale > 1) if source.scales is None else (scale in source.scales):
            yield source
