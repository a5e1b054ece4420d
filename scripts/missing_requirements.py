"""Print what this Python lacks of the project and an extra's requirements; exit with 1 if that is anything.

usage: python -I missing_requirements.py EXTRA    (no network; -I, or the current folder passes for installed)
"""

import importlib.util
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def missing(project: dict[str, Any], extra: str) -> Iterator[str]:
    """Every requirement that is not installed, or not in a version that fits; the project itself comes last."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        yield "packaging"
        return
    for text in texts(project, extra):
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate():
            version = installed(requirement.name)
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                yield text
    if not is_this_checkout(project["name"]):
        yield f"{project['name']} from {ROOT}"


def texts(project: dict[str, Any], extra: str) -> Iterator[str]:
    """The project's requirements and the extra's; an extra may name other extras as `project[other]`."""
    waiting, seen = [extra], set()
    yield from project["dependencies"]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for text in project["optional-dependencies"][name]:
            if text.startswith(f"{project['name']}["):
                waiting += [other for other in text.partition("[")[2].rstrip("]").split(",") if other not in seen]
            else:
                yield text


def installed(name: str) -> str | None:
    """The version that is installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def is_this_checkout(name: str) -> bool:
    """Would `import name` find the files beside this one?"""
    found = importlib.util.find_spec(name)
    return bool(found and found.origin and Path(found.origin).resolve() == ROOT / name / "__init__.py")


if __name__ == "__main__":
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = list(missing(content["project"], sys.argv[1]))
    print(*lines, sep="\n", end="\n" if lines else "")
    sys.exit(bool(lines))
