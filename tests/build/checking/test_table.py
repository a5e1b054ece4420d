from pathlib import Path

import pytest

from gansr.build.checking.table import described
from gansr.data.check.findings import Finding


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        (["/data/DIV2K/HR/a.png"], "HR/a.png"),
        (["/data/DIV2K/HR/a.png", "/data/DIV2K/HR/b.png"], "HR/a.png = HR/b.png"),
        (["/data/DIV2K/HR/a.png", "/data/Set5/test/b.png"], "HR/a.png = test/b.png"),
        (["/data/DIV2K/HR/a.png", "/data/Set5/HR/a.png"], "DIV2K/HR/a.png = Set5/HR/a.png"),
        (["/data/one/x/HR/a.png", "/data/two/x/HR/a.png"], "one/x/HR/a.png = two/x/HR/a.png"),
        (["HR/a.png", "Set5/HR/a.png"], "HR/a.png = Set5/HR/a.png"),
        (["a.png", "HR/a.png"], "a.png = HR/a.png"),
    ],
)
def test_folders_of_one_name_are_told_apart(files: list[str], shown: str) -> None:
    assert described(Finding("near_duplicate", tuple(map(Path, files)), "alike")) == f"{shown}: alike"
