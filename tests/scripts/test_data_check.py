"""The script that plants faults and counts what is found."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def _image(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (12, 12, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((128, 112), Image.Resampling.NEAREST))


def test_copies_are_counted(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(root / "scripts" / "experiments")
    from data_check import Row, main, row, table  # pyright: ignore[reportMissingImports]

    from gansr.data.check.findings import Finding

    for number in range(4):
        Image.fromarray(_image(number)).save(tmp_path / f"{number}.png")
    assert main([str(tmp_path), "--parts", "copies", "-o", str(tmp_path / "found.md")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("2 photos of the half `test`")
    assert (tmp_path / "found.md").read_text() == said.removesuffix("\n")
    assert main([str(tmp_path / "nowhere")]) == 2

    both = row("a", "b", "blank|frame", [[Finding("blank", ())], [Finding("frame", ()), Finding("grey", ())], []])
    assert isinstance(both, Row) and (both.found, both.count, dict(both.instead)) == (2, 3, {"nothing": 1})
    assert row("a", "", "", [[], [Finding("grey", ())]]).found == 1
    assert table([both]).splitlines()[-1] == "| a | b | blank or frame | 2 of 3 | 1 nothing |"
