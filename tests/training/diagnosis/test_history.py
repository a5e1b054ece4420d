from gansr.training.diagnosis.history import history
from gansr.training.journal import LONG


def line(step: int, red: float = 0.0, **more: float) -> dict[str, float]:
    return {"step": step, "colour/red": red, "lr": 0.1} | more


def test_what_came_and_went_is_told_once_with_its_steps() -> None:
    (found,) = history([line(1), line(2, 5.0), line(3), line(4, -7.0), line(5)], steps=5)
    assert "red is 7.0 levels of 255 too low" in found.sentence
    assert (found.first, found.last, found.lines, found.still) == (2, 4, 2, False)


def test_what_is_still_so_is_said_to_be() -> None:
    (found,) = history([line(1), line(2, 5.0)], steps=2)
    assert found.still and (found.first, found.last, found.lines) == (2, 2, 1)


def test_nothing_is_the_matter() -> None:
    assert history([line(1), line(2)], steps=2) == []
    assert history([], steps=1) == []


def test_gradients_are_remembered_until_the_next_measurement() -> None:
    lines = [line(1, **{"gradient/pixel": 1.0, "gradient/adversarial": 1e-6}), line(2)]
    found = history(lines, steps=2)
    assert {one.last for one in found} == {2}
    assert any("ignores the discriminator" in one.sentence for one in found)


def test_of_long_runs_the_beginning_is_that_of_any_other() -> None:
    def change(step: int) -> dict[str, float]:
        return line(step, **{"domain/lr/energy_made": 1.0, "domain/lr/energy_real": 10.0})

    early, late = history([change(1)], 10 * LONG), history([change(LONG)], 10 * LONG)
    assert early == [] and len(late) == 1
