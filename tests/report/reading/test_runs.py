from pathlib import Path

import pytest

from gansr.errors import DataError
from gansr.report.reading.runs import read_runs


@pytest.fixture
def stage(tmp_path: Path):
    """Writes a stage's folder: so many steps, of so many."""

    def write(name: str, step: int = 4, steps: int | None = 4) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "log.jsonl").write_text(f'{{"step": {step}, "loss/pixel": 1.0, "lr": 0.1}}\n', "utf-8")
        if steps:
            (folder / "options.yml").write_text(f"train: {{steps: {steps}}}\n", "utf-8")
        return folder

    return write


def test_stages_are_parts_one_after_the_other(stage, tmp_path: Path) -> None:
    stage("run/10_gan", 2, 9)
    stage("run/2_psnr", 4)
    stage("other", 3, None)
    (tmp_path / "run" / "3_notes").mkdir()
    found = read_runs([tmp_path / "run", tmp_path / "other"])
    assert [(part.label, part.run, part.begins) for part in found] == [
        ("run · 2 psnr", 0, 0),
        ("run · 10 gan", 0, 4),
        ("other", 1, 0),
    ]
    assert [part.state for part in found] == [
        "finished, 4 steps",
        "step 2 of 9: still going on, or stopped",
        "step 3: still going on, or stopped",
    ]
    assert found[2].options is None


def test_of_one_run_stages_alone_are_named(stage, tmp_path: Path) -> None:
    stage("run/1_psnr")
    assert [(part.label, part.name) for part in read_runs([tmp_path / "run"])] == [("1 psnr", "run")]


def test_runs_of_one_name_are_told_apart(stage, tmp_path: Path) -> None:
    found = read_runs([stage("a/run"), stage("b/run"), stage("HR")])
    assert [part.label for part in found] == ["a/run", "b/run", f"{tmp_path.name}/HR"]


def test_a_run_that_has_just_begun(tmp_path: Path) -> None:
    (tmp_path / "options.yml").write_text("train: {steps: 5}\n", "utf-8")
    assert read_runs([tmp_path])[0].state == "nothing is logged yet"


def test_what_is_no_run_is_refused(stage, tmp_path: Path) -> None:
    run = stage("runs/first")
    (tmp_path / "file").write_text("", "utf-8")
    (tmp_path / "empty").mkdir()
    for folder, words in {
        tmp_path / "runs/frist": r"There is no run .*frist\. Did you mean .*first\?",
        tmp_path / "file": "is a file; expected the folder",
        tmp_path / "empty": "is no run: expected log.jsonl and options.yml in it, or in stages",
        tmp_path / "runs": "is no run: .* It holds runs: first",
    }.items():
        with pytest.raises(DataError, match=words):
            read_runs([folder])
    with pytest.raises(DataError, match="is given twice"):
        read_runs([run, run])


@pytest.mark.parametrize("text", ["- a", "a: [", "text"])
def test_options_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "options.yml").write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"options\.yml"):
        read_runs([tmp_path])
