"""Options of recipes in which images go to the other domain and come back."""

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from gansr.options.images import Word
from gansr.options.sections import DiscriminatorOptions, GeneratorOptions, LossOptions, MakerOptions
from gansr.options.unpaired.sides import POOL, Unpaired, component, table

PATCHES = component(DiscriminatorOptions, type="patch", norm="instance")
SMALL_PATCHES = component(DiscriminatorOptions, type="patch", norm="instance", stride=1, kernel=3)
TRANSLATOR = component(MakerOptions, type="translator")
CLEANER = component(GeneratorOptions, type="translator")
LEAST_SQUARES = {"type": "least_squares", "weight": 2.0}  # sources have no half in it, ours has


class UnpairedCycleOptions(Unpaired):
    """Two domains, a way there and a way back: CycleGAN, and its form that enlarges."""

    recipe: Literal["unpaired_cycle"]
    degrader: MakerOptions = Field(default_factory=TRANSLATOR, description="makes LR of HR")
    hr_discriminator: DiscriminatorOptions = Field(default_factory=PATCHES, description="tells SR of real LR from HR")
    lr_discriminator: DiscriminatorOptions = Field(default_factory=PATCHES, description="tells made LR from real LR")
    pool: PositiveInt | None = Field(default=50, description=POOL)
    losses: dict[Word, LossOptions] = Field(
        default_factory=table(
            adversarial=LEAST_SQUARES,
            cycle_hr={"type": "image_cycle", "weight": 10.0},
            cycle_lr={"type": "image_cycle", "weight": 10.0, "of": "cycled_lr", "target": "real_lr"},
            identity_hr={"type": "l1", "weight": 5.0, "of": "same_hr"},
            identity_lr={"type": "l1", "weight": 5.0, "of": "same_lr", "target": "real_lr"},
        )
    )

    @model_validator(mode="after")
    def _a_game(self) -> "UnpairedCycleOptions":
        self.needs_game("losses")
        return self

    @property
    def discriminating(self) -> dict[str, DiscriminatorOptions]:
        """One of each domain."""
        return {"hr_discriminator": self.hr_discriminator, "lr_discriminator": self.lr_discriminator}

    @property
    def making(self) -> dict[str, MakerOptions]:
        """The degrader."""
        return {"degrader": self.degrader}


class PseudoSupervisionOptions(Unpaired):
    """Learn from clean LR that was degraded and cleaned again, and clean real LR first: Maeda 2020."""

    recipe: Literal["pseudo_supervision"]
    cleaner: GeneratorOptions = Field(default_factory=CLEANER, description="makes clean LR of real LR")
    lr_degrader: MakerOptions = Field(
        default_factory=component(MakerOptions, type="translator", blocks=16, noise_channels=1),
        description="makes LR of the real look of clean LR",
    )
    clean_discriminator: DiscriminatorOptions = Field(
        default_factory=PATCHES, description="tells cleaned LR from bicubic LR"
    )
    lr_discriminator: DiscriminatorOptions = Field(default_factory=PATCHES, description="tells made LR from real LR")
    hr_discriminator: DiscriminatorOptions = Field(
        default_factory=component(DiscriminatorOptions, type="patch", norm="instance", share=0.1),
        description="tells SR of real LR from HR",
    )
    losses: dict[Word, LossOptions] = Field(
        default_factory=table(
            adversarial=LEAST_SQUARES,
            pixel={"type": "l1"},
            cycle_clean={"type": "l1", "of": "cycled_clean_lr", "target": "lr"},
            cycle_real={"type": "l1", "of": "cycled_lr", "target": "real_lr"},
            identity_clean={"type": "l1", "of": "same_clean_lr", "target": "lr"},
            identity_real={"type": "l1", "of": "same_lr", "target": "real_lr"},
        )
    )

    @model_validator(mode="after")
    def _a_game(self) -> "PseudoSupervisionOptions":
        self.needs_game("losses")
        return self

    @property
    def discriminating(self) -> dict[str, DiscriminatorOptions]:
        """Of clean LR, of real LR, of HR."""
        return {
            "clean_discriminator": self.clean_discriminator,
            "lr_discriminator": self.lr_discriminator,
            "hr_discriminator": self.hr_discriminator,
        }

    @property
    def making(self) -> dict[str, MakerOptions]:
        """The degrader of LR; the cleaner is a generator of scale 1."""
        return {"lr_degrader": self.lr_degrader}


class CincganOptions(Unpaired):
    """A cycle that cleans LR within one that enlarges it: CinCGAN."""

    late = "lets the inner cycle learn before the outer one does"

    recipe: Literal["cincgan"]
    cleaner: GeneratorOptions = Field(default_factory=CLEANER, description="makes clean LR of real LR")
    lr_degrader: MakerOptions = Field(default_factory=TRANSLATOR, description="makes LR of the real look of clean LR")
    degrader: MakerOptions = Field(default_factory=TRANSLATOR, description="makes LR of the real look of SR")
    clean_discriminator: DiscriminatorOptions = Field(
        default_factory=SMALL_PATCHES, description="tells cleaned LR from bicubic LR"
    )
    hr_discriminator: DiscriminatorOptions = Field(
        default_factory=SMALL_PATCHES, description="tells SR of real LR from HR"
    )
    pool: PositiveInt | None = Field(default=16, description=POOL)
    inner_losses: dict[Word, LossOptions] = Field(
        default_factory=table(
            adversarial=LEAST_SQUARES,
            cycle={"type": "l1", "weight": 10.0, "of": "cycled_lr", "target": "real_lr"},
            identity={"type": "l1", "weight": 5.0, "of": "same_clean_lr", "target": "lr"},
            total_variation={"type": "total_variation", "weight": 0.5, "of": "cleaned_lr"},
        ),
        description="of the inner cycle",
    )
    losses: dict[Word, LossOptions] = Field(
        default_factory=table(
            adversarial=LEAST_SQUARES | {"weight": 1.0},
            cycle={"type": "l1", "weight": 10.0, "of": "cycled_lr", "target": "real_lr"},
            identity={"type": "l1", "weight": 5.0},
            total_variation={"type": "total_variation", "weight": 2.0, "of": "real_sr"},
        ),
        description="of the outer cycle",
    )

    @model_validator(mode="after")
    def _two_games(self) -> "CincganOptions":
        self.needs_game("inner_losses", "losses")
        if self.train.accumulate != 1:
            raise ValueError(
                "train.accumulate: recipe cincgan moves the cleaner twice in each step, and gradients of one cycle "
                "would be added to those of the other; leave it out, and take larger batches"
            )
        return self

    @property
    def discriminating(self) -> dict[str, DiscriminatorOptions]:
        """Of clean LR and of HR."""
        return {"clean_discriminator": self.clean_discriminator, "hr_discriminator": self.hr_discriminator}

    @property
    def making(self) -> dict[str, MakerOptions]:
        """Both degraders; the cleaner is a generator of scale 1."""
        return {"lr_degrader": self.lr_degrader, "degrader": self.degrader}

    @property
    def tables(self) -> dict[str, dict[str, LossOptions]]:
        """One of each cycle."""
        return {"losses": self.losses, "inner_losses": self.inner_losses}
