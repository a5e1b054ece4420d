"""Options of the recipe that takes kernels and noise from real LR and needs no network for it."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from gansr.options.common import Common
from gansr.options.harvest import HarvestOptions
from gansr.options.images import Word
from gansr.options.sections import DiscriminatorOptions, LossOptions, PenaltyOptions


class NoiseInjectionOptions(Common):
    """Take blur and noise from real LR, make LR of HR with them, and learn from these pairs: RealSR."""

    unpaired: ClassVar[bool] = True

    recipe: Literal["noise_injection"]
    harvest: HarvestOptions = Field(default=HarvestOptions(), description="how much is taken from real LR")
    discriminator: DiscriminatorOptions | None = Field(
        default=None, description="of HR, for a game; omitted: the generator is only compared"
    )
    losses: dict[Word, LossOptions] = Field(min_length=1)
    penalties: dict[Word, PenaltyOptions] = Field(default_factory=dict, description="on the discriminator")

    @model_validator(mode="after")
    def _a_game_or_none(self) -> "NoiseInjectionOptions":
        train, game = self.train, "adversarial" in self.losses
        if game != (self.discriminator is not None):
            raise ValueError(
                "losses.adversarial is missing: there is a discriminator: that nobody would play against"
                if self.discriminator is not None
                else "losses.adversarial: a game needs a discriminator: of HR images"
            )
        if "discriminator" in self.losses:
            raise ValueError("losses.discriminator: the log keeps that name; choose another")
        if not game and (train.discriminator_start or train.generator_start or train.discriminator_steps != 1):
            raise ValueError(
                "train: discriminator_start, discriminator_steps and generator_start are of a game, and there is no "
                "discriminator"
            )
        if max(train.discriminator_start, train.generator_start) >= train.steps:
            raise ValueError("train: discriminator_start and generator_start must be less than steps")
        if train.discriminator_start and train.generator_start:
            raise ValueError("train: give either discriminator_start or generator_start: someone has to play first")
        return self

    @property
    def discriminating(self) -> dict[str, DiscriminatorOptions]:
        """The one of HR, if there is a game."""
        return {"discriminator": self.discriminator} if self.discriminator else {}
