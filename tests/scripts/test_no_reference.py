from pathlib import Path

import numpy as np
import pytest
import torch

from gansr.data.files.images import write_image
from gansr.metrics.natural.niqe import NIQE


def test_every_picture_and_the_mean(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(root / "scripts" / "experiments")
    from no_reference import main  # pyright: ignore[reportMissingImports]

    np.savez(tmp_path / "pristine.npz", mu_pris_param=np.arange(36) / 36, cov_pris_param=np.eye(36))
    random = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    expected = []
    for name, height in (("a", 96), ("b", 100)):
        image = random.integers(0, 256, (height, 192, 3), dtype=np.uint8)
        write_image(tmp_path / "photos" / f"{name}.png", image)
        expected.append(NIQE(1, str(tmp_path / "pristine.npz"))(torch.tensor(image).permute(2, 0, 1)))
    arguments = [str(tmp_path / "photos"), "--niqe", str(tmp_path / "pristine.npz")]
    main(arguments)
    numbers = [float(line.split()[0]) for line in capsys.readouterr().out.splitlines()[1:]]
    assert numbers == pytest.approx([*expected, sum(expected) / 2], abs=6e-4)
    write_image(tmp_path / "photos" / "small.png", np.zeros((20, 30, 1), np.uint8))
    with pytest.raises(SystemExit, match=r"small\.png: NIQE needs two whole blocks"):
        main(arguments)
