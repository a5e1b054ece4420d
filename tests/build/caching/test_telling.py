import pytest

from gansr.build.caching import telling
from gansr.build.caching.telling import Telling


def test_lines_in_a_file_are_few(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(telling.time, "monotonic", lambda: now[0])
    with Telling().progress("set/HR", 100) as advance:
        for _ in range(100):
            now[0] += 1
            advance()
    assert capsys.readouterr().out.splitlines() == [
        f"set/HR: {done} of 100 images decoded" for done in (31, 62, 93, 100)
    ]


def test_of_those_that_wait_one_is_heard(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(telling.time, "monotonic", lambda: now[0])
    first, second = Telling(), Telling(visible=False)
    for _ in range(9):
        first.wait("Waiting")
        second.wait("Waiting")
        now[0] += 5
    second.say("[decoding]")
    assert capsys.readouterr().out.splitlines() == ["Waiting", "Waiting", "[decoding]"]
