"""log.jsonl: exact, and after a crash cut back to what the checkpoint knows."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gansr.training.console import Console
from gansr.training.journal import Journal
from gansr.training.stopwatch import Stopwatch


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Callable[..., Journal]]:
    """Makes journals in one folder, and closes them."""
    made: list[Journal] = []

    def make(step: int = 0, writes: bool = True) -> Journal:
        console = Console("tiny", 10, step, 4, visible=writes)
        made.append(Journal(tmp_path / "run", step, console, Stopwatch(step), images=4, writes=writes))
        return made[-1]

    yield make
    for one in made:
        one.close()


def lines(tmp_path: Path) -> list[Any]:
    return [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]


def test_lines(journal: Callable[..., Journal], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = journal()
    one.losses(2, {"loss/pixel": 0.25}, {"lr": 1e-4})
    one.scores(2, {"set5/psnr": math.inf, "set5/ssim": 0.5}, " (the best)")
    assert lines(tmp_path) == [
        {"step": 2, "loss/pixel": 0.25, "lr": 1e-4},
        {"step": 2, "set5/psnr": "inf", "set5/ssim": 0.5},
    ]
    shown = capsys.readouterr().out
    assert "step 2/10" in shown and "pixel 0.25" in shown and "set5/ssim 0.5000 (the best)" in shown


def test_tensorboard_gets_the_same(journal: Callable[..., Journal], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    one = journal()
    one.losses(2, {"loss/pixel": 0.25}, {"lr": 0.5})
    one.scores(2, {"set5/psnr": 30.0}, "")
    one.picture(2, "set5/bird", np.zeros((4, 6, 3), np.uint8))
    one.close()
    board = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    scalars = {name: [(event.step, event.value) for event in board.Scalars(name)] for name in board.Tags()["scalars"]}
    assert scalars["loss/pixel"] == [(2, 0.25)] and scalars["lr"] == [(2, 0.5)]
    assert scalars["validation/set5/psnr"] == [(2, 30.0)]
    assert scalars["speed/images_per_second"][0][1] > 0
    assert board.Tags()["images"] == ["set5/bird"]


def test_lines_beyond_the_checkpoint_and_a_torn_one_are_cut(journal: Callable[..., Journal], tmp_path: Path) -> None:
    one = journal()
    for step in (2, 4, 6, 8):
        one.losses(step, {"loss/pixel": 1 / step}, {})
    kept = lines(tmp_path)[:3]
    with (tmp_path / "run" / "log.jsonl").open("a") as file:
        file.write('{"step": 6, "loss/pix')
    two = journal(step=6)
    assert lines(tmp_path) == kept
    two.losses(8, {"loss/pixel": 0.5}, {})
    assert lines(tmp_path) == [*kept, {"step": 8, "loss/pixel": 0.5}]


def test_a_run_that_starts_anew_starts_its_log_anew(journal: Callable[..., Journal], tmp_path: Path) -> None:
    journal().losses(2, {"loss/pixel": 1.0}, {})
    journal(step=0)
    assert lines(tmp_path) == []


def test_other_processes_write_nothing(
    journal: Callable[..., Journal], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = journal(writes=False)
    one.losses(2, {"loss/pixel": 1.0}, {})
    one.scores(2, {"set5/psnr": 1.0}, "")
    one.picture(2, "bird", np.zeros((4, 6, 3), np.uint8))
    one.close()
    assert not (tmp_path / "run").exists() and capsys.readouterr().out == ""


def test_histograms_are_for_tensorboard_alone(journal: Callable[..., Journal], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    one = journal()
    one.histograms(4, {"logits/fake": torch.tensor([-1.0, 0.0, 3.0, 3.0]), "logits/real": torch.ones(2)})
    one.histograms(4, {"logits/beyond": torch.tensor([-1e30, 1e30])})
    one.close()
    assert not (tmp_path / "run" / "log.jsonl").exists()
    board = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    assert sorted(board.Tags()["histograms"]) == ["logits/beyond", "logits/fake", "logits/real"]
    (event,) = board.Histograms("logits/fake")
    found = event.histogram_value
    assert event.step == 4 and (found.min, found.max, found.num, found.sum) == (-1, 3, 4, 5)


def test_settings_and_outcome_stand_in_the_table_of_runs(journal: Callable[..., Journal], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    one = journal()
    one.settings({"train.lr": 0.5, "generator": "edsr", "seed": 3}, {"final/set5/psnr": 30.0})
    one.close()
    board = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    assert [event.value for event in board.Scalars("final/set5/psnr")] == [30.0]
    found = board.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    values = HParamsPluginData.FromString(found).session_start_info.hparams
    assert values["train.lr"].number_value == 0.5 and values["generator"].string_value == "edsr"
    assert values["seed"].number_value == 3
    assert [path.is_file() for path in (tmp_path / "run" / "tensorboard").iterdir()] == [True, True], "no run below it"


class Told:
    """A tracker that notes what it is told, and fails when it is asked to."""

    name = "told"

    def __init__(self, fails: str = "") -> None:
        self.calls: list[Any] = []
        self.fails = fails

    def log(self, values: Any, step: int) -> None:
        self._note("log", values, step)

    def finish(self) -> None:
        self._note("finish")

    def _note(self, what: str, *more: Any) -> None:
        if what == self.fails:
            raise ConnectionError("the line is dead")
        self.calls.append((what, *more))


class ToldPictures(Told):
    def log_images(self, images: Any, step: int) -> None:
        self._note("picture", list(images), step)


def told(tmp_path: Path, *trackers: Any, writes: bool = True) -> None:
    """What happens in a short run."""
    console = Console("tiny", 10, 0, 4, visible=writes)
    one = Journal(tmp_path / "run", 0, console, Stopwatch(0), 4, writes, trackers)
    one.losses(2, {"loss/pixel": 0.25}, {"lr": 0.5})
    one.scores(2, {"set5/psnr": 30.0}, "")
    one.picture(2, "set5/bird", np.zeros((4, 6, 3), np.uint8))
    one.histograms(2, {"logits/fake": torch.ones(3)})
    one.close()


def test_trackers_are_told_what_tensorboard_is_told(tmp_path: Path) -> None:
    plain, pictures = Told(), ToldPictures()
    told(tmp_path, plain, pictures)
    (_, losses, step), scores, end = plain.calls
    assert {key: losses[key] for key in ("loss/pixel", "lr")} == {"loss/pixel": 0.25, "lr": 0.5} and step == 2
    speed = {"speed/seconds_per_step", "speed/images_per_second", "speed/waiting_for_data"}
    assert losses.keys() - {"loss/pixel", "lr"} == speed
    assert scores == ("log", {"validation/set5/psnr": 30.0}, 2) and end == ("finish",)
    assert [call[0] for call in pictures.calls] == ["log", "log", "picture", "finish"]
    assert pictures.calls[2] == ("picture", ["set5/bird"], 2)


@pytest.mark.parametrize(("fails", "calls"), [("log", []), ("finish", ["log", "log"])])
def test_a_tracker_that_fails_costs_no_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fails: str, calls: list[str]
) -> None:
    broken, sound = Told(fails), Told()
    told(tmp_path, broken, sound)
    assert capsys.readouterr().out.count("told failed and is told no more: the line is dead") == 1
    assert [call[0] for call in broken.calls] == calls
    assert [call[0] for call in sound.calls] == ["log", "log", "finish"] and len(lines(tmp_path)) == 2


def test_other_processes_tell_nobody(tmp_path: Path) -> None:
    silent = Told()
    told(tmp_path, silent, writes=False)
    assert silent.calls == [] and not (tmp_path / "run").exists()


WON = {"discriminator/accuracy": 1.0, "logit/real": 12.0, "logit/fake": -12.0}
FAIR = {"discriminator/accuracy": 0.8, "logit/real": 1.0, "logit/fake": -1.0}


def warnings(shown: str) -> list[str]:
    return [line for line in shown.splitlines() if line.startswith("  watch out: ")]


def test_advice_is_given_once_and_again_when_it_comes_back(
    journal: Callable[..., Journal], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = journal()
    counts = []
    for step, values in enumerate([FAIR, WON, WON, WON | {"discriminator/accuracy": 0.999}, FAIR, WON], start=1):
        one.losses(step, values, {})
        counts.append(len(warnings(capsys.readouterr().out)))
    assert counts == [0, 1, 0, 0, 0, 1], "numbers in the sentence change; what is the matter does not"
    assert all("watch" not in "".join(map(str, line)) for line in lines(tmp_path)), "the log stays as it was"


def test_advice_on_gradients_holds_until_they_are_measured_again(
    journal: Callable[..., Journal], capsys: pytest.CaptureFixture[str]
) -> None:
    """Only some lines bring gradients: between them the shares must not take the floor."""
    one = journal()
    shares = {"share/pixel": 0.5, "share/content": 0.5}
    norms = {"gradient/pixel": 500.0, "gradient/content": 1.0}
    counts = []
    for step, values in enumerate([shares | norms, shares, shares, shares | norms], start=1):
        one.losses(step, values, {})
        counts.append(len(warnings(capsys.readouterr().out)))
    assert counts == [1, 0, 0, 0]


LIKE = {"domain/lr/energy_made": 20.0, "domain/lr/energy_real": 20.0, "change/degrader": 8.0}


def test_advice_on_made_images_is_by_several_lines(
    journal: Callable[..., Journal], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines show different images: one that is far off is none, and what stays off is said once, though it swings."""
    one = journal()
    made = [20.0, 20.0, 20.0, 20.0, 27.0, 20.0, 20.0, 30.0, 30.0, 30.0, 20.0, 30.0, 30.0]
    counts = []
    for step, energy in enumerate(made, start=5):  # of 10 steps, as the journal is told
        one.losses(step, LIKE | {"domain/lr/energy_made": energy}, {})
        counts.append(len(warnings(capsys.readouterr().out)))
    assert sum(counts[:7]) == 0 and sum(counts) == 1
    assert [line["domain/lr/energy_made"] for line in lines(tmp_path)] == made, "the log has each line's own"


