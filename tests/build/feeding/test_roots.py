"""Runs whose images are parts of folders, lists, and of different weights."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from gansr.build.feeding.data import open_images, training_set, unpaired_set
from gansr.build.feeding.roots import roots, say_images
from gansr.data.files.roots import Root
from gansr.data.sampler import Ticket
from gansr.errors import DataError
from gansr.models.weights import read
from gansr.options.load import validate
from gansr.options.roots import RootOptions, spelled_out

Make = Callable[..., Any]


@pytest.fixture
def folder(photos: Path, tmp_path: Path) -> Path:
    """Two more folders of photos, one with odd ones, and a list."""
    source = np.asarray(Image.open(photos / "train/HR/0.png"))
    for name in ("more/a.png", "more/b.png", "more/b_old.png", "more/tmp/c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(source).save(tmp_path / name)
    Image.fromarray(np.dstack([source, source[..., :1]])).save(tmp_path / "more/alpha.png")
    (tmp_path / "some.txt").write_text("# three\n0.png\n\n2.png (40,48,3)\n5.png\n")
    return tmp_path


def rows(folder: Path, photos: Path) -> list[Any]:
    return [
        {"list": str(folder / "some.txt"), "folder": str(photos / "train/HR"), "weight": 2},
        {"folder": str(folder / "more"), "exclude": ["*_old*", "tmp/**"], "weight": 0.5},
    ]


def test_options_become_roots() -> None:
    several = spelled_out((Path("a"), RootOptions(list=Path("b/c.txt"), include="*.png", weight=2), Path("d/e.TXT")))
    assert roots(several) == [
        Root(Path("a")),
        Root(Path("b"), Path("b/c.txt"), ("*.png",), (), 2.0),
        Root(Path("d"), Path("d/e.TXT")),
    ]


def test_a_folder_may_be_named_like_a_list(tmp_path: Path) -> None:
    (tmp_path / "set.txt").mkdir()
    assert roots(spelled_out(tmp_path / "set.txt")) == [Root(tmp_path / "set.txt")]


def test_a_run_says_what_its_images_are(
    gansr: Make, options_file: Make, tree: Make, folder: Path, photos: Path, tmp_path: Path
) -> None:
    path = options_file(tree(data__train__hr=rows(folder, photos)))
    result = gansr("train", path)
    assert result.code == 0, result.err
    said = [line.strip() for line in result.out.splitlines()]
    assert "data.train.hr: 6 images, 0.01 million pixels; 1 with transparency (dropped)" in said
    assert f"{folder / 'some.txt'}: 3 images, weight 2, 80.0% of samples" in said
    assert f"{folder / 'more'}: 3 images, without 2 that patterns leave out, weight 0.5, 20.0% of samples" in said
    saved = tmp_path / "runs/tiny/options.yml"
    assert "weight: 2.0" in saved.read_text() and "*_old*" in saved.read_text()
    again = gansr("train", path)
    assert again.code == 0 and "million pixels" not in again.out, "once"


def test_weights_reach_the_set(tree: Make, folder: Path, photos: Path) -> None:
    made = training_set(validate(tree(data__train__hr=rows(folder, photos)), "run.yml"))
    # Of 3 images an epoch has 1.5, so it is two of them: 12 and 3 places.
    counts = Counter(made.file(Ticket(place, place)).name for place in range(len(made)))  # pyright: ignore
    assert counts == {"0.png": 4, "2.png": 4, "5.png": 4, "a.png": 1, "alpha.png": 1, "b.png": 1}


def test_small_images_do_not_count(tree: Make, folder: Path, photos: Path) -> None:
    Image.new("RGB", (15, 40)).save(folder / "more/b.png")
    settings = {"data__train__hr": rows(folder, photos), "data__train__small_images": "skip"}
    made = training_set(validate(tree(**settings), "run.yml"))
    assert made.weights.counts.tolist() == [3, 2]  # pyright: ignore
    said = say_images(validate(tree(**settings), "run.yml"))
    assert said[-1] == "  1 of them are smaller than the crop of 16x16 pixels, and left out"
    assert len(said) == 4
    assert len(made) == 7
    drawn = [made.file(Ticket(number % 7, number)).name for number in range(14)]  # pyright: ignore
    assert drawn.count("a.png") == drawn.count("alpha.png") == 1 and "b.png" not in drawn


def test_a_run_goes_on_in_the_middle_of_an_epoch(
    gansr: Make, options_file: Make, tree: Make, folder: Path, photos: Path, tmp_path: Path
) -> None:
    """Seven samples are no epoch of fifteen, and which come next, nobody has saved."""
    settings: dict[str, Any] = {"data__train__hr": rows(folder, photos), "data__train__workers": 1}
    path = options_file(tree(**settings, train__batch=1))
    for steps in (7, 20):
        assert gansr("train", path, f"train.steps={steps}", f"output={tmp_path / 'parts'}").code == 0
    assert gansr("train", path, "train.steps=20", f"output={tmp_path / 'whole'}").code == 0
    whole, parts = (read(tmp_path / name / "tiny/last.safetensors").raw for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole) and whole.keys() == parts.keys()


def test_pairs_of_a_list(tree: Make, folder: Path, photos: Path) -> None:
    row = rows(folder, photos)[0]
    settings = {"data__train__hr": [row, str(photos / "train/HR")], "data__train__lr": [str(photos / "train/LR")] * 2}
    options = validate(tree(**settings), "run.yml")
    made = training_set(options)
    drawn = Counter(made.pair(Ticket(place, place)) for place in range(len(made)))  # pyright: ignore
    assert {lr.name: count for (lr, _), count in drawn.items()} == {
        **{f"{number}x2.png": 1 for number in (1, 3, 4)},
        **{f"{number}x2.png": 3 for number in (0, 2, 5)},
    }
    said = say_images(options)
    assert [line for line in said if line.startswith("data.train.lr: 9 images")]
    assert any("watch out: 3 images are found twice" in line for line in said)


def test_pairs_beside_photos_have_weights(tree: Make, folder: Path, photos: Path) -> None:
    pairs = {"hr": [rows(folder, photos)[0], str(photos / "train/HR")], "lr": [str(photos / "train/LR")] * 2}
    options = validate(tree(data__train__pairs=pairs | {"share": 0.5}), "run.yml")
    assert training_set(options).weights.places.tolist() == [6, 6]  # pyright: ignore
    assert [line.split(":")[0] for line in say_images(options) if not line.startswith(" ")] == [
        "data.train.hr",
        "data.train.pairs.hr",
        "data.train.pairs.lr",
    ]


def test_maps_of_importance_go_by_the_roots_names(tree: Make, folder: Path, photos: Path) -> None:
    for name in ("0", "2", "5", "a", "b", "alpha"):
        (folder / "maps").mkdir(exist_ok=True)
        Image.new("L", (48, 40), 7).save(folder / f"maps/{name}.png")
    settings = {"data__train__hr": rows(folder, photos), "data__train__importance": str(folder / "maps")}
    made = training_set(validate(tree(**settings), "run.yml"))
    assert (made[Ticket(0, 0)].importance == 7).all()  # pyright: ignore


def test_a_part_of_a_validation_folder(tree: Make, folder: Path, photos: Path) -> None:
    some = {"hr": str(folder / "more"), "exclude": ["alpha*", "tmp/**"], "include": "*.png"}
    options = validate(tree(data__validation__judge=some), "run.yml")
    (judge,) = open_images(options).validation
    assert [name for name, *_ in judge.files] == ["a", "b", "b_old"]
    pairs = {"hr": str(photos / "train/HR"), "lr": str(photos / "train/LR"), "include": "[23].png"}
    (judge,) = open_images(validate(tree(data__validation__judge=pairs), "run.yml")).validation
    assert [(name, lr.name) for name, lr, _ in judge.files] == [("2", "2x2.png"), ("3", "3x2.png")]  # pyright: ignore
    missing = validate(tree(data__validation__judge=some | {"include": "*.jpg"}), "run.yml")
    with pytest.raises(DataError, match=r"^data.validation.judge.hr: of 5 images in .* nothing is left"):
        open_images(missing)


def test_both_sides_without_pairs(tree: Make, folder: Path, photos: Path) -> None:
    real = [str(photos / "train/LR"), {"folder": str(folder / "more"), "include": "a.png", "weight": 2}]
    options = validate(tree("unpaired_cycle", data__train__real_lr=real, data__train__crop=32), "run.yml")
    made = unpaired_set(options)
    assert made.hr.weights is None and made.real_lr.weights is not None
    assert made.real_lr.weights.places.tolist() == [6, 2]
    assert [line.split(":")[0] for line in say_images(options) if line[0] != " "] == [
        "data.train.hr",
        "data.train.real_lr",
    ]


@pytest.mark.parametrize(
    ("hr", "message"),
    [
        ({"folder": "FOLDER/more", "weigth": 2}, r"data.train.hr.weigth: there is no such key. Did you mean 'weight'"),
        (["FOLDER/more", {"weight": 2}], r"data.train.hr.1: name a folder, a list, or both"),
        ({"folder": "FOLDER/more", "weight": 0}, r"data.train.hr.weight: input should be greater than 0, found 0"),
        ({"folder": "FOLDER/more", "weight": -1.5}, r"data.train.hr.weight: input should be greater than 0"),
        ([], r"data.train.hr: name at least one folder or list"),
        ([["FOLDER/more"]], r"data.train.hr.0: expected a text"),
        ({"folder": "FOLDER/more", "exclude": [3]}, r"data.train.hr.exclude.0: expected a text"),
        ({"folder": "FOLDER/moer"}, r"data.train.hr: there is no folder .*moer. Did you mean .*more"),
        (
            {"folder": "FOLDER/more", "include": "*.bmp"},
            r"data.train.hr: of 5 images in .*more nothing is left: include",
        ),
        ("FOLDER/none.txt", r"data.train.hr: the list .*none.txt cannot be read: No such file"),
        ("FOLDER/some.txt", r"data.train.hr: .*some.txt, line 2: there is no file .*0.png \(3 lines in all\)"),
    ],
)
def test_mistakes(gansr: Make, options_file: Make, tree: Make, folder: Path, hr: Any, message: str) -> None:
    hr = yaml.safe_load(yaml.safe_dump(hr).replace("FOLDER", str(folder)))
    result = gansr("train", options_file(tree(data__train__hr=hr)))
    assert result.code == 2 and re.search(message, " ".join(result.err.split())), result.err
