"""Advice on made images: each piece for its own failure, and beyond its threshold alone."""

import json
from pathlib import Path

import pytest

from gansr.training.diagnosis.advice import advice

Values = dict[str, float]
# Means over steps 1101 to 1200 of the degrader of scripts/experiments/unpaired.py.
HEALTHY: Values = {
    "degrader/discriminator/accuracy": 0.520, "degrader/logit/real": 0.503, "degrader/logit/fake": 0.501,
    "degrader/discriminator": 0.250, "degrader/kernel_width": 1.339, "degrader/noise_level": 17.291,
    "domain/lr/energy_made": 19.926, "domain/lr/energy_real": 21.990, "domain/lr/energy_source": 13.313,
    "domain/lr/red": 0.168, "domain/lr/green": -0.067, "domain/lr/blue": -0.078,
    "domain/lr/apart_red": -1.076, "domain/lr/apart_green": -0.239, "domain/lr/apart_blue": 1.325,
    "change/degrader": 15.620,
}  # fmt: skip
# Steps 301 to 390 of a run of 400 with a small `dsgan` for its degrader, whose discriminator knew everything.
LOST: Values = {
    "degrader/discriminator/accuracy": 1.0, "degrader/logit/real": 0.986, "degrader/logit/fake": 0.017,
    "degrader/discriminator": 0.007, "degrader/colour": 0.016,
    "domain/lr/energy_made": 10.229, "domain/lr/energy_real": 21.989, "domain/lr/energy_source": 13.433,
    "domain/lr/red": -0.205, "domain/lr/green": -0.339, "domain/lr/blue": -0.169,
    "domain/lr/apart_red": -5.467, "domain/lr/apart_green": -3.910, "domain/lr/apart_blue": -0.451,
    "change/degrader": 9.954,
}  # fmt: skip


def said(progress: float = 1.0, **changes: float) -> list[str]:
    return list(advice(HEALTHY | {name.replace("__", "/"): value for name, value in changes.items()}, progress))


def test_a_healthy_run_needs_no_advice() -> None:
    assert said() == []
    middle = {"domain__lr__energy_made": 21.673, "degrader__kernel_width": 1.658, "domain__lr__apart_red": -4.068}
    assert said(**middle) == [], "steps 601 to 700 of the same run"


def test_a_run_that_failed() -> None:
    assert list(advice(LOST)) == ["won/lr_discriminator"]
    assert list(advice(LOST | {"degrader/discriminator/accuracy": 0.9})) == ["energy/lr"]


@pytest.mark.parametrize(
    ("real", "made", "source", "found"),
    [
        (0.0920, 0.0900, 0.0661, False),  # a run that worked
        (0.049, 0.058, 0.0661, True),  # and one that did not
        (1.0, 1.179, None, False),
        (1.0, 1.181, None, True),
        (1.0, 1 / 1.179, None, False),
        (1.0, 1 / 1.181, None, True),
        (1.0, 1.39, 2.0, False),  # from twice as much, half of the way in logarithms is the root
        (1.0, 1.43, 2.0, True),
        (1.0, 0.72, 0.5, False),
        (1.0, 0.70, 0.5, True),
        (1.0, 1.43, 0.5, True),  # beyond real, as far as half of the way
    ],
)
def test_fine_detail(real: float, made: float, source: float | None, found: bool) -> None:
    values = {"domain/lr/energy_made": 255 * made, "domain/lr/energy_real": 255 * real}
    values |= {} if source is None else {"domain/lr/energy_source": 255 * source}
    assert list(advice(values)) == (["energy/lr"] if found else [])
    assert advice(values, progress=0.49) == {}
    if found:
        assert ("more fine detail" if made > real else "less fine detail") in advice(values)["energy/lr"]


@pytest.mark.parametrize(
    ("domain", "contest", "losses"),
    [("lr", "degrader/", "degrader_losses"), ("clean", "inner/", "inner_losses"), ("hr", "degrader/", "losses"),
     ("lr", "", "losses"), ("made_lr", "degrader/", "degrader_losses")],
)  # fmt: skip
def test_remedies_are_options_of_the_contest(domain: str, contest: str, losses: str) -> None:
    values = {f"domain/{domain}/energy_made": 10.0, f"domain/{domain}/energy_real": 20.0}
    values |= {f"{contest}discriminator/accuracy": 0.7, f"{contest}logit/real": 0.6, f"{contest}logit/fake": 0.4}
    assert f" {losses}.adversarial.weight" in advice(values)[f"energy/{domain}"]


