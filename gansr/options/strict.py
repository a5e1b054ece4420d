"""What all options have in common."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
