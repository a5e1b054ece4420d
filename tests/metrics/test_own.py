"""A user's own metric: a class or a function that makes one, by `package.module:name`."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from gansr.build.making import parts
from gansr.data.files.images import write_image
from gansr.errors import OptionsError
from gansr.options.load import validate

OWN = '''
class Brightness:
    """How bright SR is on average, in levels."""

    higher_is_better = True
    unit = "levels"
    format = ".1f"
    needs_hr = False

    def __init__(self, scale: int, factor: float = 1.0) -> None:
        self.factor = factor
        self.protocol = f"mean level at x{scale}, times {factor:g}"

    def __call__(self, sr, hr) -> float:
        return self.factor * sr.double().mean().item()


def doubled(factor: float = 2.0) -> Brightness:
    """Brightness times two."""
    return Brightness(4, factor)
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "brightness_of_mine.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    return "brightness_of_mine"


def test_classes_and_functions_of_a_users_own(own: str, tree: Callable[..., Any]) -> None:
    rows = {"plain": {"type": f"{own}:Brightness"}, "twice": {"type": f"{own}:doubled"}}
    plain, twice = parts.metrics(validate(tree(validation__metrics=rows), "options"), 3).values()
    image = torch.full((3, 8, 8), 100, dtype=torch.uint8)
    assert plain(image, image) == 100 and twice(image, image) == 200
    assert plain.protocol == "mean level at x3, times 1" and "times 2" in twice.protocol


def test_their_arguments_are_checked(own: str, tree: Callable[..., Any]) -> None:
    row = {"type": f"{own}:Brightness", "facto": 3}
    with pytest.raises(OptionsError, match=r"validation\.metrics\.mine.*'factor'"):
        parts.metrics(validate(tree(validation__metrics={"mine": row}), "options"), 2)
    row = {"type": f"{own}:Darkness"}
    with pytest.raises(OptionsError, match="cannot be imported"):
        parts.metrics(validate(tree(validation__metrics={"mine": row}), "options"), 2)


def test_evaluate_prints_them(gansr: Callable[..., Any], own: str, tmp_path: Path) -> None:
    (tmp_path / "hr").mkdir()
    write_image(tmp_path / "hr" / "a.png", np.full((16, 16, 3), 90, np.uint8))
    row = f'{{type: "{own}:Brightness", factor: 0.5}}'
    result = gansr("evaluate", "bicubic", "--scale", 2, "--on", f"set={tmp_path / 'hr'}", "--metric", row)
    assert result.code == 0 and "45.0" in result.out and "mean level at x2, times 0.5" in result.out


def test_the_plug_in_that_the_docs_show_works(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tree: Callable[..., Any]
) -> None:
    """pyiqa itself may not be used commercially and is not installed: something as simple stands in for it."""
    page = (root / "docs" / "metrics.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "my_metrics.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)

    class Fake:
        lower_better = False

        def __call__(self, image: torch.Tensor) -> torch.Tensor:
            assert image.shape == (1, 3, 8, 8) and image.dtype == torch.float32
            return 10 * image.mean(dim=(1, 2, 3))

    pyiqa = SimpleNamespace(create_metric=lambda name, device: Fake())
    monkeypatch.setitem(__import__("sys").modules, "pyiqa", pyiqa)
    rows = {"musiq": {"type": "my_metrics:Pyiqa", "name": "musiq"}}
    (metric,) = parts.metrics(validate(tree(validation__metrics=rows), "options"), 2).values()
    image = torch.full((1, 8, 8), 51, dtype=torch.uint8)
    assert metric(image, image) == pytest.approx(2.0)
    assert metric.higher_is_better and "musiq" in metric.protocol
