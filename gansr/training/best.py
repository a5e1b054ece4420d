"""Which step was the best so far, by one named metric or a weighted sum of several."""

import math
from collections.abc import Mapping
from typing import Any


class Best:
    """Remembers the best value of what it follows.

    Args:
        metric: SET/METRIC; or SET/METRIC -> weight, the best being the largest sum of weight times score; None
            follows nothing
        higher_is_better: of a single metric; a sum has it in the signs of its weights
    """

    def __init__(self, metric: str | Mapping[str, float] | None, higher_is_better: bool = True) -> None:
        self.metric = metric if metric is None or isinstance(metric, str) else dict(metric)
        self.weights = {metric: 1.0} if isinstance(metric, str) else dict(metric or {})
        self.higher_is_better = higher_is_better
        self.value: float | None = None
        self.step = 0
        self.judged = 0  # the newest step at which there was a value to compare, or one that is none

    @property
    def title(self) -> str:
        """What it follows, for people."""
        if not isinstance(self.metric, dict):
            return self.metric or "nothing"
        return " ".join(f"{weight:+g} {name}" for name, weight in self.metric.items()).removeprefix("+")

    def improved(self, step: int, scores: Mapping[str, float]) -> bool:
        """Is this the best so far? Then remember it. Scores without what it follows are no occasion to ask."""
        if not self.weights or not self.weights.keys() <= scores.keys():
            return False
        self.judged = step
        value = sum(weight * scores[name] for name, weight in self.weights.items())
        if math.isnan(value):
            return False
        if self.value is not None and (value <= self.value if self.higher_is_better else value >= self.value):
            return False
        self.value, self.step = value, step
        return True

    def waited(self, patience: int | None) -> bool:
        """Was the best already `patience` steps old when a value was last compared with it? Never, if that is None.

        A function of what is saved alone, so a resumed run knows it too.
        """
        return patience is not None and self.judged - self.step >= patience

    def state_dict(self) -> dict[str, Any]:
        """What is followed, its best value, the step of that, and the newest step that was compared."""
        return {"metric": self.metric, "value": self.value, "step": self.step, "judged": self.judged}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state`; something else than was followed then starts afresh."""
        if state["metric"] == self.metric:
            self.value, self.step = state["value"], state["step"]
            self.judged = state.get("judged", self.step)
