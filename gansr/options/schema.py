"""The whole options file, typed and frozen, one class for each recipe."""

from typing import Any, Literal

from pydantic import Field, model_validator

from gansr.options.common import Common
from gansr.options.images import Word
from gansr.options.sections import DiscriminatorOptions, LossOptions, PenaltyOptions
from gansr.options.unpaired.cycles import CincganOptions, PseudoSupervisionOptions, UnpairedCycleOptions
from gansr.options.unpaired.degrading import DegradationGanOptions, LearnedKernelNoiseOptions
from gansr.options.unpaired.faces import SemiCycleOptions
from gansr.options.unpaired.harvesting import NoiseInjectionOptions


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
    def discriminating(self) -> dict[str, DiscriminatorOptions]:
        """The discriminator by the name that its section has, or those that have names."""
        return {"discriminator": self.discriminator} if self.discriminator else self.discriminators


RECIPE_OPTIONS: dict[str, Any] = {
    "paired": PairedOptions,
    "paired_gan": PairedGanOptions,
    "learned_kernel_noise": LearnedKernelNoiseOptions,
    "noise_injection": NoiseInjectionOptions,
    "degradation_gan": DegradationGanOptions,
    "unpaired_cycle": UnpairedCycleOptions,
    "cincgan": CincganOptions,
    "pseudo_supervision": PseudoSupervisionOptions,
    "semi_cycle": SemiCycleOptions,
}
Options = (
    PairedOptions
    | PairedGanOptions
    | LearnedKernelNoiseOptions
    | NoiseInjectionOptions
    | DegradationGanOptions
    | UnpairedCycleOptions
    | CincganOptions
    | PseudoSupervisionOptions
    | SemiCycleOptions
)
