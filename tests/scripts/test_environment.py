"""scripts/environment.sh: what it takes, what it makes, what it says."""

import shutil
import sys
from pathlib import Path

import pytest

USE = '. "{folder}/scripts/environment.sh"; use_environment quickstart; echo "$PYTHON | $ROOT | $PWD | $PYTHONPATH"'


def test_an_environment_that_fits_is_taken_as_it_is_from_anywhere(house, tmp_path):
    house.python()
    done = house.bash(USE.format(folder=house.folder), cwd=tmp_path, PYTHONPATH="/elsewhere", VIRTUAL_ENV="/elsewhere")
    folder = house.folder.resolve()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{folder}/.venv/bin/python | {folder} | {folder} | "
    assert "Installing" not in done.stdout
    assert "pip" not in done.stdout


def test_what_is_missing_is_installed_with_one_line_of_notice(house):
    house.python('case "$*" in *missing_requirements.py*) exit 1;; esac')
    done = house.bash(USE.format(folder=house.folder))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert sum(line.startswith("Installing gansr") for line in lines) == 1
    (install,) = [line for line in lines if "pip install" in line]
    assert install.endswith("--editable .[quickstart]")
    assert "--quiet" in install


def test_a_failed_installation_ends_the_script_with_a_sentence(house):
    house.python('case "$*" in *missing_requirements.py*|*"pip install"*) exit 1;; esac')
    done = house.bash(USE.format(folder=house.folder))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: pip could not install")
    assert "|" not in done.stdout  # nothing runs after it


def test_an_environment_with_an_old_python_is_not_touched(house):
    house.python('case "$*" in *version_info*) exit 1;; esac')
    done = house.bash(USE.format(folder=house.folder))
    assert done.returncode == 1
    assert "Remove that folder" in done.stderr
    assert "pip" not in done.stdout


def test_without_python_there_is_a_sentence_and_no_environment(house):
    tools = house.folder / "tools"
    tools.mkdir()
    for tool in ("dirname", "bash"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    for name in ("python3", "python3.12"):  # too old, and a name that stands for nothing
        (tools / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    done = house.bash(USE.format(folder=house.folder), PATH=str(tools))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: gansr needs Python 3.11 or newer")
    assert not (house.folder / ".venv").exists()


def test_an_environment_is_made_by_the_first_python_that_can(house):
    tools = house.folder / "tools"
    tools.mkdir()
    for tool in ("dirname", "bash", "mkdir", "cat", "chmod"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    maker = 'case "$*" in "-m venv .venv") mkdir -p .venv/bin; cat "$0" > .venv/bin/python; chmod +x .venv/bin/python; '
    for name, body in {"python3.13": "exit 1", "python3.11": maker + 'echo "made by {name}";; esac'}.items():
        (tools / name).write_text(f"#!/bin/sh\n{body.replace('{name}', name)}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    done = house.bash(USE.format(folder=house.folder), PATH=str(tools))
    assert done.returncode == 0, done.stderr
    assert "made by python3.11" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(f"{house.folder.resolve()}/.venv/bin/python |")


def test_the_environment_of_these_tests_fits(root: Path, house):
    if Path(sys.prefix).resolve() != (root / ".venv").resolve():
        pytest.skip("these tests do not run in the repository's .venv")
    done = house.bash(USE.format(folder=root).replace("quickstart", "dev"), PIP_NO_INDEX="1", PATH="/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
