"""Which step was the best so far, by one named metric."""

import math
from typing import Any


class Best:
    """Remembers the best value of `metric` (SET/METRIC); None follows nothing."""

    def __init__(self, metric: str | None, higher_is_better: bool = True) -> None:
        self.metric, self.higher_is_better = metric, higher_is_better
        self.value: float | None = None
        self.step = 0

    def improved(self, step: int, scores: dict[str, float]) -> bool:
        """Is this the best so far? Then remember it."""
        value = scores.get(self.metric) if self.metric else None
        if value is None or math.isnan(value):
            return False
        if self.value is not None and (value <= self.value if self.higher_is_better else value >= self.value):
            return False
        self.value, self.step = value, step
        return True

    def state_dict(self) -> dict[str, Any]:
        """Which metric, and its best value and step."""
        return {"metric": self.metric, "value": self.value, "step": self.step}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state`; another metric than then starts afresh."""
        if state["metric"] == self.metric:
            self.value, self.step = state["value"], state["step"]
