"""Advice names the discriminator that it is about, and the options that would help."""

import pytest

from gansr.training.diagnosis.advice import advice

Values = dict[str, float]


def verdict(name: str = "", title: str = "", how: tuple[float, float, float] = (0.8, 1.0, -1.0)) -> Values:
    """Accuracy, and mean logits of real and of made images."""
    end, begin = f"/{name}" if name else "", f"{title}/" if title else ""
    titles = ("discriminator/accuracy", "logit/real", "logit/fake")
    return {f"{begin}{one}{end}": value for one, value in zip(titles, how, strict=True)}


FAIR = (0.8, 1.0, -1.0)
WON = (1.0, 12.0, -12.0)
GUESS = (0.5, 0.0, 0.0)


def test_several_fair_ones() -> None:
    assert advice(verdict() | verdict("a") | verdict("b") | verdict(title="degrader")) == {}


@pytest.mark.parametrize(("kind", "how"), [("won", WON), ("chance", GUESS)])
def test_the_one_of_several_is_named(kind: str, how: tuple[float, float, float]) -> None:
    """The mean over several says nothing of one, and does not speak beside them."""
    values = verdict() | verdict("lr_discriminator") | verdict("hr_discriminator", how=how)
    assert list(advice(values)) == [f"{kind}/hr_discriminator"]
    sentence = advice(values)[f"{kind}/hr_discriminator"]
    assert "'hr_discriminator'" in sentence and "discriminators." not in sentence
    both = verdict(how=how) | verdict("lr_discriminator", how=how) | verdict("hr_discriminator", how=how)
    assert list(advice(both)) == [f"{kind}/lr_discriminator", f"{kind}/hr_discriminator"]


@pytest.mark.parametrize(
    ("title", "name", "losses"),
    [
        ("degrader", "lr_discriminator", "degrader_losses"),
        ("inner", "clean_discriminator", "inner_losses"),
        ("returning", "returned_discriminator", "degrader_losses"),
    ],
)
def test_the_only_one_of_a_contest_is_known_by_it(title: str, name: str, losses: str) -> None:
    found = advice(verdict() | verdict(title=title, how=WON))
    assert list(found) == [f"won/{name}"]
    assert f"{name}.augment" in found[f"won/{name}"] and f" {losses}.adversarial.weight" in found[f"won/{name}"]


def test_beside_an_inner_contest_the_other_is_about_hr() -> None:
    found = advice(verdict(how=WON) | verdict(title="inner"))
    assert list(found) == ["won/hr_discriminator"]
    assert "hr_discriminator.augment" in found["won/hr_discriminator"]
    assert " losses.adversarial.weight" in found["won/hr_discriminator"]


def test_the_only_one_of_a_run_keeps_its_key() -> None:
    assert list(advice(verdict(how=WON))) == ["won"] and list(advice(verdict(how=GUESS))) == ["chance"]
    assert " discriminator.augment" in advice(verdict(how=WON))["won"]


@pytest.mark.parametrize(
    ("names", "won", "option"),
    [
        (("fine", "coarse"), "coarse", "discriminators.coarse"),
        (("discriminator", "discriminator_2"), "discriminator_2", "discriminator"),  # a copy at half the size
        (("fine", "fine_4"), "fine_4", "discriminators.fine"),
        (("fine", "other_4"), "other_4", "discriminators.other_4"),
    ],
)
def test_options_of_named_ones(names: tuple[str, ...], won: str, option: str) -> None:
    values = {key: v for name in names for key, v in verdict(name, how=WON if name == won else FAIR).items()}
    assert list(advice(values)) == [f"won/{won}"]
    assert f" {option}.augment" in advice(values)[f"won/{won}"]


@pytest.mark.parametrize(("loss", "won"), [(0.009, True), (0.02, False), (-3.0, False)])
def test_a_contests_loss_is_its_own(loss: float, won: bool) -> None:
    """Least squares: logits are 1 apart at most."""
    values = verdict(title="degrader", how=(1.0, 1.0, 0.0)) | {"loss/discriminator": 0.0001}
    assert list(advice(values | {"degrader/discriminator": loss})) == (["won/lr_discriminator"] if won else [])


def test_incomplete_verdicts_are_not_judged() -> None:
    assert advice({"discriminator/accuracy/a": 1.0, "logit/real/a": 12.0}) == {}
