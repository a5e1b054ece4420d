from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gansr.data.sets.evaluation_set import EvaluationSet, Example
from gansr.errors import DataError, UserError
from gansr.evaluation.scores import evaluate, joined
from gansr.inference.bicubic import Bicubic
from gansr.metrics import METRICS


class Made(EvaluationSet):
    """Small images in memory, with or without ground truth."""

    def __init__(self, name: str, count: int, truth: bool = True) -> None:
        super().__init__(name, [], 2)
        random = np.random.default_rng(count)
        self.examples = [
            Example(f"{name}{number}", picture(random, 6, 5), picture(random, 12, 10) if truth else None)
            for number in range(count)
        ]
        self.truth = truth

    @property
    def has_truth(self) -> bool:
        return self.truth

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Example:
        return self.examples[index]


def picture(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    return random.integers(0, 256, (height, width, 3), dtype=np.uint8)


class Plain:
    protocol, higher_is_better, unit, format = "Of a test", True, "", ".3f"


class SeesLR(Plain):
    """The mean of LR, and how long the image's name is."""

    needs_hr = False

    def __call__(self, sr: Tensor, hr: Tensor | None, lr: Tensor, name: str = "") -> float:
        assert lr.dtype == torch.uint8 and sr.shape[-1] == 2 * lr.shape[-1]
        return lr.double().mean().item() + 1000 * len(name)


class Alone(Plain):
    needs_hr = False

    def __call__(self, sr: Tensor, hr: Tensor | None = None) -> float:
        assert hr is None
        return sr.double().mean().item()


class Median(Plain):
    """The median over a set of each image's mean difference, which no mean of scores of images could give."""

    of_sets = True

    def observe(self, sr: Tensor, hr: Tensor) -> Tensor:
        return (sr.double() - hr.double()).mean()

    def score(self, observed: Sequence[Any]) -> float:
        if len(observed) < 2:
            raise UserError("a median needs two images.")
        return torch.stack(list(observed)).median().item()


def test_metrics_get_what_their_parameters_name() -> None:
    images = Made("set", 2)
    found = evaluate(Bicubic(2), [images], {"lr": SeesLR(), "psnr": METRICS["psnr"](2)})
    assert [row.values["lr"] for row in found.rows] == [
        pytest.approx(one.lr.mean() + 1000 * len(one.name)) for one in images.examples
    ]
    assert all(row.values["psnr"] > 0 for row in found.rows)


def test_a_plain_function_is_a_metric_too() -> None:
    def mean_of_lr(sr: Tensor, hr: Tensor, lr: Tensor) -> float:
        return lr.double().mean().item()

    vars(mean_of_lr).update(vars(Plain))
    images = Made("set", 1)
    found = evaluate(Bicubic(2), [images], {"mean": mean_of_lr})  # type: ignore[dict-item]
    assert found.rows[0].values == {"mean": pytest.approx(images.examples[0].lr.mean())}


def test_without_ground_truth() -> None:
    images = Made("photos", 2, truth=False)
    found = evaluate(Bicubic(2), [images], {"mean": Alone()}, keep_images=1)
    assert found.means["photos"]["mean"] == pytest.approx(
        np.mean([Bicubic(2)(one.lr).mean() for one in images.examples])
    )
    assert not any(row.pictures for row in found.rows)
    with pytest.raises(DataError, match="Set photos has no ground truth, which is needed for psnr, median"):
        evaluate(Bicubic(2), [images], {"psnr": METRICS["psnr"](2), "mean": Alone(), "median": Median()})


def test_a_result_of_another_size_than_lr_asks_for() -> None:
    with pytest.raises(DataError, match="image photos0: the result is 15x18 pixels, its LR at x2 10x12"):
        evaluate(Bicubic(3), [Made("photos", 1, truth=False)], {"mean": Alone()})


def on_processes(world: int, sets: Sequence[EvaluationSet], metrics: dict[str, Any]) -> list[Any]:
    """What every process of `world` gets."""

    def run(rank: int, gather: Callable[[list[Any]], list[Any]]) -> Any:
        return evaluate(Bicubic(2), sets, metrics, rank, world, gather)

    shares: list[list[Any]] = []

    def keep(mine: list[Any]) -> list[Any]:
        shares.append(mine)
        return []

    for rank in range(world):
        run(rank, keep)
    return [run(rank, lambda _: [row for share in shares for row in share]) for rank in range(world)]


def test_metrics_of_sets_see_every_image_once_whatever_the_processes() -> None:
    """Seven images on two processes: in their order, without one lost or doubled."""
    sets, metrics = [Made("many", 4), Made("few", 3)], {"median": Median(), "lr": SeesLR()}
    alone = evaluate(Bicubic(2), sets, metrics)
    by_hand = [Bicubic(2)(one.lr).mean() - one.hr.mean() for one in sets[1].examples if one.hr is not None]
    assert alone.flat()["few/median"] == pytest.approx(np.median(by_hand))
    assert alone.flat().keys() == {"many/median", "many/lr", "few/median", "few/lr"}
    assert all("median" not in row.values and not row.observed for row in alone.rows)
    for found in on_processes(2, sets, metrics):
        assert found.json() == alone.json()
        assert [row.place for row in found.rows] == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2)]


def test_a_set_that_cannot_be_scored_is_named() -> None:
    with pytest.raises(UserError, match="Set one: a median needs two images"):
        evaluate(Bicubic(2), [Made("one", 1)], {"median": Median()})


def test_sets_measured_apart_are_joined() -> None:
    parts = [evaluate(Bicubic(2), [Made(name, 3)], {"median": Median()}) for name in ("a", "b")]
    assert joined(parts).flat() == parts[0].flat() | parts[1].flat()
    assert joined(parts).sets == {"a": 3, "b": 3}


def test_what_a_network_says_against_an_image_names_it() -> None:
    def broken(lr: np.ndarray) -> np.ndarray:
        raise UserError("The network's answer is not finite.")

    with pytest.raises(UserError, match="Set set, image set0: The network's answer is not finite"):
        evaluate(broken, [Made("set", 2)], {"mean": Alone()})
