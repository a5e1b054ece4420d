"""Weights & Biases, MLflow, or a user's own: who is told what TensorBoard is told, by Accelerate's trackers."""

import importlib.util
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from accelerate import Accelerator
from accelerate.tracking import GeneralTracker, MLflowTracker, WandBTracker

from gansr.errors import OptionsError, StorageError
from gansr.options.component import build, check
from gansr.options.schema import Options
from gansr.training.files import replace_text

SESSIONS = "trackers.json"
"""In a stage's folder: what each tracker calls the run, so that a resumed one goes on in the same."""


def wandb(
    title: str,
    folder: Path,
    session: str | None,
    project: str = "gansr",
    entity: str | None = None,
    mode: Literal["online", "offline", "disabled"] | None = None,
    tags: tuple[str, ...] = (),
) -> GeneralTracker:
    """Weights & Biases, with pictures; it needs the package wandb.

    Args:
        title: of the stage
        folder: of the stage; what is not sent yet lies in wandb/ in it
        session: the run that goes on; None: a new one
        project: to which the run belongs
        entity: user or team; null: the one who is logged in
        mode: offline writes files for `wandb sync`; null: what the variable WANDB_MODE says, or online
        tags: of the run
    """
    folder.mkdir(parents=True, exist_ok=True)
    given = {"name": title, "dir": str(folder), "id": session, "resume": "allow", "tags": list(tags)}
    return WandBTracker(project, entity=entity, mode=mode, **given)


def mlflow(title: str, session: str | None, experiment: str = "gansr") -> GeneralTracker:
    """MLflow, where the variable MLFLOW_TRACKING_URI says, in a database; it needs the package mlflow.

    Args:
        title: of the stage
        session: the run that goes on; None: a new one
        experiment: to which the run belongs
    """
    return MLflowTracker(experiment, run_name=title, run_id=session)


TRACKERS: dict[str, Callable[..., Any]] = {"wandb": wandb, "mlflow": mlflow}

SESSION: dict[str, Callable[[Any], str]] = {"wandb": lambda run: run.id, "mlflow": lambda run: run.info.run_id}
"""How a tracker, by its name, calls the run that it has begun."""


def check_trackers(options: Options) -> None:
    """Are they such as can be made, as far as options say?

    Raises:
        OptionsError: there is none of that name, it has no such argument, or its package is not installed.
    """
    for row in options.log.told:
        check(row, TRACKERS, "log.trackers", **_context(options, {}, row.type))
        if row.type in TRACKERS and importlib.util.find_spec(row.type) is None:
            raise OptionsError(f"log.trackers: {row.type} needs a package that is missing: pip install {row.type}.")


def start_trackers(options: Options, accelerator: Accelerator, step: int, told: Mapping[str, Any]) -> list[Any]:
    """The trackers, begun in the first process; the others have none.

    Args:
        options: the stage's
        accelerator: starts them
        step: steps taken before; a run that goes on is the same run to its trackers
        told: settings, for a run that is new to them

    Raises:
        OptionsError: one did not start, as when nobody is logged in.
    """
    if not (options.log.trackers and accelerator.is_main_process):
        return []
    sessions = _sessions(options.folder) if step else {}
    made: list[Any] = []
    for row in options.log.told:
        made.append(build(row, TRACKERS, "log.trackers", **_context(options, sessions, row.type)))
        if not isinstance(made[-1], GeneralTracker):
            raise OptionsError(f"log.trackers: '{row.type}' makes no accelerate.tracking.GeneralTracker.")
    for row, tracker in zip(options.log.told, made, strict=True):
        _start(row.type, tracker, accelerator, options.title, {} if row.type in sessions else told)
    _save_sessions(options.folder, {one.name: SESSION[one.name](one.tracker) for one in made if one.name in SESSION})
    return made


def _start(name: str, tracker: Any, accelerator: Accelerator, title: str, told: Mapping[str, Any]) -> None:
    accelerator.trackers, accelerator.log_with = [], [tracker]  # it starts whatever it has
    try:
        accelerator.init_trackers(title, dict(told) or None)
    except Exception as error:
        said = (str(error).strip() or type(error).__name__).removesuffix(".")
        hint = " Log in with `wandb login`, or say {type: wandb, mode: offline}." if name == "wandb" else ""
        raise OptionsError(f"log.trackers: {name} could not start: {said}.{hint}") from error
    accelerator.trackers = []  # a stage ends its own


def _context(options: Options, sessions: Mapping[str, str], name: str) -> dict[str, Any]:
    return {"title": options.title, "folder": options.folder, "session": sessions.get(name)}


def _sessions(folder: Path) -> dict[str, str]:
    path = folder / SESSIONS
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def _save_sessions(folder: Path, sessions: Mapping[str, str]) -> None:
    if not sessions:
        return
    try:
        replace_text(folder / SESSIONS, json.dumps(sessions, indent=2) + "\n")
    except OSError as error:
        raise StorageError(f"{folder / SESSIONS} cannot be written: {error.strerror}.") from None
