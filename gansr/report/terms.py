"""What a page needs to know of a metric, of images or of whole sets."""

from typing import Protocol


class Terms(Protocol):
    """How its numbers are made, written and read."""

    protocol: str
    higher_is_better: bool
    unit: str
    format: str
