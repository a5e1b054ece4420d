"""The quickstart, with a handful of steps, in a folder of its own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gansr.data.files.images import image_size


@pytest.mark.slow
def test_quickstart_leaves_a_picture_and_a_table(root: Path, tmp_path: Path) -> None:
    for name in ("scripts/quickstart.py", "options/quickstart.yml"):
        (tmp_path / name).parent.mkdir()
        shutil.copy(root / name, tmp_path / name)
    few = [f"stages.{stage}.train.{key}=2" for stage in ("psnr", "gan") for key in ("steps", "batch")]
    subprocess.run([sys.executable, "scripts/quickstart.py", *few], cwd=tmp_path, check=True, timeout=300)

    folder = tmp_path / "experiments/quickstart"
    scores = json.loads((folder / "scores.json").read_text())
    assert list(scores) == ["bicubic", "PSNR stage", "GAN stage"]
    assert scores["bicubic"]["means"]["cat"]["psnr"] == pytest.approx(31.8, abs=3)
    assert scores["GAN stage"]["means"]["cat"] != scores["PSNR stage"]["means"]["cat"]
    height, width = image_size(folder / "comparison.png")
    assert width > 3.5 * height, "four panels in one row"
