"""The floor plan: a file imports from floors below its own, or from its own package; and no file grows too long."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "gansr"
FILES = sorted(PACKAGE.rglob("*.py"))
FLOORS = [
    {"errors"},
    {"imaging"},
    {"options", "data", "models"},
    {"losses", "metrics", "inference"},
    {"training", "evaluation"},
    {"recipes", "report"},
    {"build"},
    {"cli_cache", "cli_data"},
    {"cli"},
    {"__main__", "__init__"},
]
FLOOR = {part: number for number, floor in enumerate(FLOORS) for part in floor}
LIMIT = 300


def imported(source: str, package: str) -> Iterator[str]:
    """Dotted names of everything that a file of `package` imports, wherever in the file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def parts(source: str, package: str) -> set[str]:
    """The parts of gansr that a file imports. `import gansr`, for the version, is no part."""
    names = [name.split(".") for name in imported(source, package)]
    return {name[1] for name in names if name[0] == "gansr" and len(name) > 1}


def forbidden(path: Path, source: str) -> set[str]:
    """What the file at `path` (within the package) imports and must not."""
    here = path.with_suffix("").parts[0]
    package = ".".join(["gansr", *path.parent.parts])
    return {there for there in parts(source, package) if there != here and FLOOR[there] >= FLOOR[here]}


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_down(file: Path) -> None:
    path = file.relative_to(PACKAGE)
    assert not forbidden(path, file.read_text("utf-8")), f"{path} imports from its own floor or from above"


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_files_are_short(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) <= LIMIT


def test_every_part_has_a_floor() -> None:
    found = {path.with_suffix("").name for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert found - {"__pycache__"} == set(FLOOR)


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("data/batch.py", "from gansr.models.weights import read", {"models"}),
        ("data/batch.py", "import gansr.training.loop", {"training"}),
        ("data/batch.py", "from gansr import build", {"build"}),
        ("data/batch.py", "def f():\n    from gansr.cli import main", {"cli"}),
        ("data/batch.py", "from ..losses import table", {"losses"}),
        ("data/batch.py", "from .. import recipes", {"recipes"}),
        ("models/layers/checks.py", "from ...data import batch", {"data"}),
        ("data/batch.py", "from .sampler import Ticket\nfrom ..errors import DataError\nimport numpy", set()),
        ("models/layers/checks.py", "from ..weights import read\nfrom gansr.models.shapes import count", set()),
        ("build/run.py", "import gansr\nfrom gansr.training import state", set()),
    ],
)
def test_the_test_sees_every_kind_of_import(path: str, source: str, found: set[str]) -> None:
    assert forbidden(Path(path), source) == found
