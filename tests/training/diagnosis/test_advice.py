"""Advice: each piece is given beyond its threshold, and not just before it."""

import pytest

from gansr.training.diagnosis.advice import advice

GAME = {"discriminator/accuracy": 0.8, "logit/real": 1.0, "logit/fake": -1.0, "loss/discriminator": 0.6}
TERMS = {"share/pixel": 0.5, "share/content": 0.4, "share/adversarial": 0.1}
COLOURS = {"colour/red": 0.4, "colour/green": -0.3, "colour/blue": 1.9}


def test_a_healthy_run_needs_no_advice() -> None:
    assert advice(GAME | TERMS | COLOURS) == {}
    assert advice({}) == {}


@pytest.mark.parametrize(
    ("accuracy", "real", "fake", "loss", "won"),
    [
        (0.995, 4.0, -6.0, 0.5, True),
        (0.9949, 4.0, -6.0, 0.5, False),
        (0.995, 4.0, -5.99, 0.5, False),
        (0.995, 1.0, -1.0, 0.01, True),  # a hinge loss that is spent
        (0.995, 1.0, -1.0, 0.011, False),
        (0.995, 1.0, -1.0, -2.0, False),  # a critic's loss has no bottom
    ],
)
def test_the_discriminator_has_won(accuracy: float, real: float, fake: float, loss: float, won: bool) -> None:
    values = {"discriminator/accuracy": accuracy, "logit/real": real, "logit/fake": fake, "loss/discriminator": loss}
    found = advice(values)
    assert list(found) == (["won"] if won else [])
    if won:
        assert "99.5%" in found["won"]
        for remedy in (
            "train.discriminator_lr",
            "penalties: {r1: {type: r1}}",
            "discriminator.augment",
            "losses.adversarial.weight",
        ):
            assert remedy in found["won"]


@pytest.mark.parametrize(
    ("accuracy", "gap", "guesses"),
    [(0.5, 0.0, True), (0.491, 0.009, True), (0.509, -0.009, True), (0.511, 0.0, False), (0.5, 0.011, False)],
)
def test_the_discriminator_guesses(accuracy: float, gap: float, guesses: bool) -> None:
    found = advice({"discriminator/accuracy": accuracy, "logit/real": gap, "logit/fake": 0.0})
    assert list(found) == (["chance"] if guesses else [])


def test_shares_say_nothing_of_the_adversarial_term() -> None:
    """Many objectives are means of logits: near 0, with gradients as large as ever."""
    assert advice({"share/pixel": 0.99999, "share/adversarial": 0.00001}) == {}
    assert advice({"share/pixel": 0.6, "share/content": 0.4, "share/adversarial": 1e-9}) == {}


def test_a_loss_that_is_exactly_0() -> None:
    assert list(advice({"loss/face": 0.0, "loss/pixel": 0.1})) == ["idle/face"]
    assert advice({"loss/face": 1e-12, "loss/pixel": 0.1}) == {}


def test_a_critic_may_have_wide_gaps() -> None:
    game = {"discriminator/accuracy": 1.0, "logit/real": 8.0, "logit/fake": -8.0}
    assert advice(game | {"loss/discriminator": -16.0}) == {}
    assert list(advice(game | {"loss/discriminator": 1e-6})) == ["won"]


@pytest.mark.parametrize(("adversarial", "ignored"), [(0.0, True), (0.000999, True), (0.0011, False)])
def test_the_generator_ignores_the_discriminator_by_gradients(adversarial: float, ignored: bool) -> None:
    """Gradients have the word when they are known, whatever the shares."""
    norms = {"gradient/pixel": 0.6, "gradient/content": 0.4, "gradient/adversarial": adversarial}
    found = advice(TERMS | norms)
    assert list(found) == (["ignored"] if ignored else [])
    assert advice(TERMS | {"share/adversarial": 0.0} | norms) == {}


def test_one_cause_is_told_once() -> None:
    """Of two terms, one that is ignored is dominated by the other."""
    assert list(advice({"gradient/pixel": 0.9999, "gradient/adversarial": 0.0001})) == ["ignored"]
    assert list(advice({"gradient/pixel": 0.995, "gradient/adversarial": 0.005})) == ["dominates"]


@pytest.mark.parametrize(("content", "dominates"), [(100.0, True), (99.9, False)])
@pytest.mark.parametrize("kind", ["gradient", "share"])
def test_a_term_dominates(content: float, dominates: bool, kind: str) -> None:
    found = advice({f"{kind}/pixel": 1.0, f"{kind}/content": content, f"{kind}/adversarial": 0.9})
    assert list(found) == (["dominates"] if dominates else [])
    if dominates:
        assert "'content' (100)" in found["dominates"] and "'pixel' (1)" in found["dominates"]
        assert ("gradients" in found["dominates"]) == (kind == "gradient")


def test_gradients_overrule_shares() -> None:
    shares = {"share/pixel": 0.999, "share/content": 0.001}
    assert list(advice(shares)) == ["dominates"]
    assert advice(shares | {"gradient/pixel": 1.0, "gradient/content": 2.0}) == {}


def test_a_single_term_dominates_nothing() -> None:
    assert advice({"share/pixel": 1.0}) == advice({"gradient/pixel": 3.0}) == {}
    assert advice({"gradient/pixel": 0.0, "gradient/content": 0.0}) == {}


@pytest.mark.parametrize("channel", ["red", "green", "blue"])
@pytest.mark.parametrize(("shift", "word"), [(2.01, "too high"), (-2.01, "too low"), (2.0, ""), (-2.0, "")])
def test_colours_drift(channel: str, shift: float, word: str) -> None:
    found = advice(COLOURS | {f"colour/{channel}": shift})
    assert list(found) == ([f"colour/{channel}"] if word else [])
    if word:
        assert f"{channel} is 2.0 levels of 255 {word}" in found[f"colour/{channel}"]
