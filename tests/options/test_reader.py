"""YAML's traps are closed."""

from pathlib import Path

import pytest

from gansr.errors import OptionsError
from gansr.options.reader import parse, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("-2E+3", -2000.0),
        ("1_0e2", 1000.0),
        ("400_000", 400000),
        ("0.5", 0.5),
        ("1e", "1e"),
        ("e4", "e4"),
    ],
)
def test_numbers_are_numbers(text: str, value: object) -> None:
    found = parse(text, "here")
    assert found == value
    assert type(found) is type(value)


def test_a_doubled_key_is_refused_with_both_lines() -> None:
    with pytest.raises(OptionsError, match=r"run.yml, line 3: the key 'lr' is given twice \(first in line 1\)"):
        parse("lr: 1\nsteps: 2\nlr: 3\n", "run.yml")


def test_a_doubled_key_deep_inside_is_refused() -> None:
    with pytest.raises(OptionsError, match="'blocks' is given twice"):
        parse("generator: {type: rrdbnet, blocks: 1, blocks: 2}", "run.yml")


def test_bad_syntax_names_the_line() -> None:
    with pytest.raises(OptionsError, match=r"run\.yml, line 3"):
        parse("a: 1\nb: [1, 2\n", "run.yml")


def test_what_is_no_text_is_told_in_one_line() -> None:
    with pytest.raises(OptionsError, match=r"^here: this is not YAML: [^\n]*$"):
        parse("a: \x00", "here")


def test_a_missing_file_names_those_beside_it(tmp_path: Path) -> None:
    (tmp_path / "esrgan.yml").write_text("a: 1")
    with pytest.raises(OptionsError, match=r"no such options file.*esrgan\.yml"):
        read(tmp_path / "esrgn.yml")


@pytest.mark.parametrize("content", [b"", b"- a\n- b\n", b"just words", b"\xff\xfe\x00"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.yml").write_bytes(content)
    with pytest.raises(OptionsError, match=r"run\.yml"):
        read(tmp_path / "run.yml")