def test_waiting_for_data_is_shown_and_said_but_not_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two seconds a step, half of them waiting: told from the second line on, not of seconds, not in log.jsonl."""
    now = 0.0
    watch = Stopwatch(0, clock=lambda: now)
    one = Journal(tmp_path / "run", 0, Console("tiny", 100, 0, 4), watch, images=4)
    for step, seconds, waited in ((10, 20.0, 10.0), (20, 20.0, 10.0), (30, 20.0, 0.5), (40, 2.0, 2.0)):
        now += seconds
        watch.waited(waited)
        one.losses(step, {"loss/pixel": 0.5}, {})
    one.close()
    first, second, said, third, _ = capsys.readouterr().out.splitlines()
    assert "2.0 images/s, waiting for data 50%  " in first and "waiting for data 50%" in second
    assert said.startswith("  watch out: the loop waits for data 50% of the time (1 s of each step)")
    assert "data.train.workers" in said and "data.train.cache: raw" in said
    assert "waiting" not in third
    assert all(line.keys() == {"step", "loss/pixel"} for line in lines(tmp_path))


def test_means_of_several_lines(journal: Callable[..., Journal]) -> None:
    one = journal()
    found = [one._steady({"change/cleaner": value, "loss/pixel": 1.0}) for value in (4.0, 2.0, 0.0, 6.0, 7.0)]
    assert [line["change/cleaner"] for line in found] == pytest.approx([4.0, 3.0, 2.0, 3.0, 4.0])
    assert set(one._steady({})) == {"change/cleaner"}


@pytest.mark.parametrize(("steps", "first"), [(1000, 500), (200_000, 10_000)])
def test_beginners_are_left_alone(steps: int, first: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For half of a run, and not for half of a long one."""
    one = Journal(tmp_path / "run", 0, Console("tiny", steps, 0, 4), Stopwatch(0), images=4)
    for step, count in ((first - 1, 0), (first, 1)):
        one.losses(step, LIKE | {"change/degrader": 0.1}, {})
        assert len(warnings(capsys.readouterr().out)) == count
    one.close()


