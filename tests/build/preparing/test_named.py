"""Sets by name, from the command line to a run."""

import json

import pytest

from gansr.build.evaluating.asked import open_sets
from gansr.build.feeding.data import open_images
from gansr.data.catalogue.prepared import PreparedPart
from gansr.errors import DataError, OptionsError
from gansr.options.load import validate

from .conftest import packed, png

FIVE = {f"Set5/{name}.png": png(number, 240, 250) for number, name in enumerate("abcde")}
REAL = ("Lincoln", "building")


@pytest.fixture
def set5(gansr, root, tmp_path):
    done = gansr("data", "prepare", "set5", "--from", packed(tmp_path / "five.zip", FIVE), "--scales", "2,4")
    assert done.code == 0, done.err
    assert f"set5/test prepared: {root}/set5/test" in done.out.replace("\n", "")
    return root / "set5" / "test"


def test_a_prepared_set_opens_by_name(set5, tree):
    asked = tree(data__validation=["set5"], data__train__hr="set5", data__train__lr="bicubic")
    images = open_images(validate(asked, "x.yml"))
    (judged,) = images.validation
    assert judged.name == "set5" and len(judged) == 5 and judged.files[0][1] == set5 / "LRx2/ax2.png"
    assert judged[0].lr.shape == (120, 125, 3) and len(images.train) == 5


def test_and_can_be_trained_and_evaluated_on(set5, tree, options_file, gansr, tmp_path):
    done = gansr("train", options_file(tree(data__validation=["set5"], data__train__hr="set5")), "--cpu")
    assert done.code == 0, done.err
    saved = next((tmp_path / "runs").rglob("options.yml")).read_text()
    assert f"hr: {set5}/HR" in saved and f"lr: {set5}/LRx2" in saved
    done = gansr("evaluate", "bicubic", "--scale", 4, "--on", "set5", "--json", tmp_path / "scores.json", "--cpu")
    assert done.code == 0, done.err
    assert "set5" in json.dumps(json.loads((tmp_path / "scores.json").read_text()))


def test_and_can_be_checked(set5, gansr, tmp_path):
    done = gansr("data", "check", "set5", "--crop", 8, "--test", "set5", "--json", tmp_path / "found.json")
    found = json.loads((tmp_path / "found.json").read_text())
    assert done.code == 1 and (found["hr"], found["test"]) == ([f"{set5}/HR"], [f"{set5}/HR"])
    for asked, words in (("set14", "set14 is no folder, and the data set Set14 is not"), ("Set5", "the data set set5")):
        refused = gansr("data", "check", asked)
        assert refused.code == 2 and f"gansr data check: {words}" in refused.err.replace(
            "there is no folder Set5. Did you mean ", ""
        )


def test_sets_of_the_command_line(set5):
    (one,) = open_sets(["set5"], 2)
    assert one.files[0][1] == set5 / "LRx2/ax2.png"
    (one,) = open_sets(["set5/test"], 3)
    assert one.name == "set5_test" and one.files[0][1] is None  # no LRx3: it is made
    (one,) = open_sets(["set5"], 2, exact=True)
    assert one.exact and one.files[0][1] is None
    for name, words in {"set55": "Did you mean the data set set5", "nothing": "or the name of a prepared set"}.items():
        with pytest.raises((DataError, OptionsError), match=words):
            open_sets([name], 2)


def test_lr_without_truth_is_evaluated_as_such(root):
    (root / "realsrset/test/LR").mkdir(parents=True)
    (root / "realsrset/test/LR/dog.png").write_bytes(png(1))
    (one,) = open_sets(["realsrset"], 2)
    assert not one.has_truth and len(one) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data__validation": ["set14"]}, "data.validation.set14: set14 is no folder, and the data set Set14 is not"),
        ({"data__train__hr": "div2k"}, "data.train.hr: div2k is no folder, .* Run gansr data prepare div2k --download"),
        ({"data__train__hr": "manga109"}, "fill in the form at .* Then run gansr data prepare manga109 --from"),
        ({"data__validation": ["sett5"]}, "there is no folder sett5. Did you mean the data set set5"),
        ({"data__train__hr": "Set5"}, "there is no folder Set5. Did you mean the data set set5"),
        ({"data__train__hr": "quite_another"}, "there is no folder quite_another"),
    ],
)
def test_what_is_not_prepared_says_how(root, tree, changes, words):
    with pytest.raises(DataError, match=words):
        open_images(validate(tree(**changes), "x.yml"))


def test_check_needs_no_images(root, tree, options_file, gansr):
    assert gansr("check", options_file(tree(data__validation=["set5"]))).code == 0


def test_the_list(set5, gansr):
    out = gansr("data", "list").out
    for word in ("set5", "div2k", "academic research only", "https://data.vision.ee.ethz.ch/cvl/DIV2K/", "by hand"):
        assert word in out
    rows = {row["name"]: row for row in json.loads(gansr("data", "list", "--json").out)}
    assert rows["set5"]["prepared"]["test"] == {
        "folder": str(set5),
        "images": 5,
        "lr": ["LRx2", "LRx4"],
        "faults": [],
        "lacks": [],
    }
    assert rows["div2k"]["parts"] == {"train": 800, "valid": 100} and rows["div2k"]["prepared"] == {}
    (set5 / "HR" / "a.png").unlink()
    assert "test CHANGED" in gansr("data", "list").out
    one = gansr("data", "list", "set5").out
    assert "HR/a.png is missing" in one and "checksum unknown" in one
    assert "not in" in gansr("data", "list", "div2k").out
    assert gansr("data", "prepare", "set5", "--verify").code == 2
    assert PreparedPart.__doc__


def test_what_is_incomplete_is_said(root, gansr, tmp_path):
    four = packed(tmp_path / "four.zip", dict(list(FIVE.items())[1:]))
    done = gansr("data", "prepare", "set5", "--from", four, "--allow-partial")
    assert done.code == 0 and "Set5 is not complete: test: 4 images of 5" in done.out
    assert "test PARTIAL" in " ".join(gansr("data", "list").out.split())
    assert "test: 4 images of 5" in gansr("data", "list", "set5").out


def test_the_command_line_refuses(root, gansr):
    done = gansr("data", "prepare", "manga109", "--download")
    assert done.code == 2 and "Manga109 cannot be downloaded by a program" in done.err and "hal-utokyo" in done.err
    assert gansr("data", "prepare", "set5").code == 2
    assert gansr("data", "list", "sett5").code == 2
    assert not list(root.glob("*"))


def test_another_folder_is_said_how_to_be_found(root, gansr, tmp_path):
    source = packed(tmp_path / "five.zip", FIVE)
    done = gansr("data", "prepare", "set5", "--from", source, "--to", tmp_path / "elsewhere")
    assert done.code == 0 and f"GANSR_DATA={tmp_path}/elsewhere" in done.out
    assert gansr("data", "prepare", "set5", "--verify", "--to", tmp_path / "elsewhere").code == 0
