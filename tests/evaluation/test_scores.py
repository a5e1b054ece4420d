import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gansr.data.sets.evaluation_set import EvaluationSet, Example
from gansr.errors import DataError, StorageError
from gansr.evaluation.scores import Scores, evaluate, write_json
from gansr.inference.bicubic import Bicubic
from gansr.metrics import METRICS


class Made(EvaluationSet):
    """Small images in memory."""

    def __init__(self, name: str, count: int, scale: int = 2) -> None:
        super().__init__(name, [], scale)
        random = np.random.default_rng(len(name))
        self.examples = [
            Example(
                f"{name}{number}",
                random.integers(0, 256, (10, 12, 3), dtype=np.uint8),
                random.integers(0, 256, (10 * scale, 12 * scale, 3), dtype=np.uint8),
            )
            for number in range(count)
        ]

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Example:
        return self.examples[index]


METRIC = {"psnr": METRICS["psnr"](2), "ssim": METRICS["ssim"](2)}
SETS = [Made("many", 5), Made("two", 2)]


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_on_set5_scores_what_the_field_prints(shared: Path, scale: int) -> None:
    folder = shared / "data" / "Set5"
    images = EvaluationSet.open("set5", folder / "HR", folder / f"LRx{scale}", scale, "test")
    metrics = {
        "printed": METRICS["psnr"](scale),
        "unrounded": METRICS["psnr"](scale, round_y=False),
        "ssim": METRICS["ssim"](scale, round_y=False),
    }
    found = evaluate(Bicubic(scale), [images], metrics).flat()
    printed, unrounded, ssim = {
        2: (33.65, 33.67, 0.9303),
        3: (30.39, 30.40, 0.8689),
        4: (28.42, 28.43, 0.8111),
    }[scale]
    assert found["set5/printed"] == pytest.approx(printed, abs=0.02)
    assert found["set5/unrounded"] == pytest.approx(unrounded, abs=0.006)
    assert found["set5/ssim"] == pytest.approx(ssim, abs=0.0005)


def test_the_grey_image_of_set14_is_scored_as_grey(shared: Path) -> None:
    folder = shared / "data" / "Set14"
    images = EvaluationSet.open("set14", folder / "HR", folder / "LRx4", 4, "test")
    found = evaluate(Bicubic(4), [images], {"psnr": METRICS["psnr"](4)})
    assert found.flat()["set14/psnr"] == pytest.approx(26.00, abs=0.02)  # 26.09 if Y were taken of grey


def on_processes(world: int, sets: list[EvaluationSet], upscale: Any = None) -> list[Any]:
    """What every process of `world` gets: its scores, or what it raised."""

    def run(rank: int, gather: Callable[[list[Any]], list[Any]]) -> Any:
        try:
            return evaluate(upscale or Bicubic(2), sets, METRIC, rank, world, gather)
        except DataError as error:
            return error

    shares: list[list[Any]] = []
    for rank in range(world):  # first round: what each would send
        run(rank, lambda mine: shares.append(mine) or mine)
    joined = [row for share in shares for row in share]
    return [run(rank, lambda _: joined) for rank in range(world)]


def test_two_processes_score_seven_images_once_each() -> None:
    alone = evaluate(Bicubic(2), SETS, METRIC)
    for found in on_processes(2, SETS):
        assert [row.image for row in found.rows] == [example.name for one in SETS for example in one.examples]
        assert found.flat() == alone.flat()
    assert alone.flat().keys() == {"many/psnr", "many/ssim", "two/psnr", "two/ssim"}


def test_the_mean_is_over_images() -> None:
    found = evaluate(Bicubic(2), SETS, METRIC)
    by_hand = [row.values["psnr"] for row in found.rows if row.set == "two"]
    assert found.flat()["two/psnr"] == pytest.approx(sum(by_hand) / 2)


def test_a_mistake_on_one_process_stops_all_of_them() -> None:
    def upscale(lr: np.ndarray) -> np.ndarray:
        wrong = lr is SETS[0].examples[1].lr  # the second process's first
        return Bicubic(3 if wrong else 2)(lr)

    for error in on_processes(2, SETS, upscale):
        assert isinstance(error, DataError)
        assert "Set many, image many1: the result is 36x30 pixels, its ground truth 24x20" in str(error)


def test_a_metric_that_cannot_be_computed_names_the_image() -> None:
    with pytest.raises(DataError, match="Set two, image two0: SSIM needs"):
        evaluate(Bicubic(2), SETS[1:], {"ssim": METRICS["ssim"](2, border=6)})


def test_pictures_of_the_first_images_are_kept() -> None:
    found = evaluate(Bicubic(2), SETS, METRIC, keep_images=1)
    assert [row.image for row in found.rows if row.pictures] == ["many0", "two0"]
    pictures = found.rows[0].pictures
    assert pictures and pictures.lr.shape == (10, 12, 3) and pictures.sr.shape == pictures.hr.shape == (20, 24, 3)


def test_json_has_no_number_that_json_lacks(tmp_path: Path) -> None:
    answers = iter(example.hr for one in SETS for example in one.examples)
    perfect: Scores = evaluate(lambda _: next(answers), SETS, METRIC)
    assert perfect.flat()["two/psnr"] == math.inf
    path = tmp_path / "new" / "scores.json"
    write_json(perfect.json(), path)
    read = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert float(read["means"]["two"]["psnr"]) == math.inf
    assert read["means"]["two"]["ssim"] == pytest.approx(1)
    assert read["protocols"]["psnr"].startswith("PSNR [dB], 8-bit Y")
    assert read["images"][5] == {"set": "two", "image": "two0", "psnr": "inf", "ssim": pytest.approx(1)}
    with pytest.raises(StorageError, match=r"could not be written to .*scores\.json"):
        write_json(perfect.json(), path / "under_a_file.json")
