"""A stand-in for the project, so that scripts are tried without installing anything."""

import os
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


class House:
    """A folder with the real scripts and a `.venv/bin/python` that only tells what it was asked to do."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        (folder / "scripts").mkdir(parents=True)
        for name in ("environment.sh", "browser.sh", "missing_requirements.py", "test"):
            shutil.copy(root / "scripts" / name, folder / "scripts" / name)
        shutil.copytree(root / ".ci", folder / ".ci")
        self.installed = folder / "installed"  # a browser's driver: nothing tries to install the real one
        self.installed.mkdir()
        (self.installed / "chromedriver").write_text("#!/bin/sh\n", encoding="utf-8")
        (self.installed / "chromedriver").chmod(0o755)

    def python(self, body: str = "") -> None:
        """Put a stand-in in place of the environment's Python: it prints its arguments, then runs `body`."""
        path = self.folder / ".venv" / "bin" / "python"
        path.parent.mkdir(parents=True)
        path.write_text('#!/bin/sh\necho "asked: $*"\n' + textwrap.dedent(body), encoding="utf-8")
        path.chmod(0o755)

    def bash(self, command: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a line of bash; whatever of a run of the tests is in the environment stays outside."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PIP", "VIRTUAL"))}
        return subprocess.run(
            ["bash", "-c", command],
            cwd=cwd or self.folder,
            env=kept | {"PATH": f"{self.installed}:{os.environ['PATH']}"} | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def house(tmp_path: Path, root: Path) -> House:
    """The stand-in project, in a folder whose name has a blank in it."""
    return House(tmp_path / "a house", root)
