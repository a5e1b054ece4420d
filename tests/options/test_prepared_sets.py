"""Names of sets in options become folders, and nobody below knows that there were names."""

from pathlib import Path

import pytest

from gansr.errors import OptionsError
from gansr.options.load import dump, load, validate
from gansr.options.prepared_sets import part_folder, resolve, root


@pytest.fixture
def sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with set5 (LRx2), div2k (train and valid), bsds500 (three parts), and realsrset, which has LR alone."""
    folder = tmp_path / "sets"
    for name in (
        *("set5/test/HR", "set5/test/LRx2", "set5/test/LRBDx3"),
        *("div2k/train/HR", "div2k/train/LRx2", "div2k/train/LRx4"),
        *("div2k/valid/HR", "bsds500/train/HR", "bsds500/val/HR", "bsds500/test/HR", "realsrset/test/LR"),
        *("div2k/.valid.old/HR", "empty/test"),
    ):
        (folder / name).mkdir(parents=True)
    monkeypatch.setenv("GANSR_DATA", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def validation(asked: object, scale: int = 2) -> dict[str, dict[str, str]]:
    return resolve({"scale": scale, "data": {"validation": asked}}, "x.yml")["data"]["validation"]


def train(scale: int = 2, **asked: object) -> dict[str, object]:
    return resolve({"scale": scale, "data": {"train": asked}}, "x.yml")["data"]["train"]


def test_a_list_of_names(sets):
    assert validation(["set5", "bsds500/val", "div2k"]) == {
        "set5": {"hr": f"{sets}/set5/test/HR", "lr": f"{sets}/set5/test/LRx2"},
        "bsds500_val": {"hr": f"{sets}/bsds500/val/HR"},  # without LR it is made, which gives the same
        "div2k": {"hr": f"{sets}/div2k/valid/HR"},
    }
    assert validation(["set5"], scale=4) == {"set5": {"hr": f"{sets}/set5/test/HR"}}


def test_names_within_a_mapping(sets):
    assert validation({"mine": {"hr": "set5", "lr": "bd", "scale": 3}, "own": {"hr": "photos/HR"}, "none": None}) == {
        "mine": {"hr": f"{sets}/set5/test/HR", "lr": f"{sets}/set5/test/LRBDx3", "scale": 3},
        "own": {"hr": "photos/HR"},
        "none": None,
    }
    assert validation({"mine": {"hr": "set5", "lr": "photos/LR"}})["mine"]["lr"] == "photos/LR"
    with pytest.raises(OptionsError, match=r"data.validation.a.lr: .*has no LRBDx2 \(there is: LRBDx3, LRx2\)"):
        validation({"a": {"hr": "set5", "lr": "bd"}})


def test_names_to_train_on(sets):
    assert train(hr="div2k")["hr"] == f"{sets}/div2k/train/HR"
    assert train(hr=["div2k", "photos", "bsds500"])["hr"] == [
        f"{sets}/div2k/train/HR",
        "photos",
        f"{sets}/bsds500/train/HR",
    ]
    assert train(hr=[{"folder": "div2k", "weight": 2}, {"list": "x.txt"}])["hr"] == [
        {"folder": f"{sets}/div2k/train/HR", "weight": 2},
        {"list": "x.txt"},
    ]
    assert train(hr="set5")["hr"] == f"{sets}/set5/test/HR"  # its only part
    assert train(hr="div2k", lr="bicubic")["lr"] == f"{sets}/div2k/train/LRx2"
    several = train(4, hr="div2k", lr="bicubic", scales=[2, 4])
    assert several["lr"] == {2: f"{sets}/div2k/train/LRx2", 4: f"{sets}/div2k/train/LRx4"}
    assert train(hr="div2k", real_lr="realsrset")["real_lr"] == f"{sets}/realsrset/test/LR"
    assert train(hr="x", pairs={"hr": "div2k", "share": 0.1})["pairs"] == {
        "hr": f"{sets}/div2k/train/HR",
        "lr": f"{sets}/div2k/train/LRx2",
        "share": 0.1,
    }


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: validation(["bsds500"]), "bsds500 has several parts; say which: bsds500/test, bsds500/val"),
        (lambda: validation(["realsrset"]), "realsrset has no HR to compare with"),
        (lambda: validation([{"hr": "x"}]), "expected a list of names as gansr data list has them"),
        (lambda: train(hr="realsrset"), "data.train.hr: realsrset has no HR; it has LR"),
        (lambda: train(hr="div2k", real_lr="set5"), "data.train.real_lr: set5 has no LR; it has HR, LRBDx3, LRx2"),
        (
            lambda: train(3, hr="div2k", lr="bicubic"),
            "has no LRx3 .*gansr data prepare div2k/train --force --scales 2,3,4 --lr bic",
        ),
        (lambda: validation({"a": {"hr": "set5", "lr": "dn"}}), "--force --scales 2,3 --lr bicubic,bd,dn"),
        (lambda: validation("set5"), r"data.validation: expected a list of names .* such as \[set5\], .*found 'set5'"),
    ],
)
def test_mistakes(sets, make, words):
    with pytest.raises(OptionsError, match=words):
        make()


def test_folders_come_before_names(sets, tmp_path):
    (tmp_path / "set5").mkdir()
    assert train(hr="set5")["hr"] == "set5"


@pytest.mark.parametrize("word", ["unknown", "set5/none", "../set5", "/set5", "Set5", "empty", "set5/test/HR"])
def test_everything_else_is_left_as_it_is(sets, word):
    assert train(hr=word)["hr"] == word
    assert train(hr="x", lr={2: "y"}) == {"hr": "x", "lr": {2: "y"}} and validation({"a": {"hr": 3, "lr": [4]}})
    assert resolve({"data": 3}, "x") == {"data": 3} and resolve({}, "x") == {}


def test_a_folder_that_may_not_be_looked_into_is_no_name(sets, monkeypatch):
    def exists(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", exists)
    assert train(hr="deny/photos")["hr"] == "deny/photos"


def test_where_sets_are(sets, monkeypatch):
    assert root() == sets and part_folder("div2k", False, "x") == sets / "div2k/valid"
    monkeypatch.setenv("GANSR_DATA", "relative")
    assert root() == Path.cwd() / "relative"
    monkeypatch.delenv("GANSR_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", "/x")
    assert root() == Path("/x/gansr/datasets")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert root() == Path.home() / ".local/share/gansr/datasets"


def test_saved_options_hold_folders(sets, tree, options_file):
    asked = tree(data__validation=["set5"], data__train__hr="div2k")
    (options,) = load(options_file(asked))
    assert options.data.validation["set5"].hr == sets / "set5/test/HR"
    assert options.tracked == ("set5/psnr",)
    text = dump(options)
    assert f"hr: {sets}/div2k/train/HR" in text and f"lr: {sets}/set5/test/LRx2" in text
    again = validate(tree(data__validation=["set5"], data__train__hr="div2k"), "x.yml")
    assert dump(again) == text


def test_an_override_may_be_a_list(sets, tree, options_file):
    (options,) = load(options_file(tree()), ["data.validation=[set5]"])
    assert list(options.data.validation) == ["set5"]
