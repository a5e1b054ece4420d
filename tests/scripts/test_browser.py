"""scripts/browser.sh: when a browser is installed, and that a failure ends nothing."""

import shutil
from pathlib import Path

import pytest

TOOLS = ("bash", "dirname", "grep", "timeout")


@pytest.fixture
def install(house):
    """Runs install_browser as somebody, on some system, with an apt-get that only tells what it was asked to do."""

    def run(user: int, system: str, code: int = 0, *, there: bool = False):
        tools = house.folder / "tools"
        tools.mkdir()
        log = house.folder / "asked"
        log.touch()
        for tool in TOOLS:
            (tools / tool).symlink_to(str(shutil.which(tool)))
        bodies = {"id": f"echo {user}", "apt-get": f'echo "$*" >> "{log}"; echo noise; exit {code}'}
        for name, body in (bodies | ({"chromedriver": ""} if there else {})).items():
            (tools / name).write_text(f"#!{shutil.which('sh')}\n{body}\n", encoding="utf-8")
            (tools / name).chmod(0o755)
        release = Path(house.folder, "os-release")
        release.write_text(f'NAME="x"\nID={system}\n', encoding="utf-8")
        command = 'set -e; . scripts/browser.sh; install_browser; echo "and on"'
        done = house.bash(command, PATH=str(tools), OS_RELEASE=str(release))
        assert done.returncode == 0 and done.stdout.splitlines()[-1] == "and on", done
        return log.read_text("utf-8").splitlines(), done

    return run


def test_root_on_debian_gets_both_packages_quietly(install):
    asked, done = install(0, "debian")
    assert [line.split()[-1] for line in asked] == ["update", "chromium-driver"]
    assert "install -y --no-install-recommends chromium chromium-driver" in asked[1]
    assert len(done.stdout.splitlines()) == 2 and done.stderr == ""


def test_a_failure_is_a_sentence(install):
    asked, done = install(0, "debian", code=1)
    assert len(asked) == 1
    assert done.stderr == "They could not be installed: the tests of reports in a browser will be skipped.\n"


@pytest.mark.parametrize(
    ("user", "system", "there"), [(1000, "debian", False), (0, "ubuntu", False), (0, "debian", True)]
)
def test_otherwise_nothing_is_done(install, user: int, system: str, there: bool):
    asked, done = install(user, system, there=there)
    assert asked == [] and done.stdout == "and on\n" and done.stderr == ""
