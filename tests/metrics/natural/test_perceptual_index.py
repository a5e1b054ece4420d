import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gansr.errors import DataError
from gansr.metrics.natural.niqe import NIQE
from gansr.metrics.natural.perceptual_index import PerceptualIndex, read_scores


@pytest.fixture
def weights(tmp_path: Path) -> str:
    np.savez(tmp_path / "pristine.npz", mu_pris_param=np.zeros((1, 36)), cov_pris_param=np.eye(36))
    return str(tmp_path / "pristine.npz")


def image() -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, 200, 200), generator=draw, dtype=torch.uint8)


def test_is_the_mean_of_niqe_and_what_ma_lacks_of_ten(tmp_path: Path, weights: str) -> None:
    (tmp_path / "ma.json").write_text(json.dumps({"baby.png": 8.5, "folder/bird": 3}))
    metric = PerceptualIndex(4, weights, str(tmp_path / "ma.json"))
    niqe = NIQE(4, weights, border=4)(image())
    assert metric(image(), name="baby") == pytest.approx((10 - 8.5 + niqe) / 2)
    assert metric(image(), 255 - image(), name="folder/bird") == pytest.approx((7 + niqe) / 2)
    assert metric.protocol.startswith("PI, ((10 - Ma) + NIQE) / 2, Ma from ma.json; NIQE (pristine.npz), 8-bit Y")
    assert "4 px border cropped" in metric.protocol and not metric.needs_hr
    with pytest.raises(DataError, match=r"ma\.json: there is no Ma score of 'head' \(the first that are there: baby"):
        metric(image(), name="head")


def test_csv_with_and_without_a_heading(tmp_path: Path) -> None:
    expected = {"a": 8.5, "sub/b.x": 3.0}
    for number, text in enumerate(("name,ma\na.png, 8.5\nsub/b.x.PNG,3\n", "a,8.5\n\nsub/b.x.bmp,3")):
        (tmp_path / f"{number}.csv").write_text(text)
        assert read_scores(tmp_path / f"{number}.csv") == expected


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "[1, 2]", "not scores by name"),
        ("a.json", '{"a": "good"}', "not scores by name"),
        ("a.json", '{"a": 11}', "from 0 to 10"),
        ("a.json", '{"a": NaN}', "from 0 to 10"),
        ("a.json", "{}", "from 0 to 10"),
        ("a.json", '{"a.png": 1, "a.jpg": 2}', "several scores have one name"),
        ("a.csv", "a,1,2", "a line has 3 cells"),
        ("a.csv", "a,1\nb", "a line has 1 cells"),
        ("a.csv", "a,1\na,2", "a name is there twice"),
    ],
)
def test_files_that_do_not_fit(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=said):
        read_scores(tmp_path / name)
    with pytest.raises(DataError, match="no such file"):
        read_scores(tmp_path / "nowhere.json")