@pytest.mark.parametrize(("moved", "found"), [(0.49, True), (0.51, False), (0.0, True)])
def test_a_network_that_does_nothing(moved: float, found: bool) -> None:
    """Its images have the energy of their source, which is told once."""
    idle = {"change__degrader": moved, "domain__lr__energy_made": 13.4}
    assert said(**idle)[:1] == (["nothing/degrader"] if found else ["energy/lr"]) and len(said(**idle)) == 1
    assert said(0.49, **idle) == []


def test_another_network_that_does_nothing_excuses_nobody() -> None:
    assert said(change__generator=0.1, domain__lr__energy_made=10.0) == ["nothing/generator", "energy/lr"]


@pytest.mark.parametrize("channel", ["red", "green", "blue"])
@pytest.mark.parametrize(("shift", "word"), [(2.01, "high"), (-2.01, "low"), (2.0, ""), (-2.0, "")])
def test_colours_drift_from_their_source(channel: str, shift: float, word: str) -> None:
    changes = {f"domain__lr__{channel}": shift, f"domain__lr__apart_{channel}": 1.0}
    assert said(**changes) == ([f"drift/lr/{channel}"] if word else []) and said(0.49, **changes) == []
    if word:
        sentence = advice(HEALTHY | {k.replace("__", "/"): v for k, v in changes.items()})[f"drift/lr/{channel}"]
        assert f"'lr' are 2.0 levels of 255 too {word} in {channel}" in sentence
        assert f"real images: {shift - 1:+.1f}" in sentence, "real minus source"


@pytest.mark.parametrize(
    ("width", "made", "found"),
    [(0.5, 14.0, ["kernel"]), (0.54, 30.0, ["kernel"]), (0.56, 14.0, ["energy/lr"]), (0.5, 20.5, [])],
)
def test_a_kernel_that_is_a_point(width: float, made: float, found: list[str]) -> None:
    """It is none while what is made looks as what is real: real LR may have no blur."""
    assert said(degrader__kernel_width=width, domain__lr__energy_made=made) == found


@pytest.mark.parametrize(("made", "found"), [(45.0, []), (49.4, []), (49.6, ["contrast/lr"]), (40.8, ["contrast/lr"])])
def test_contrast_drifts_from_its_source(made: float, found: list[str]) -> None:
    assert said(domain__lr__contrast_made=made, domain__lr__contrast_source=45.0) == found
    assert said(0.4, domain__lr__contrast_made=made, domain__lr__contrast_source=45.0) == []
    assert said(domain__lr__contrast_made=made, domain__lr__contrast_source=0.0) == [], "of flat images nothing is said"


def test_a_kernel_says_nothing_of_other_domains() -> None:
    other = {"domain__hr__energy_made": 10.0, "domain__hr__energy_real": 20.0}
    assert said(degrader__kernel_width=0.5, **other) == ["energy/hr"]


def test_a_discriminator_that_has_won_explains_missing_detail() -> None:
    won = {"degrader__discriminator__accuracy": 1.0, "degrader__discriminator": 0.005}
    assert said(domain__lr__energy_made=10.0, **won) == ["won/lr_discriminator"]


def test_a_discriminator_that_guesses_is_content_where_images_are_alike() -> None:
    guess = {
        "degrader__discriminator__accuracy": 0.5, "degrader__logit__real": 0.5, "degrader__logit__fake": 0.5,
    }  # fmt: skip
    assert said(**guess) == []
    assert said(domain__lr__energy_made=14.0, **guess) == ["chance/lr_discriminator", "energy/lr"]
    assert said(0.49, domain__lr__energy_made=14.0, **guess) == []


def test_energies_of_flat_images() -> None:
    values = {"domain/lr/energy_made": 0.0, "domain/lr/energy_real": 0.0, "domain/lr/energy_source": 0.0}
    assert advice(values) == {}
    assert list(advice(values | {"domain/lr/energy_real": 1.0})) == ["energy/lr"]


def test_recorded_runs_get_no_advice_for_runs_without_pairs(root: Path) -> None:
    """Logs of runs with pairs: none of the new alarms, and the discriminators of them have not won."""
    logs = sorted((root / "experiments" / "records").rglob("*.jsonl"))
    assert logs
    for log in logs:
        for line in log.read_text("utf-8").splitlines():
            values = {name: value for name, value in json.loads(line).items() if isinstance(value, int | float)}
            kinds = {what.partition("/")[0] for what in advice(values)}
            assert not kinds & {"won", "energy", "drift", "nothing", "kernel"}, f"{log.name}: {kinds}"
