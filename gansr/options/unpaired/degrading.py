"""Options of recipes that first learn how LR is made, and from that to undo it."""

from typing import Literal

from pydantic import Field, model_validator

from gansr.options.images import Word
from gansr.options.sections import DegraderOptions, DiscriminatorOptions, LossOptions, MakerOptions
from gansr.options.unpaired.sides import Unpaired, component, table


class LearnedDegradation(Unpaired):
    """A degrader against a discriminator of LR, and a generator that learns from the pairs that it makes."""

    late = "lets the degrader learn before the generator does"

    degrader: DegraderOptions
    lr_discriminator: DiscriminatorOptions
    degrader_losses: dict[Word, LossOptions]
    discriminator: DiscriminatorOptions | None = Field(
        default=None, description="of HR, for a game of the generator's own; omitted: it is only compared"
    )
    losses: dict[Word, LossOptions] = Field(min_length=1)

    @model_validator(mode="after")
    def _two_halves(self) -> "LearnedDegradation":
        self.needs_game("degrader_losses")
        if "adversarial" in self.losses and self.discriminator is None:
            raise ValueError(
                "losses.adversarial: a game of the generator's own needs a discriminator: of HR images; the one about "
                "LR has its row in degrader_losses"
            )
        if "adversarial" not in self.losses and self.discriminator is not None:
            raise ValueError("losses.adversarial is missing: there is a discriminator: that nobody would play against")
        return self

    @property
    def discriminating(self) -> dict[str, DiscriminatorOptions]:
        """That of LR, and perhaps one of HR."""
        found = {"lr_discriminator": self.lr_discriminator}
        return found | ({"discriminator": self.discriminator} if self.discriminator else {})

    @property
    def making(self) -> dict[str, MakerOptions]:
        """The degrader."""
        return {"degrader": self.degrader}

    @property
    def tables(self) -> dict[str, dict[str, LossOptions]]:
        """The generator's and the degrader's."""
        return {"losses": self.losses, "degrader_losses": self.degrader_losses}


class LearnedKernelNoiseOptions(LearnedDegradation):
    """Learn from real LR images how LR is made, by a blur kernel and noise, and from that to undo it: PDM-SR."""

    recipe: Literal["learned_kernel_noise"]
    degrader: DegraderOptions = Field(
        default_factory=component(DegraderOptions, type="kernel_noise", jpeg="measured"), description="makes LR of HR"
    )
    lr_discriminator: DiscriminatorOptions = Field(
        default_factory=component(DiscriminatorOptions, type="patch", stride=1, kernel=3, norm="instance"),
        description="tells made LR from real LR",
    )
    degrader_losses: dict[Word, LossOptions] = Field(
        default_factory=table(
            adversarial={"type": "least_squares", "weight": 2.0},
            noise_mean={"type": "noise_mean", "weight": 100.0},
        ),
        description="what the degrader learns from; hr is the bicubic LR there, and there is noise",
    )


class DegradationGanOptions(LearnedDegradation):
    """Learn from real LR images how LR is made, by a network of any form, and from that to undo it: DSGAN, Bulat."""

    discriminator_first = True

    recipe: Literal["degradation_gan"]
    degrader: DegraderOptions = Field(
        default_factory=component(DegraderOptions, type="dsgan"), description="makes LR of HR"
    )
    lr_discriminator: DiscriminatorOptions = Field(
        default_factory=component(DiscriminatorOptions, type="dsgan", through=[{"type": "high_pass"}]),
        description="tells made LR from real LR",
    )
    degrader_losses: dict[Word, LossOptions] = Field(
        default_factory=table(
            adversarial={"type": "vanilla", "weight": 0.005},
            colour={"type": "l1", "through": [{"type": "low_pass"}]},
        ),
        description="what the degrader learns from; hr is the bicubic LR there",
    )
