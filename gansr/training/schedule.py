"""Learning-rate schedules: pure functions of the step, with no state to save and nothing to count twice."""

import math
from collections.abc import Callable

from gansr.errors import OptionsError

Schedule = Callable[[int], float]  # steps taken so far -> factor on the learning rate


def constant() -> Schedule:
    """The same rate throughout."""
    return lambda step: 1.0


def halving(at: tuple[int, ...], factor: float = 0.5) -> Schedule:
    """The rate times `factor` from each of the steps `at` onwards, as ESRGAN does."""
    return lambda step: factor ** sum(step >= milestone for milestone in at)


def cosine(steps: int, floor: float = 0.0, periods: int = 1) -> Schedule:
    """Half a cosine from 1 down to `floor`, restarted `periods` times (Loshchilov & Hutter 2017, equation 5)."""
    if periods < 1:
        raise OptionsError(f"train.schedule: cosine: periods is {periods}; it must be at least 1.")
    length = steps / periods

    def factor(step: int) -> float:
        progress = 1.0 if step >= steps else (step % length) / length
        return floor + (1 - floor) * (1 + math.cos(math.pi * progress)) / 2

    return factor


def linear(steps: int, start: int = 0, floor: float = 0.0) -> Schedule:
    """Constant until `start`, then a straight line down to `floor` at the last step, as CycleGAN does."""
    return lambda step: 1 - (1 - floor) * min(max(step - start, 0) / max(steps - start, 1), 1.0)


def warmed_up(schedule: Schedule, steps: int) -> Schedule:
    """`schedule`, with the rate rising on a straight line over the first `steps`."""
    return lambda step: schedule(step) * min((step + 1) / steps, 1.0) if steps else schedule(step)


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "halving": halving,
    "cosine": cosine,
    "linear": linear,
}
