"""Sections of the options file that all recipes share, but for images. Plain data: no network, loss or data set."""

from pathlib import Path
from typing import Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

from gansr.options.component import Component
from gansr.options.images import Strict, Word


class NetworkOptions(Component):
    """A generator by name with its arguments."""

    colour: Literal["rgb", "y"] = Field(
        default="rgb", description="y: the network gets Y of BT.601 alone, Cb and Cr are enlarged by bicubic"
    )
    cleaner: Component | None = Field(default=None, description="a network of scale 1 that LR passes first")


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


class MakerOptions(Component):
    """A network that makes images of one domain of those of another, by name with its arguments."""

    weights: Path | None = Field(default=None, description="start from this file (.safetensors, .pth)")
    strict: bool = Field(default=True, description="false: load what fits, name what does not")


class DegraderOptions(MakerOptions):
    """A network that makes LR of HR, by name with its arguments, and how it learns."""

    lr: PositiveFloat | None = Field(default=None, description="its learning rate; omitted: as `train.lr`")
    steps: PositiveInt | None = Field(
        default=None, description="steps that it and its discriminator learn, then it is only used; omitted: all"
    )


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
    target: Word = Field(
        default="hr",
        description="the image that sr is compared with: hr, lr, average (that of the averaged generator), sharp "
        "(sharpened HR), or another of the recipe's",
    )
    of: Word = Field(
        default="sr",
        description="the image that is compared: sr, another of the recipe's, or intermediate: mean over the images "
        "that the generator makes on its way, the target at their size",
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
    discriminator_first: bool | None = Field(
        default=None, description="within a step, the discriminator plays first; omitted: as the recipe's source does"
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
    ema: float | None = Field(
        default=0.999, gt=0, lt=1, description="decay of the averaged generator, lower at first; null: none"
    )
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
    patience: PositiveInt | None = Field(
        default=None,
        description="training ends at the validation at which `checkpoints.best` is so many steps old; omitted: never",
    )


class MetricOptions(Component):
    """A metric by name with its arguments, and how often it is measured."""

    every: PositiveInt | None = Field(default=None, description="steps; omitted: as `validation.every`")


class ValidationOptions(Strict):
    """What is measured on the validation sets, and how often. After the last step everything is."""

    every: PositiveInt = Field(default=5000, description="steps; a metric may have an `every` of its own")
    metrics: dict[Word, MetricOptions] = Field(
        default_factory=lambda: {"psnr": MetricOptions(type="psnr"), "ssim": MetricOptions(type="ssim")}
    )
    pictures: NonNegativeInt = Field(default=3, description="images of each set shown in TensorBoard")

    def interval(self, metric: str) -> int:
        """Steps between two measurements of a metric."""
        return self.metrics[metric].every or self.every

    @property
    def intervals(self) -> tuple[int, ...]:
        """All intervals at which there is something to do."""
        own = {self.interval(name) for name in self.metrics}
        return tuple(sorted(own | {self.every} if self.pictures or not own else own))


class CheckpointOptions(Strict):
    """What is kept of a run."""

    every: PositiveInt = Field(default=5000, description="steps")
    keep: PositiveInt = Field(default=3, description="the last N checkpoints stay")
    best: str | dict[str, float] | None = Field(
        default=None,
        description="SET/METRIC that names the best weights, or {SET/METRIC: weight, ...}: the largest sum of weight "
        "times score, so weights of metrics that should be low are below 0; omitted: the first metric of the first set",
    )


class LogOptions(Strict):
    """Console, log.jsonl, TensorBoard, and other trackers."""

    every: PositiveInt = Field(default=100, description="steps; values are means since the last line")
    trackers: tuple[Component | str, ...] = Field(
        default=(), description="who is told beside TensorBoard: wandb, mlflow, or {type: wandb, project: mine}"
    )

    @property
    def told(self) -> tuple[Component, ...]:
        """The trackers: `wandb` is short for `{type: wandb}`."""
        return tuple(Component(type=one) if isinstance(one, str) else one for one in self.trackers)
