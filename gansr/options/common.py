"""What the options of all recipes have. Plain data, as `sections` and `images` are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from gansr.options.caching import refuse_keep_lr
from gansr.options.component import Component
from gansr.options.images import DataOptions, Scale, Strict, Word
from gansr.options.roots import Place
from gansr.options.sections import (
    CheckpointOptions,
    DiscriminatorOptions,
    GeneratorOptions,
    LogOptions,
    LossOptions,
    MakerOptions,
    TrainOptions,
    ValidationOptions,
)
from gansr.options.unpaired.refusals import refuse_side


class Common(Strict):
    """What every recipe has. `unpaired`: it learns from `data.train.real_lr`, not from pairs."""

    unpaired: ClassVar[bool] = False
    takes_degradation: ClassVar[bool] = False  # and makes LR of its HR side by `data.train.degradation` too
    discriminator_first: ClassVar[bool] = False  # where `train.discriminator_first` says nothing

    name: Word
    stage: Word | None = Field(default=None, description="set for each of `stages:`", exclude=True)
    seed: int = Field(default=0, ge=0, lt=2**31)  # NumPy's are below 2^32, and each process adds its number
    scale: Scale
    generator: GeneratorOptions
    data: DataOptions
    train: TrainOptions
    validation: ValidationOptions = ValidationOptions()
    checkpoints: CheckpointOptions = CheckpointOptions()
    log: LogOptions = LogOptions()
    resume: Literal["auto", "changed_data", "never"] = Field(
        default="auto",
        description="auto: go on where the run's folder stands; changed_data: also with other training images",
    )
    output: Place = Field(default=Path("experiments"), description="runs are written to output/name")

    @model_validator(mode="after")
    def _fits_together(self) -> "Common":
        if self.data.train.crop % self.scale:
            raise ValueError(f"data.train.crop ({self.data.train.crop}) must be a multiple of scale ({self.scale})")
        if self.unpaired:
            refuse_side(self.data.train, getattr(self, "recipe", ""), self.takes_degradation)
        self._check_scales()
        self._check_best()
        return self

    def _check_best(self) -> None:
        best, known = self.checkpoints.best, list(self.tracked)
        names = [] if best is None else [best] if isinstance(best, str) else list(best)
        if strange := [name for name in names if name not in known]:
            raise ValueError(
                f"checkpoints.best: no '{strange[0]}' is measured; choices: {', '.join(known) or '(none)'}"
            )
        if isinstance(best, dict) and (not best or 0 in best.values()):
            raise ValueError("checkpoints.best: give at least one SET/METRIC, each with a weight other than 0")
        steps = {name: self.validation.interval(name.partition("/")[2]) for name in names}
        if len(set(steps.values())) > 1:
            found = ", ".join(f"{name} every {every} steps" for name, every in steps.items())
            raise ValueError(
                f"checkpoints.best: what is added up must be measured at the same steps, and here is {found}; give "
                "these metrics the same `every`"
            )
        if self.train.patience is not None and not known:
            raise ValueError(
                "train.patience: nothing is measured that could get better; it needs data.validation with metrics"
            )

    def _check_scales(self) -> None:
        train = self.data.train
        if train.degradation is not None and train.lr is not None:
            raise ValueError("data.train: give either lr folders or a degradation, not both")
        if train.degradation is not None and train.margin % self.scale:
            raise ValueError(f"data.train.margin ({train.margin}) must be a multiple of scale ({self.scale})")
        if train.sharpen and train.degradation is None:
            raise ValueError("data.train.sharpen: it sharpens what is degraded, and there is no data.train.degradation")
        if train.mild is not None and train.degradation is None:
            raise ValueError("data.train.mild: there is no data.train.degradation that it could be milder than")
        if max(self.scales) > self.scale or len(set(self.scales)) < len(self.scales):
            raise ValueError(
                f"data.train.scales is {list(self.scales)}; expected different numbers up to scale ({self.scale})"
            )
        refuse_keep_lr(train)
        self._check_folders("data.train.lr", train.lr)
        if train.pairs is not None:
            self._check_folders("data.train.pairs.lr", train.pairs.lr)
            if train.lr is not None:
                raise ValueError("data.train.pairs: they stand beside photos alone; name them in data.train.lr and hr")

    def _check_folders(self, where: str, lr: Any) -> None:
        if isinstance(lr, dict) and set(lr) != set(self.scales):
            raise ValueError(f"{where} has folders for {sorted(lr)}; expected the scales {sorted(self.scales)}")
        if len(self.scales) > 1 and lr is not None and not isinstance(lr, dict):
            raise ValueError(f"{where}: with several scales, expected folders for each: {{2: FOLDER, 3: FOLDER}}")

    @property
    def judges(self) -> dict[str, DiscriminatorOptions]:
        """Every discriminator network by name: `scales: 3` stands for three of them."""
        return spelled_out(self.discriminating)

    @property
    def discriminating(self) -> dict[str, DiscriminatorOptions]:
        """Discriminators by name, as the options have them."""
        return {}

    @property
    def making(self) -> dict[str, MakerOptions]:
        """Networks beside the generator that make images, by name."""
        return {}

    @property
    def tables(self) -> dict[str, dict[str, LossOptions]]:
        """Every table of losses by its section."""
        return {"losses": getattr(self, "losses", {})}

    @property
    def scales(self) -> tuple[int, ...]:
        """The scales that training draws from."""
        return self.data.train.scales or (self.scale,)

    def crop(self, scale: int) -> int:
        """The side of HR crops at a scale: LR crops have one size at all of them."""
        return self.data.train.crop // self.scale * scale

    @property
    def tracked(self) -> tuple[str, ...]:
        """Every SET/METRIC that validation measures."""
        return tuple(f"{name}/{metric}" for name in self.data.validation for metric in self.validation.metrics)

    @property
    def folder(self) -> Path:
        """Where this run, or this stage of it, is written."""
        return self.output / self.name / self.stage if self.stage else self.output / self.name

    @property
    def title(self) -> str:
        """The name of the run and its stage, for people."""
        return f"{self.name}/{self.stage}" if self.stage else self.name


def spelled_out(named: Mapping[str, DiscriminatorOptions]) -> dict[str, DiscriminatorOptions]:
    """One row for each network: `scales: 3` becomes NAME, NAME_2 and NAME_4, which see images at half the size each."""
    found = {}
    for name, one in named.items():
        for level in range(one.scales):
            shrinks = (Component.model_validate({"type": "shrink", "factor": 2**level}),) if level else ()
            found[f"{name}_{2**level}" if level else name] = one.model_copy(
                update={"through": (*shrinks, *one.through), "scales": 1}
            )
    return found
