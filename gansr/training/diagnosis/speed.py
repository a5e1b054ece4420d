"""What slows a run down."""

from collections.abc import Mapping

from gansr.training.diagnosis.values import Advice

IDLE = 0.2  # of a step's time, spent waiting for its data: a fifth of what the device could do

SECONDS, WAITING = "speed/seconds_per_step", "speed/waiting_for_data"


def speed(values: Mapping[str, float]) -> Advice:
    """Does the loop wait for its batches? Judges `speed/waiting_for_data` by `speed/seconds_per_step`."""
    seconds, waiting = values.get(SECONDS, 0.0), values.get(WAITING, 0.0)
    if waiting <= IDLE * seconds:
        return {}
    return {
        "waiting": f"the loop waits for data {waiting / seconds:.0%} of the time ({waiting:.3g} s of each step). "
        f"Remedies: images that are decoded once (data.train.cache: raw), more data.train.workers, or several "
        f"data.train.crops_per_image."
    }
