"""The whole options file, typed and frozen. Plain data: this module knows no network, loss or data set."""

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from gansr.options.component import Component
from gansr.options.images import DataOptions, Scale, Strict, Word
from gansr.options.sides import refuse_side


class NetworkOptions(Component):
    """A generator by name with its arguments."""

    colour: Literal["rgb", "y"] = Field(
        default="rgb", description="y: the network gets Y of BT.601 alone, Cb and Cr are enlarged by bicubic"
    )


class GeneratorOptions(NetworkOptions):
    """A generator by name with its arguments, perhaps starting from weights."""

    weights: Path | None = Field(default=None, description="start from this file (.safetensors, .pth)")
    strict: bool = Field(default=True, description="false: load what fits, name what does not")


class DiscriminatorOptions(Component):
    """A discriminator by name with its arguments, and how it sees images."""

    weights: Path | None = Field(default=None, description="start from this file (.safetensors, .pth)")
    strict: bool = Field(default=True, description="false: load what fits, name what does not")

    through: tuple[Component, ...] = Field(default=(), description="views it sees images through, in this order")
    augment: tuple[Component, ...] = Field(default=(), description="differentiable augmentation of what it sees")
    scales: PositiveInt = Field(default=1, description="so many copies, each seeing images at half the size")
    share: PositiveFloat = Field(default=1.0, description="factor on its part of the game")


class RampOptions(Strict):
    """A weight that changes on a straight line."""

    begin: NonNegativeFloat = Field(alias="from")
    end: NonNegativeFloat = Field(alias="to")
    over: PositiveInt = Field(description="steps")
    start: NonNegativeInt = Field(default=0, description="first step of the ramp")


class LossOptions(Component):
    """One row of the loss table."""

    weight: NonNegativeFloat | RampOptions = Field(
        default=1.0, description="factor in the sum of losses, or {from: 0, to: 1, over: 10_000}"
    )
    target: Literal["hr", "lr", "average", "sharp"] = Field(
        default="hr",
        description="the image that sr is compared with; average: that of the averaged generator; sharp: sharpened HR",
    )
    of: Literal["sr", "intermediate"] = Field(
        default="sr",
        description="intermediate: mean over the images that the generator makes on its way, the target at their size",
    )
    through: tuple[Component, ...] = Field(default=(), description="views of the images, in this order")
    where: Component | None = Field(default=None, description="map of where the loss counts")


class PenaltyOptions(Component):
    """One penalty on a discriminator."""

    weight: NonNegativeFloat = Field(default=1.0, description="factor in the discriminator's loss")
    every: PositiveInt = Field(default=1, description="steps; the weight is multiplied by it (lazy regularisation)")


class TrainOptions(Strict):
    """How long, how fast, in which precision."""

    steps: PositiveInt
    batch: PositiveInt = Field(default=16, description="images for each process and micro-batch")
    accumulate: PositiveInt = Field(default=1, description="micro-batches added up for one step")
    lr: PositiveFloat = 1e-4
    rates: dict[str, NonNegativeFloat] = Field(
        default_factory=dict, description="factors on `lr` for parts of the generator, by how names of weights begin"
    )
    discriminator_lr: PositiveFloat | None = Field(default=None, description="omitted: as `lr`")
    discriminator_steps: PositiveInt = Field(
        default=1, description="turns of the discriminator for one of the generator; `steps` counts the former"
    )
    discriminator_start: NonNegativeInt = Field(
        default=0, description="steps that the generator takes alone, before there is a game"
    )
    generator_start: NonNegativeInt = Field(default=0, description="steps that the discriminator takes alone")
    diagnose_every: PositiveInt | None = Field(
        default=None, description="steps between two measurements of each loss's gradient on the generator"
    )
    optimizer: Component = Component(type="adam")
    schedule: Component = Component(type="constant")
    halve_at: tuple[PositiveInt, ...] | None = Field(
        default=None, description="short for schedule: {type: halving, at: [...]}", exclude=True
    )
    warm_up: NonNegativeInt = Field(default=0, description="steps over which the rate rises from nothing")
    ema: float | None = Field(default=0.999, gt=0, lt=1, description="decay of the averaged generator; null: none")
    clip: PositiveFloat | None = Field(default=None, description="largest norm of each player's gradient")
    clip_value: PositiveFloat | None = Field(
        default=None, description="largest element of each player's gradient, times `lr` over the rate of the moment"
    )
    grow: NonNegativeInt = Field(
        default=0, description="steps over which the newest level of a generator that grows fades in"
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        default="auto", description="auto: bf16 on GPUs that have it, else fp32"
    )
    channels_last: bool = True
    gradient_checkpointing: bool = Field(
        default=False, description="compute the trunk's inner results twice instead of keeping them: less memory"
    )
    compile: bool = Field(default=False, description="torch.compile the networks (GPU; off while you debug)")


class ValidationOptions(Strict):
    """What is measured on the validation sets, and how often."""

    every: PositiveInt = Field(default=5000, description="steps")
    metrics: dict[Word, Component] = Field(
        default_factory=lambda: {"psnr": Component(type="psnr"), "ssim": Component(type="ssim")}
    )
    pictures: NonNegativeInt = Field(default=3, description="images of each set shown in TensorBoard")


class CheckpointOptions(Strict):
    """What is kept of a run."""

    every: PositiveInt = Field(default=5000, description="steps")
    keep: PositiveInt = Field(default=3, description="the last N checkpoints stay")
    best: str | None = Field(default=None, description="SET/METRIC that names the best weights; omitted: the first")


class LogOptions(Strict):
    """Console, log.jsonl and TensorBoard."""

    every: PositiveInt = Field(default=100, description="steps; values are means since the last line")


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


Options = PairedOptions | PairedGanOptions
RECIPE_OPTIONS: dict[str, Any] = {"paired": PairedOptions, "paired_gan": PairedGanOptions}
