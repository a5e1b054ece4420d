"""What is taken from real LR to make LR of HR, as options."""

from pydantic import Field, PositiveInt

from gansr.options.images import Strict


class HarvestOptions(Strict):
    """How many kernels and patches of noise are taken from `data.train.real_lr`."""

    kernels: PositiveInt = Field(default=32, le=4096, description="blur kernels in the bank")
    patch: int = Field(
        default=32, ge=8, le=64, multiple_of=2, description="side of a patch of noise in LR pixels, even"
    )
    patches: PositiveInt = Field(default=512, le=16384, description="patches of noise, at most")
