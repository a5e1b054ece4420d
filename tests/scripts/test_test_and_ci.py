"""scripts/test and .ci/run: what they run, and what they make of its result."""

FAILS = 'case "$*" in {pattern}) exit {code};; esac'


def asked(stdout: str, what: str) -> str:
    (line,) = [line for line in stdout.splitlines() if line.startswith("asked:") and what in line]
    return line


def test_slow_tests_are_left_out_unless_asked_for(house, tmp_path):
    house.python('echo "threads: $OMP_NUM_THREADS"')
    script = f'"{house.folder}/scripts/test"'
    plain = house.bash(f"{script} -k 'one or two' tests/data", cwd=tmp_path)
    slow = house.bash(f"{script} tests/data --slow", cwd=tmp_path)
    assert plain.returncode == slow.returncode == 0, plain.stderr
    assert asked(plain.stdout, "-m pytest").endswith("-m not slow -k one or two tests/data")
    assert asked(slow.stdout, "-m pytest").endswith("-m  tests/data")
    assert plain.stdout.splitlines()[-1] == "threads: 1"


def test_the_exit_code_is_that_of_pytest(house):
    house.python(FAILS.format(pattern='*"-m pytest"*', code=5))
    assert house.bash("scripts/test").returncode == 5


def test_ci_runs_everything_and_passes(house, tmp_path):
    house.python()
    done = house.bash(f'bash "{house.folder}/.ci/run"', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for command in ("-m pytest", "-m ruff check", "-m ruff format --check", "-m pyright"):
        asked(done.stdout, command)
    assert "not slow" not in done.stdout


def test_ci_goes_on_after_a_failure_and_names_each(house):
    house.python(FAILS.format(pattern='*"-m pytest"*|*"-m ruff format"*', code=1))
    done = house.bash("bash .ci/run")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "Failed: tests, ruff format --check."
    asked(done.stdout, "-m pyright")
