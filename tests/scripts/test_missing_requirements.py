"""scripts/missing_requirements.py: what is there, what is not, in which version."""

import subprocess
import sys

PROJECT = """
[project]
name = "gansr"
dependencies = ["numpy>=1", "torch>=999", 'no-such-thing-at-all; python_version < "3"']
[project.optional-dependencies]
plain = ["pydantic"]
quick = ["never-heard-of-it>=2"]
both = ["gansr[plain,quick]", "pytest<1"]
"""


def missing(house, extra: str) -> tuple[list[str], int]:
    (house.folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    script = house.folder / "scripts" / "missing_requirements.py"
    done = subprocess.run(
        [sys.executable, "-I", str(script), extra], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.splitlines(), done.returncode


def test_absent_and_old_requirements_are_named_and_the_rest_is_not(house):
    lines, code = missing(house, "plain")
    assert lines[:-1] == ["torch>=999"]
    assert code == 1


def test_an_extra_brings_in_the_extras_it_names(house):
    lines, _ = missing(house, "both")
    assert set(lines[:-1]) == {"torch>=999", "pytest<1", "never-heard-of-it>=2"}


def test_another_checkout_does_not_pass_for_this_one(house):
    lines, _ = missing(house, "plain")
    assert lines[-1] == f"gansr from {house.folder.resolve()}"


def test_nothing_is_missing_where_these_tests_run(root):
    script = root / "scripts" / "missing_requirements.py"
    done = subprocess.run(
        [sys.executable, "-I", str(script), "quickstart"], capture_output=True, text=True, check=False
    )
    assert [line for line in done.stdout.splitlines() if not line.startswith("gansr from")] == []
