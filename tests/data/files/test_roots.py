"""Folders, parts of folders and lists, and what their images are called."""

from pathlib import Path

import pytest
from PIL import Image

from gansr.data.files.folders import names_of, pair_lr
from gansr.data.files.roots import Root, files_of, find_root, find_roots, named_twice
from gansr.errors import DataError

WHERE = "data.train.hr"


def save(file: Path, side: int = 8) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (side, side)).save(file)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.jpg", "b_old.png", "tmp/c.png", "deep/er/d.png"):
        save(tmp_path / "set" / name)
    return tmp_path / "set"


def names(root: Root) -> list[str]:
    return [name.as_posix() for name in find_root(root, WHERE).names.values()]


def test_all_of_a_folder(folder: Path) -> None:
    assert names(Root(folder)) == ["a.png", "b.jpg", "b_old.png", "deep/er/d.png", "tmp/c.png"]


def test_patterns_choose(folder: Path) -> None:
    assert names(Root(folder, include=("*.png",))) == ["a.png", "b_old.png", "deep/er/d.png", "tmp/c.png"]
    assert names(Root(folder, exclude=("*_old*", "tmp/**"))) == ["a.png", "b.jpg", "deep/er/d.png"]
    found = find_root(Root(folder, include=("*.png", "b*", "x*"), exclude=("tmp/**", "y*")), WHERE)
    assert [file.name for file in found.files] == ["a.png", "b.jpg", "b_old.png", "d.png"]
    assert (found.left_out, found.idle) == (1, ("x*", "y*"))


def test_nothing_left(folder: Path) -> None:
    with pytest.raises(DataError) as caught:
        find_root(Root(folder, include=("*.jpg", "*.bmp"), exclude=("b*",)), WHERE)
    assert str(caught.value).startswith(
        f"data.train.hr: of 5 images in {folder} nothing is left: include has '*.jpg', which 1 fit, '*.bmp', which 0 "
        "fit; exclude has 'b*', which 2 fit. A pattern with a /"
    )
    with pytest.raises(DataError, match=r"nothing is left: exclude has '\*', which 5 fit\. A pattern"):
        find_root(Root(folder, exclude=("*",)), WHERE)


def test_lists(folder: Path, tmp_path: Path) -> None:
    other = save(tmp_path / "elsewhere" / "e.png")
    (tmp_path / "some.txt").write_text(f"tmp/c.png\nb.jpg\n{other}\n")
    root = Root(folder, tmp_path / "some.txt")
    assert names(root) == ["tmp/c.png", "b.jpg", "e.png"], "what lies elsewhere goes by its name alone"
    assert str(root) == str(tmp_path / "some.txt") and str(Root(folder)) == str(folder)
    assert names(Root(folder, tmp_path / "some.txt", exclude=("tmp/**",))) == ["b.jpg", "e.png"]


def test_several(folder: Path, tmp_path: Path) -> None:
    (folder / "some.txt").write_text("a.png\na.png\n")
    found = find_roots([Root(folder, folder / "some.txt"), Root(folder, include=("a*",)), Root(folder / "tmp")], WHERE)
    assert [file.relative_to(folder).as_posix() for file in files_of(found)] == ["a.png", "a.png", "a.png", "tmp/c.png"]
    assert named_twice(found) == [folder / "a.png"] * 2
    with pytest.raises(DataError, match="there is no folder"):
        find_roots([Root(folder), Root(tmp_path / "none")], WHERE)


def test_lr_of_what_was_chosen(folder: Path, tmp_path: Path) -> None:
    """By the path within the root, and nothing is missed of those that were left out."""
    expected = [save(tmp_path / "LR" / name, 2) for name in ("tmp/cx4.png", "ax4.png")]
    (tmp_path / "some.txt").write_text("tmp/c.png\na.png\n")
    chosen = find_roots([Root(folder, tmp_path / "some.txt")], WHERE)
    assert pair_lr(chosen, [tmp_path / "LR"], 4, "data.train") == [
        (expected[0], folder / "tmp/c.png"),
        (expected[1], folder / "a.png"),
    ]
    chosen = find_roots([Root(folder, exclude=("b*", "d*"))], WHERE)
    assert [lr for lr, _ in pair_lr(chosen, [tmp_path / "LR"], 4, "data.train")] == expected[::-1]
    with pytest.raises(DataError, match="no LR for 3 of 5 HR images"):
        pair_lr([folder], [tmp_path / "LR"], 4, "data.train")


def test_names_of_some(folder: Path) -> None:
    found = find_roots([Root(folder / "tmp"), Root(folder, include=("tmp/*", "a*"))], WHERE)
    files = [folder / "tmp/c.png", folder / "a.png"]
    assert names_of(found, files, WHERE) == {files[0]: Path("c.png"), files[1]: Path("a.png")}, "the first root's name"
