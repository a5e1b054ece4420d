"""The whole options file, typed and frozen, one class for each recipe. Plain data, as `sections` and `images` are."""

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, PositiveInt, model_validator

from gansr.options.component import Component
from gansr.options.images import DataOptions, Scale, Strict, Word
from gansr.options.sections import (
    CheckpointOptions,
    DegraderOptions,
    DiscriminatorOptions,
    GeneratorOptions,
    LogOptions,
    LossOptions,
    NetworkOptions,
    PenaltyOptions,
    RampOptions,
    TrainOptions,
    ValidationOptions,
)
from gansr.options.sides import refuse_side

__all__ = [
    "RECIPE_OPTIONS",
    "Common",
    "DegraderOptions",
    "DiscriminatorOptions",
    "GeneratorOptions",
    "LearnedKernelNoiseOptions",
    "LossOptions",
    "NetworkOptions",
    "Options",
    "PairedGanOptions",
    "PairedOptions",
    "PenaltyOptions",
    "RampOptions",
    "TrainOptions",
]


class Common(Strict):
    """What every recipe has. `unpaired`: it learns from `data.train.real_lr`, not from pairs."""

    unpaired: ClassVar[bool] = False
    takes_degradation: ClassVar[bool] = False  # and makes LR of its HR side by `data.train.degradation` too

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
    resume: Literal["auto", "never"] = Field(default="auto", description="auto: go on where the run's folder stands")
    output: Path = Field(default=Path("experiments"), description="runs are written to output/name")

    @model_validator(mode="after")
    def _fits_together(self) -> "Common":
        if self.data.train.crop % self.scale:
            raise ValueError(f"data.train.crop ({self.data.train.crop}) must be a multiple of scale ({self.scale})")
        unpaired = [name for name, one in RECIPE_OPTIONS.items() if one.unpaired]
        refuse_side(self.data.train, getattr(self, "recipe", ""), self.unpaired, self.takes_degradation, unpaired)
        self._check_scales()
        best, known = self.checkpoints.best, list(self.tracked)
        if best is not None and best not in known:
            raise ValueError(f"checkpoints.best: no '{best}' is measured; choices: {', '.join(known) or '(none)'}")
        return self

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


class PairedOptions(Common):
    """Imitate the ground truth: SRResNet, EDSR, RRDB's first stage."""

    recipe: Literal["paired"]
    losses: dict[Word, LossOptions] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_game(self) -> "PairedOptions":
        if "adversarial" in self.losses:
            raise ValueError("losses.adversarial plays a game: remove it, or use recipe: paired_gan")
        return self


class PairedGanOptions(Common):
    """Imitate the ground truth and convince a discriminator: SRGAN, ESRGAN."""

    recipe: Literal["paired_gan"]
    discriminator: DiscriminatorOptions | None = None
    discriminators: dict[Word, DiscriminatorOptions] = Field(
        default_factory=dict, description="several by name, instead of one"
    )
    losses: dict[Word, LossOptions]
    penalties: dict[Word, PenaltyOptions] = Field(default_factory=dict, description="on the discriminators")

    @model_validator(mode="after")
    def _a_game(self) -> "PairedGanOptions":
        if "adversarial" not in self.losses:
            raise ValueError("losses.adversarial is missing: recipe paired_gan plays a game")
        if "discriminator" in self.losses:
            raise ValueError(
                "losses.discriminator: the log keeps that name for the discriminator's own loss; choose another"
            )
        if (self.discriminator is None) == (not self.discriminators):
            raise ValueError("give either discriminator: (one), or discriminators: (several by name)")
        if "generator" in self.discriminators or any("." in name for name in self.discriminators):
            raise ValueError("discriminators: a name may not be 'generator', nor hold a dot")
        if len(self.judges) < sum(one.scales for one in self.discriminators.values()):
            raise ValueError("discriminators: a name is that of another one's copy, which scales made; choose another")
        if max(self.train.discriminator_start, self.train.generator_start) >= self.train.steps:
            raise ValueError("train: discriminator_start and generator_start must be less than steps")
        if self.train.discriminator_start and self.train.generator_start:
            raise ValueError("train: give either discriminator_start or generator_start: someone has to play first")
        return self

    @property
    def judges(self) -> dict[str, DiscriminatorOptions]:
        """Every discriminator network by name: `scales: 3` stands for three of them."""
        named = {"discriminator": self.discriminator} if self.discriminator else self.discriminators
        found = {}
        for name, one in named.items():
            for level in range(one.scales):
                shrinks = (Component.model_validate({"type": "shrink", "factor": 2**level}),) if level else ()
                found[f"{name}_{2**level}" if level else name] = one.model_copy(
                    update={"through": (*shrinks, *one.through), "scales": 1}
                )
        return found


