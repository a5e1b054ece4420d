"""Options of the recipe for faces."""

from typing import Literal

from pydantic import Field, model_validator

from gansr.options.images import Word
from gansr.options.sections import DiscriminatorOptions, LossOptions, MakerOptions
from gansr.options.unpaired.sides import Unpaired, component, table

DEGRADER = component(MakerOptions, type="high_to_low")
JUDGE = component(DiscriminatorOptions, type="spectral_residual")
LR_JUDGE = component(DiscriminatorOptions, type="spectral_residual", input_size=16)
HINGE = {"type": "hinge", "weight": 0.05}


class SemiCycleOptions(Unpaired):
    """Faces: HR goes down and up, real LR up and down, with one generator and two degraders: SCGAN."""

    discriminator_first = True

    recipe: Literal["semi_cycle"]
    degrader: MakerOptions = Field(default_factory=DEGRADER, description="makes LR of HR")
    sr_degrader: MakerOptions = Field(default_factory=DEGRADER, description="makes LR of SR of real LR")
    lr_discriminator: DiscriminatorOptions = Field(default_factory=LR_JUDGE, description="tells LR of HR from real LR")
    returned_discriminator: DiscriminatorOptions = Field(
        default_factory=LR_JUDGE, description="tells real LR that came back from real LR"
    )
    hr_discriminator: DiscriminatorOptions = Field(default_factory=JUDGE, description="tells SR of made LR from HR")
    real_sr_discriminator: DiscriminatorOptions = Field(
        default_factory=component(DiscriminatorOptions, type="spectral_residual", share=0.05),
        description="tells SR of real LR from HR",
    )
    degrader_losses: dict[Word, LossOptions] = Field(
        default_factory=table(adversarial=HINGE, pixel={"type": "l1"}),
        description="of both degraders; hr is the LR to resemble there",
    )
    losses: dict[Word, LossOptions] = Field(
        default_factory=table(
            adversarial=HINGE,
            pixel={"type": "l1"},
            real={"type": "l1", "weight": 0.05, "of": "real_sr", "target": "enlarged_lr"},
        )
    )

    @model_validator(mode="after")
    def _games(self) -> "SemiCycleOptions":
        self.needs_game("degrader_losses", "losses")
        return self

    @property
    def discriminating(self) -> dict[str, DiscriminatorOptions]:
        """Of made LR, of returned LR, of SR of each."""
        return {
            "lr_discriminator": self.lr_discriminator,
            "returned_discriminator": self.returned_discriminator,
            "hr_discriminator": self.hr_discriminator,
            "real_sr_discriminator": self.real_sr_discriminator,
        }

    @property
    def making(self) -> dict[str, MakerOptions]:
        """Both degraders."""
        return {"degrader": self.degrader, "sr_degrader": self.sr_degrader}

    @property
    def tables(self) -> dict[str, dict[str, LossOptions]]:
        """The generator's and the degraders'."""
        return {"losses": self.losses, "degrader_losses": self.degrader_losses}
