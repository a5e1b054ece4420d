"""What the options of recipes that learn from two unpaired sides have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, PositiveInt, model_validator

from gansr.options.common import Common
from gansr.options.images import Word
from gansr.options.sections import LossOptions, PenaltyOptions

POOL = "older images that each discriminator sees too; CycleGAN has 50; null: none"


class Unpaired(Common):
    """Learn from `data.train.hr` and `data.train.real_lr`, which show different things."""

    unpaired: ClassVar[bool] = True
    late: ClassVar[str] = ""  # what train.generator_start waits for, if it means anything

    pool: PositiveInt | None = Field(default=None, description=POOL)
    penalties: dict[Word, PenaltyOptions] = Field(default_factory=dict, description="on each discriminator")

    @model_validator(mode="after")
    def _turns_make_sense(self) -> "Unpaired":
        train, recipe = self.train, getattr(self, "recipe", "")
        if train.discriminator_start or train.discriminator_steps != 1:
            instead = f"; here generator_start {self.late}" if self.late else ""
            raise ValueError(f"train: discriminator_start and discriminator_steps are of recipe paired_gan{instead}")
        if train.generator_start and not self.late:
            raise ValueError(f"train.generator_start: in recipe {recipe} all networks begin at once; leave it out")
        if train.generator_start >= train.steps:
            raise ValueError("train: generator_start must be less than steps")
        if len(self.scales) > 1:
            raise ValueError("data.train.scales: a degrader has one scale")
        for section, rows in self.tables.items():
            if "discriminator" in rows:
                raise ValueError(f"{section}.discriminator: the log keeps that name; choose another")
        return self

    def needs_game(self, *sections: str) -> None:
        """Raise ValueError where a table of losses has no game."""
        for section in sections:
            if "adversarial" not in self.tables[section]:
                raise ValueError(f"{section}.adversarial is missing: its networks learn from their discriminators")


def component(found: type[Any], **arguments: Any) -> Any:
    """Makes a component as the options file would have it."""
    return lambda: found.model_validate(arguments)


def table(**rows: Mapping[str, Any]) -> Any:
    """Makes a table of losses, role = row."""
    return lambda: {role: LossOptions.model_validate(row) for role, row in rows.items()}