def _default(found: type[Any], **arguments: Any) -> Any:
    """Makes a component as the options file would have it."""
    return lambda: found.model_validate(arguments)


class LearnedKernelNoiseOptions(Common):
    """Learn from real LR images how LR is made, and from that to undo it: PDM-SR."""

    unpaired: ClassVar[bool] = True

    recipe: Literal["learned_kernel_noise"]
    degrader: DegraderOptions = Field(
        default_factory=_default(DegraderOptions, type="kernel_noise"), description="makes LR of HR"
    )
    lr_discriminator: DiscriminatorOptions = Field(
        default_factory=_default(DiscriminatorOptions, type="patch", stride=1, kernel=3, norm="instance"),
        description="tells made LR from real LR",
    )
    degrader_losses: dict[Word, LossOptions] = Field(
        default_factory=lambda: {
            "adversarial": LossOptions.model_validate({"type": "least_squares", "weight": 2.0}),
            "noise_mean": LossOptions.model_validate({"type": "noise_mean", "weight": 100.0}),
        },
        description="what the degrader learns from; hr is the bicubic LR there, and there is noise",
    )
    pool: PositiveInt | None = Field(
        default=None, description="older LR images that its discriminator sees too; CycleGAN has 50; omitted: none"
    )
    losses: dict[Word, LossOptions] = Field(min_length=1)
    penalties: dict[Word, PenaltyOptions] = Field(default_factory=dict, description="on the discriminator")

    @model_validator(mode="after")
    def _two_halves(self) -> "LearnedKernelNoiseOptions":
        train = self.train
        if "adversarial" in self.losses:
            raise ValueError(
                "losses.adversarial: recipe learned_kernel_noise trains the generator without a game; the one of "
                "degradations has its row in degrader_losses"
            )
        if "adversarial" not in self.degrader_losses:
            raise ValueError("degrader_losses.adversarial is missing: the degrader learns from its discriminator")
        if "discriminator" in self.degrader_losses:
            raise ValueError("degrader_losses.discriminator: the log keeps that name; choose another")
        if self.lr_discriminator.scales != 1:
            raise ValueError("lr_discriminator.scales: there is one discriminator of LR; leave it out")
        if train.discriminator_start or train.discriminator_steps != 1:
            raise ValueError(
                "train: discriminator_start and discriminator_steps are of recipe paired_gan; here generator_start "
                "lets the degrader learn before the generator does"
            )
        if train.generator_start >= train.steps:
            raise ValueError("train: generator_start must be less than steps")
        if len(self.scales) > 1:
            raise ValueError("data.train.scales: a degrader has one scale")
        return self

    @property
    def judges(self) -> dict[str, DiscriminatorOptions]:
        """The discriminator by the name of its network."""
        return {"lr_discriminator": self.lr_discriminator}


Options = PairedOptions | PairedGanOptions | LearnedKernelNoiseOptions
RECIPE_OPTIONS: dict[str, Any] = {
    "paired": PairedOptions,
    "paired_gan": PairedGanOptions,
    "learned_kernel_noise": LearnedKernelNoiseOptions,
}
