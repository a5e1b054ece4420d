"""What a metric is given: the images, and what else its parameters name."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor


class Metric(Protocol):
    """What a metric says about two images and about itself.

    It may also ask for `lr`, the LR image as uint8 (C, h, w), and `name`, the image's name in its set, by parameters of
    these names. One that leaves `hr` alone says `needs_hr = False`; without ground truth it gets None.
    """

    protocol: str  # all that a reader must know to compare the number with another paper's
    higher_is_better: bool
    unit: str
    format: str

    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """Score of two uint8 images (C, H, W)."""
        ...


class SetMetric(Protocol):
    """A metric of all images of a set together, as FID is; it says `of_sets = True`."""

    protocol: str
    higher_is_better: bool
    unit: str
    format: str
    of_sets: bool

    def observe(self, sr: Tensor, hr: Tensor) -> Any:
        """What it keeps of two uint8 images (C, H, W): small tensors on the CPU, which processes exchange."""
        ...

    def score(self, observed: Sequence[Any]) -> float:
        """Score of a set, of what was kept of its images, in their order."""
        ...


AnyMetric = Metric | SetMetric


def is_of_sets(metric: AnyMetric) -> bool:
    """Does it score whole sets, not images?"""
    return bool(getattr(metric, "of_sets", False))


def needs_truth(metric: AnyMetric) -> bool:
    """Does it compare with the ground truth?"""
    return bool(getattr(metric, "needs_hr", True))


def measure(metrics: Mapping[str, AnyMetric], sr: Tensor, hr: Tensor | None, **more: Any) -> dict[str, Any]:
    """The score that each metric gives an image, by name; of metrics of sets what they keep of it.

    `more` is what metrics may ask for by the names of their parameters.
    """
    found = {}
    for name, metric in metrics.items():
        function: Any = getattr(metric, "observe", metric) if is_of_sets(metric) else metric
        asked = inspect.signature(function).parameters
        found[name] = function(sr, hr, **{key: value for key, value in more.items() if key in asked})
    return found
