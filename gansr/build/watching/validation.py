"""What a stage measures at which step, what it calls the best, and when it is enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accelerate import Accelerator
from accelerate.utils import gather_object

from gansr.build.making.ship import shipped
from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.errors import OptionsError
from gansr.evaluation.scores import Metric, Scores, evaluate, joined
from gansr.inference.upscale import Upscaler
from gansr.options.schema import Options
from gansr.training.best import Best
from gansr.training.recipe import Recipe

Metrics = Mapping[str, Metric]


@dataclass
class Validation:
    """The validation sets of a stage, and its metrics, which stay loaded from one validation to the next.

    Args:
        options: the stage's
        sets: what is upscaled; none: nothing is measured
        metrics: for each scale of the sets
        accelerator: shares the images among the processes
    """

    options: Options
    sets: Sequence[EvaluationSet]
    metrics: Mapping[int, Metrics]
    accelerator: Accelerator

    def __post_init__(self) -> None:
        self.best = best(self.options, next(iter(self.metrics.values()), {}))

    def scores(self, recipe: Recipe, step: int) -> Scores:
        """Of every image, in each process, by what is due at this step."""
        return joined([self._scores(recipe, step, scale) for scale in self.metrics])

    def due(self, step: int) -> list[str]:
        """Names of the metrics that are measured at this step: after the last, all."""
        rows = self.options.validation
        return [name for name in rows.metrics if self._is_due(step, rows.interval(name))]

    @property
    def enough(self) -> bool:
        """Is the best older than the patience that one has?"""
        return self.best.waited(self.options.train.patience)

    @property
    def verdict(self) -> str:
        """Why it is enough, for people."""
        return (
            f"step {self.best.judged}: training ends early, {self.best.title} was no better since step "
            f"{self.best.step} (train.patience: {self.options.train.patience}); a larger one goes on from here"
        )

    def _is_due(self, step: int, every: int) -> bool:
        return step % every == 0 or step == self.options.train.steps

    def _scores(self, recipe: Recipe, step: int, scale: int) -> Scores:
        """Of the sets of one scale."""
        rows, metrics = self.options.validation, self.metrics[scale]
        return evaluate(
            Upscaler(shipped(recipe), scale, self.accelerator.device),
            [images for images in self.sets if images.scale == scale],
            {name: metrics[name] for name in self.due(step)},
            rank=self.accelerator.process_index,
            world=self.accelerator.num_processes,
            gather=gather_object,
            keep_images=rows.pictures if self._is_due(step, rows.every) else 0,
        )


def best(options: Options, metrics: Metrics) -> Best:
    """Who remembers the best step.

    Raises:
        OptionsError: a weight in a sum has the sign of the other direction.
    """
    followed = options.checkpoints.best or next(iter(options.tracked), None)
    higher = {name: metrics[_metric(name)].higher_is_better for name in options.tracked if _metric(name) in metrics}
    if not isinstance(followed, dict):
        return Best(followed, higher.get(followed, True) if followed else True)
    for name, weight in followed.items():
        if name in higher and higher[name] != (weight > 0):
            raise OptionsError(
                f"{options.title}: checkpoints.best: of {name}, {'higher' if higher[name] else 'lower'} is better, so "
                f"its weight must be {'above' if higher[name] else 'below'} 0; found {weight:g}. The largest sum of "
                f"weight times score is the best."
            )
    return Best(followed)


def _metric(name: str) -> str:
    """Of SET/METRIC."""
    return name.partition("/")[2]
