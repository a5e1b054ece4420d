"""Trackers: how they are made of options, begun, taken up again, and refused."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from accelerate.tracking import GeneralTracker, MLflowTracker, WandBTracker

from gansr.build.watching import trackers
from gansr.build.watching.trackers import check_trackers, mlflow, start_trackers, wandb
from gansr.errors import OptionsError
from gansr.options.load import validate

Run = Callable[..., Any]

NOTES = '''
import json
from accelerate.tracking import GeneralTracker

class Notes(GeneralTracker):
    """Writes down what it is told."""

    name, requires_logging_directory, tracker = "notes", False, None

    def __init__(self, path: str, title: str, shout: bool = False):
        super().__init__()
        self.path, self.title = path, title

    def note(self, *what):
        with open(self.path, "a") as file:
            file.write(json.dumps([self.title, *what]) + "\\n")

    def start(self):
        self.note("start")

    def store_init_configuration(self, values):
        self.note("settings", values)

    def log(self, values, step=None, **kwargs):
        self.note("log", step, sorted(values))

    def finish(self):
        self.note("finish")

def nothing():
    """No tracker at all."""
'''


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A tracker of the user's own, and what it was told, by the titles of stages."""
    (tmp_path / "own_tracker.py").write_text(NOTES)
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "notes.jsonl"

    def read() -> list[Any]:
        found = [json.loads(line) for line in path.read_text().splitlines()]
        path.unlink()
        return found

    read.row = {"type": "own_tracker:Notes", "path": str(path)}  # pyright: ignore[reportFunctionMemberAccess]
    return read


def test_a_run_tells_a_users_own_tracker(gansr: Run, options_file: Run, tree: Run, notes: Any) -> None:
    """Each stage is a run of its own; a finished one is not begun again."""
    options = tree(log__trackers=[notes.row], train__steps=3)
    path = options_file(options | {"stages": [{"name": "a"}, {"name": "b"}]})
    assert gansr("train", path).code == 0
    found = notes()
    assert [one for one, what, *_ in found if what in ("start", "finish")] == ["tiny/1_a"] * 2 + ["tiny/2_b"] * 2
    first = found[: len(found) // 2]
    assert [what for _, what, *_ in first] == ["start", "settings", "log", "log", "log", "finish"]
    assert first[1][2]["train.steps"] == 3
    logged = [rest for _, what, *rest in first if what == "log"]
    assert [step for step, _ in logged] == [2, 3, 3] and logged[2][1] == ["validation/judge/psnr"]
    assert {"loss/pixel", "lr", "speed/images_per_second"} <= set(logged[0][1])
    assert gansr("train", path, "stages.b.train.steps=4").code == 0
    assert {one for one, *_ in notes()} == {"tiny/2_b"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("wandbb", "log.trackers: there is no type 'wandbb'. Did you mean 'wandb'"),
        ({"type": "wandb", "projekt": "x"}, "log.trackers (type wandb): projekt: there is no such key"),
        ({"type": "wandb", "mode": "of"}, "mode: expected 'online', 'offline' or 'disabled', found 'of'"),
        ("no_such_module_at_all:Tracker", "cannot be imported"),
    ],
    ids=str,
)
def test_trackers_that_are_refused(tree: Run, row: Any, message: str) -> None:
    with pytest.raises(OptionsError) as error:
        check_trackers(validate(tree(log__trackers=[row]), "run.yml"))
    assert message in str(error.value)


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_missing_package_is_one_sentence_before_the_first_step(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = trackers.importlib.util.find_spec
    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda one, *_: None if one == name else real(one))
    result = gansr("train", options_file(tree(log__trackers=[name])))
    assert result.code == 2 and f"{name} needs a package that is missing: pip install {name}" in result.err
    assert not (tmp_path / "runs").exists()


def begun(tree: Run, rows: list[Any], step: int = 0, main: bool = True) -> tuple[list[Any], list[Any]]:
    """The trackers, and what Accelerate was asked to start them with."""
    asked: list[Any] = []

    def init_trackers(title: str, config: Any) -> None:
        """As Accelerate's: all that it has are started, and those of before again."""
        asked.append((title, config))
        accelerator.trackers += accelerator.log_with
        for one in accelerator.trackers:
            one.start()

    accelerator: Any = SimpleNamespace(is_main_process=main, init_trackers=init_trackers, trackers=[])
    options = validate(tree(log__trackers=rows), "run.yml")
    return start_trackers(options, accelerator, step, {"train.lr": 0.5}), asked


class Remote(GeneralTracker):
    """As wandb's, a tracker with a run that has a name on the server."""

    name = "wandb"
    requires_logging_directory = False

    def __init__(self, session: str | None = None) -> None:
        super().__init__()
        self.session, self.starts = session, 0

    def start(self) -> None:
        self.starts += 1
        self.run = SimpleNamespace(id=self.session or "fresh")

    @property
    def tracker(self) -> Any:
        return self.run


def test_a_resumed_run_is_the_same_run_to_its_trackers(
    tree: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(trackers.TRACKERS, "wandb", Remote)
    (one,), asked = begun(tree, ["wandb"])
    assert one.session is None and asked == [("tiny", {"train.lr": 0.5})]
    file = tmp_path / "runs" / "tiny" / "trackers.json"
    assert json.loads(file.read_text()) == {"wandb": "fresh"}
    file.write_text('{"wandb": "before"}')
    (one,), asked = begun(tree, ["wandb"], step=5)
    assert one.session == "before" and asked == [("tiny", None)], "settings are told once"
    (one,), _ = begun(tree, ["wandb"], step=0)
    assert one.session is None and json.loads(file.read_text()) == {"wandb": "fresh"}


def test_each_of_several_is_started_once(tree: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(trackers.TRACKERS, "wandb", Remote)
    found, asked = begun(tree, ["wandb", "wandb"])
    assert [one.starts for one in found] == [1, 1] and len(asked) == 2


def test_other_processes_have_no_trackers(tree: Run, tmp_path: Path) -> None:
    assert begun(tree, ["own:Nothing"], main=False) == ([], []) == begun(tree, [])
    assert not (tmp_path / "runs").exists()


def test_a_tracker_that_does_not_start_is_said_in_a_sentence(tree: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any) -> None:
        raise RuntimeError("api_key not configured")

    monkeypatch.setitem(trackers.TRACKERS, "wandb", Remote)
    monkeypatch.setattr(Remote, "start", refuse)
    with pytest.raises(OptionsError, match=r"wandb could not start: api_key not configured\. .*mode: offline"):
        begun(tree, ["wandb"])


def test_what_is_no_tracker_is_refused(tree: Run, notes: Any) -> None:
    with pytest.raises(OptionsError, match=r"'own_tracker:nothing' makes no accelerate\.tracking\.GeneralTracker"):
        begun(tree, [{"type": "own_tracker:nothing"}])


def test_accelerates_trackers_get_the_arguments(tmp_path: Path) -> None:
    one = wandb("run/1_a", tmp_path / "run", "abc", project="p", mode="offline", tags=("x",))
    assert isinstance(one, WandBTracker) and one.run_name == "p"
    expected = {"name": "run/1_a", "dir": str(tmp_path / "run"), "id": "abc", "resume": "allow", "tags": ["x"]}
    assert one.init_kwargs == expected | {"mode": "offline", "entity": None}
    other = mlflow("run/1_a", "abc", experiment="e")
    assert isinstance(other, MLflowTracker)
    assert (other.experiment_name, other.run_name, other.run_id) == ("e", "run/1_a", "abc")