def test_several_alarms_have_texts_of_their_own(journal: Callable[..., Journal], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    one = journal()
    for step in (8, 9, 10):
        one.losses(step, LIKE | {"change/degrader": 0.1, "domain/lr/red": 5.0}, {})
    one.close()
    board = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    tags = sorted(tag for tag in board.Tags()["tensors"] if tag.startswith("watch out/"))
    assert tags == ["watch out/drift/lr/red/text_summary", "watch out/nothing/degrader/text_summary"]
    assert [[event.step for event in board.Tensors(tag)] for tag in tags] == [[8], [8]], "once"
    assert [event.step for event in board.Scalars("domain/lr/red")] == [8, 9, 10]


def test_advice_goes_to_tensorboard(journal: Callable[..., Journal], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    one = journal()
    one.losses(2, WON, {})
    one.close()
    board = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    (event,) = board.Tensors("watch out/won/text_summary")
    assert event.step == 2 and b"the discriminator has won" in event.tensor_proto.string_val[0]


def test_other_processes_give_no_advice(journal: Callable[..., Journal], capsys: pytest.CaptureFixture[str]) -> None:
    journal(writes=False).losses(2, WON, {})
    assert capsys.readouterr().out == ""


def test_the_console_shows_losses_and_logits_alone(
    journal: Callable[..., Journal], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {"loss/pixel": 0.25, "share/pixel": 1.0, "gradient/pixel": 0.5, "colour/red": 0.125, "logit/real": 0.75}
    journal().losses(2, values, {"lr": 1e-4})
    shown = capsys.readouterr().out
    assert "pixel 0.25  logit/real 0.75\n" in shown
    assert "share" not in shown and "gradient" not in shown and "colour" not in shown
    assert lines(tmp_path) == [{"step": 2, **values, "lr": 1e-4}]
