"""The images of a run, as options: folders, crops, scales."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, NonNegativeInt, PositiveInt, Tag, model_validator

from gansr.options.component import Component, Strict
from gansr.options.roots import Patterns, Place, RootOptions, Roots, spelled_out
from gansr.options.streaming import FILES_ONLY, StreamingOptions

Word = Annotated[str, Field(pattern=r"^[\w][\w.-]*$")]


Scale = Literal[1, 2, 3, 4, 8]
Folders = Place | tuple[Place, ...]


Probability = Annotated[float, Field(ge=0, le=1)]


class ShareRampOptions(Strict):
    """A probability that changes on a straight line."""

    begin: Probability = Field(alias="from")
    end: Probability = Field(alias="to")
    over: PositiveInt = Field(description="steps")
    start: NonNegativeInt = Field(default=0, description="first step of the ramp")


def _kind_of_share(found: Any) -> str:
    return "share-ramp" if isinstance(found, dict | ShareRampOptions) else "share-number"


Share = Annotated[
    Annotated[Probability, Tag("share-number")] | Annotated[ShareRampOptions, Tag("share-ramp")],
    Discriminator(_kind_of_share),
]
"""A number or a ramp; told apart by their form, so that a mistake is told of the one that was meant."""


class DegradationRow(Component):
    """One operation of a degradation, by name with its arguments."""

    when: Share = Field(default=1.0, description="how many of the samples it happens to")


def _kind_of_pipeline(found: Any) -> str:
    if isinstance(found, str):
        return "pipeline-name"
    return "pipeline-row" if isinstance(found, dict | DegradationRow) else "pipeline-rows"


Pipeline = Annotated[
    Annotated[Word, Tag("pipeline-name")]
    | Annotated[DegradationRow, Tag("pipeline-row")]
    | Annotated[tuple[DegradationRow, ...], Tag("pipeline-rows")],
    Discriminator(_kind_of_pipeline),
]
"""A preset or a file, one operation, or several: told apart in the same way."""


class AugmentRow(Component):
    """One way to change a batch, by name with its arguments."""

    when: Share = Field(default=1.0, description="how many of the samples it happens to")


class MildOptions(Strict):
    """Batches that are degraded in another, milder way."""

    share: Share = Field(description="how many of the batches")
    degradation: Pipeline = Field(default="bicubic", description="a preset, or operations one after another")


class PairsOptions(Strict):
    """Real pairs among photos whose LR is made."""

    hr: Roots = Field(description="folder(s) of their HR images; as data.train.hr")
    lr: Folders | dict[int, Folders] = Field(
        description="folder(s) of their LR images, for several scales {2: ..., 3: ...}"
    )
    share: Share = Field(description="how many of the samples come from them")

    @property
    def hr_roots(self) -> tuple[RootOptions, ...]:
        """Where HR images come from; nowhere for streaming."""
        return () if self.hr is None else spelled_out(self.hr)

    @property
    def hr_folders(self) -> tuple[Path, ...]:
        """The folders that they lie in, of which lists and patterns may take a part."""
        return tuple(root.home for root in self.hr_roots)

    def lr_folders(self, scale: int) -> tuple[Path, ...]:
        """The LR folders of a scale, the n-th for the n-th place that HR comes from."""
        return _of_scale(self.lr, scale)


class TrainSetOptions(Strict):
    """Where the training images are and how crops are taken."""

    hr: Roots | None = Field(
        default=None,
        description="folder(s) of sharp images, nested folders included; {folder: ..., weight: 2.0, include: ..., "
        "exclude: ...}, or lists of them",
    )
    streaming: StreamingOptions | None = Field(
        default=None, description="instead of hr, for images that outgrow a disk: {shards: photos/{00..63}.tar}"
    )
    lr: Folders | dict[int, Folders] | None = Field(
        default=None,
        description="folder(s) of their LR versions, for several scales {2: ..., 3: ...}; omitted: MATLAB-exact "
        "bicubic LR is made",
    )
    real_lr: Roots | None = Field(
        default=None,
        description="folder(s) of real LR photos of anything else, for recipes that learn without pairs; as hr; their "
        "crops have the side crop / scale",
    )
    crop: PositiveInt = Field(default=128, description="side of the HR crop in pixels, a multiple of the scale")
    scales: tuple[Scale, ...] | None = Field(
        default=None,
        min_length=1,
        description="each step draws one of them, for a generator of several scales, with crops in proportion; "
        "omitted: `scale` alone",
    )
    degradation: Pipeline | None = Field(
        default=None,
        description="how LR is made of HR: a preset, a file with a pipeline (.yml), an operation, or several one after "
        "another; omitted: bicubic",
    )
    margin: NonNegativeInt = Field(
        default=72, description="HR pixels around the crop that are degraded with it, a multiple of the scale"
    )
    sharpen: bool = Field(
        default=False, description="degrade sharpened HR (unsharp mask), and offer it to losses as target: sharp"
    )
    mild: MildOptions | None = Field(
        default=None, description="a share of batches is degraded otherwise: {share: 0.1, degradation: bicubic}"
    )
    pairs: PairsOptions | None = Field(
        default=None, description="real pairs among the samples: {hr: FOLDER, lr: FOLDER, share: 0.2}"
    )
    augment: tuple[AugmentRow, ...] = Field(
        default=(), description="changes to whole batches, one after another: [{type: cutmix, when: 0.3}]"
    )
    small_images: Literal["refuse", "skip"] = Field(default="refuse", description="images smaller than the crop")
    importance: Path | None = Field(
        default=None, description="folder of grey maps named as the HR images, or a CSV of facial landmarks"
    )
    flips: bool = True
    rotations: bool = True
    workers: NonNegativeInt = Field(
        default=2, description="threads that make batches for each training process; 0: made when they are needed"
    )
    crops_per_image: PositiveInt = Field(
        default=1, description="samples cut from each image that is decoded; more for images that are not cached"
    )
    cache: Literal["raw", "memory", "none"] = Field(
        default="raw",
        description="raw: all images are decoded once, to files of raw bytes that every run uses; memory: in the run, "
        "and kept up to cache_megabytes; none: each time",
    )
    cache_folder: Place | None = Field(
        default=None, description="of the raw cache; omitted: GANSR_CACHE in the environment, or ~/.cache/gansr"
    )
    cache_megabytes: NonNegativeInt = Field(
        default=512,
        description="with cache: memory, decoded images kept by each process; always, maps of importance",
    )
    keep_lr: bool = Field(
        default=False, description="make bicubic LR of whole images once, in the raw cache, not for each crop"
    )

    @model_validator(mode="after")
    def _files_or_shards(self) -> "TrainSetOptions":
        if self.streaming is None:
            if self.hr is None:
                raise ValueError("hr is missing: the folder of images to learn from; or streaming, for shards of them")
            return self
        for key, reason in FILES_ONLY.items():
            if getattr(self, key):
                raise ValueError(f"{key} cannot stand beside streaming: {reason}. Remove one of the two")
        if self.streaming.lr is not None and self.scales is not None and len(self.scales) > 1:
            raise ValueError("streaming.lr has one scale, and scales are several. Remove one of the two")
        if self.streaming.lr is not None and self.degradation is not None:
            raise ValueError("give either streaming.lr or a degradation, not both")
        return self

    @property
    def hr_roots(self) -> tuple[RootOptions, ...]:
        """Where HR images come from; nowhere for streaming."""
        return () if self.hr is None else spelled_out(self.hr)

    @property
    def hr_folders(self) -> tuple[Path, ...]:
        """The folders that they lie in, of which lists and patterns may take a part."""
        return tuple(root.home for root in self.hr_roots)

    @property
    def real_lr_roots(self) -> tuple[RootOptions, ...]:
        """Where real LR photos come from; nowhere for recipes that learn from pairs."""
        return () if self.real_lr is None else spelled_out(self.real_lr)

    @property
    def real_lr_folders(self) -> tuple[Path, ...]:
        """The folders that they lie in, of which lists and patterns may take a part."""
        return tuple(root.home for root in self.real_lr_roots)

    def lr_folders(self, scale: int) -> tuple[Path, ...]:
        """The LR folders of a scale, the n-th for the n-th place of HR; none when LR is made on the fly."""
        return () if self.lr is None else _of_scale(self.lr, scale)


def _of_scale(folders: Folders | dict[int, Folders], scale: int) -> tuple[Path, ...]:
    found = folders.get(scale) if isinstance(folders, dict) else folders
    return () if found is None else _several(found)


def _several(folders: Folders) -> tuple[Path, ...]:
    return folders if isinstance(folders, tuple) else (folders,)


class SetOptions(Strict):
    """One validation set."""

    hr: Place
    lr: Place | None = Field(default=None, description="omitted: MATLAB-exact bicubic LR is made")
    include: Patterns = Field(default=(), description="patterns that names of hr must fit; omitted: all")
    exclude: Patterns = Field(default=(), description="patterns that they may not fit")
    scale: Scale | None = Field(default=None, description="for a generator of several scales; omitted: `scale`")


class DataOptions(Strict):
    """The images to learn from and the images to be judged on."""

    train: TrainSetOptions
    validation: dict[Word, SetOptions] = Field(default_factory=dict)
