import math
from pathlib import Path

import pytest

from gansr.errors import DataError
from gansr.report.reading.log import read_log

LOSSES = '{"step": 2, "loss/pixel": 0.5, "logit/real": "nan", "lr": 0.1}'
SCORES = '{"step": 3, "set5/psnr": 30.5, "set5/ssim": "inf"}'


@pytest.fixture
def log(tmp_path: Path):
    """Writes a log."""

    def write(*lines: str) -> Path:
        (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
        return tmp_path / "log.jsonl"

    return write


def test_losses_and_scores_are_told_apart(log) -> None:
    found = read_log(log(LOSSES, SCORES))
    assert [line["step"] for line in found.losses] == [2]
    assert [line["step"] for line in found.scores] == [3]
    assert math.isnan(found.losses[0]["logit/real"]) and found.scores[0]["set5/ssim"] == math.inf
    assert found.step == 3 and not found.cut
    assert found.curve("set5/psnr") == ([3], [30.5])
    assert found.curve("nothing") == ([], [])


def test_names_of_sets_decide_where_they_are_known(log) -> None:
    line = '{"step": 1, "colour/red": 0.1}'  # of a run whose rates were not logged
    assert len(read_log(log(line), ["set5"]).losses) == 1
    assert len(read_log(log(SCORES), ["set5"]).scores) == 1
    assert len(read_log(log(SCORES.replace("set5", "a/b")), ["a/b"]).scores) == 1


def test_no_file_is_an_empty_log(tmp_path: Path) -> None:
    assert read_log(tmp_path / "log.jsonl").step == 0


@pytest.mark.parametrize("end", ['{"step": 4, "loss/pi', "[1]", '{"loss/pixel": 1}', '{"step": 4, "loss": "x"}'])
def test_a_last_line_that_is_not_whole_is_left_out(log, end: str) -> None:
    found = read_log(log(LOSSES, end))
    assert found.cut and [line["step"] for line in found.losses] == [2]


def test_a_broken_line_in_the_middle_is_a_mistake(log) -> None:
    with pytest.raises(DataError, match="line 2: expected a JSON object with a step and numbers, found 'rubbish'"):
        read_log(log(LOSSES, "rubbish", SCORES))


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read: it is no text"):
        read_log(tmp_path / "log.jsonl")
