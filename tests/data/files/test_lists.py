"""Lists of images, and patterns of their names."""

from pathlib import Path

import pytest
from PIL import Image

from gansr.data.files.lists import fits, read_list
from gansr.errors import DataError

WHERE = "data.train.hr"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "sub/b.png", "with space.png", "(1).png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / name)
    return tmp_path


def read(folder: Path, text: str) -> list[str]:
    (folder / "list.txt").write_text(text, "utf-8")
    return [file.relative_to(folder).as_posix() for file in read_list(folder / "list.txt", folder, WHERE)]


def test_names_in_the_order_of_the_list(folder: Path) -> None:
    text = "\ufeff# mine\nsub/b.png\n\n  a.png  \r\n#a.png\nwith space.png\n(1).png\na.png"
    assert read(folder, text) == ["sub/b.png", "a.png", "with space.png", "(1).png", "a.png"]


@pytest.mark.parametrize("behind", [" (480,480,3)", " (480, 480, 3) 1", "\t(480,480)"])
def test_meta_info_files_of_basicsr(folder: Path, behind: str) -> None:
    assert read(folder, f"a.png{behind}\nwith space.png{behind}\n(1).png{behind}\n") == [
        "a.png",
        "with space.png",
        "(1).png",
    ]


def test_names_are_relative_to_a_folder_or_absolute(folder: Path, tmp_path: Path) -> None:
    (folder / "lists").mkdir()
    (folder / "lists/one.txt").write_text(f"b.png\n{folder / 'a.png'}\n")
    assert read_list(folder / "lists/one.txt", folder / "sub", WHERE) == [folder / "sub/b.png", folder / "a.png"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a.png\n\n# b\nc.png\nd.png",
            r"list.txt, line 4: there is no file .*c.png \(2 lines in all\). Names are looked",
        ),
        ("sub", r"list.txt, line 1: 'sub' is not named as images are. Expected one name on each line"),
        ("a.png, sub/b.png", r"line 1: there is no file .*a.png, sub/b.png. Names"),
        ("# nothing\n\n", r"list.txt names nothing; expected"),
    ],
)
def test_mistakes(folder: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=rf"^data.train.hr: .*{message}"):
        read(folder, text)


def test_no_list(folder: Path) -> None:
    with pytest.raises(DataError, match=r"data.train.hr: the list .*no.txt cannot be read: No such file"):
        read_list(folder / "no.txt", folder, WHERE)
    (folder / "binary.txt").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(DataError, match=r"binary.txt is no text in UTF-8"):
        read_list(folder / "binary.txt", folder, WHERE)


@pytest.mark.parametrize(
    ("pattern", "fitting"),
    [
        ("*.png", ["a.png", "x/a.png", "x/y/a.png"]),
        ("a.*", ["a.png", "x/a.png", "x/y/a.png", "x/a.jpg"]),
        ("A.png", []),
        ("**/*.png", ["a.png", "x/a.png", "x/y/a.png"]),
        ("/*.png", ["a.png"]),
        ("x/*", ["x/a.png", "x/a.jpg"]),
        ("x/**", ["x/a.png", "x/y/a.png", "x/a.jpg"]),
        ("**/y/**", ["x/y/a.png"]),
        ("x/*/*.png", ["x/y/a.png"]),
        ("?/a.[jp]*g", ["x/a.png", "x/a.jpg"]),
        ("y/**", []),
        ("*", ["a.png", "x/a.png", "x/y/a.png", "x/a.jpg"]),
    ],
)
def test_patterns(pattern: str, fitting: list[str]) -> None:
    names = ["a.png", "x/a.png", "x/y/a.png", "x/a.jpg"]
    assert [name for name in names if fits(Path(name), pattern)] == fitting
