"""Games between networks that make images and discriminators: has either side won?"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gansr.training.diagnosis.domains import alike
from gansr.training.diagnosis.values import Advice, group

WON_ACCURACY = 0.995  # one pair in 200 misjudged: nothing is left to learn from the others
WON_GAP = 10.0  # the logistic function is within 5e-5 of 1: what is left of the discriminator's gradient
WON_LOSS = 1e-2  # that of logits as far apart, and as little of hinge and least squares, which stop pushing earlier
CHANCE_ACCURACY = 0.01  # as close to 1/2 as a discriminator that tosses a coin
CHANCE_GAP = 0.01  # in logits: the two are told apart by less than 0.3 % of a probability


@dataclass(frozen=True)
class Game:
    """What the options have for one kind of contest.

    Args:
        discriminator: the option of its only discriminator
        losses: the option of the makers' losses
        maker: who learns from the discriminator, for the reader
    """

    discriminator: str
    losses: str
    maker: str


GAMES = {
    "": Game("discriminator", "losses", "the generator"),
    "degrader": Game("lr_discriminator", "degrader_losses", "the degrader"),
    "inner": Game("clean_discriminator", "inner_losses", "the cleaner"),
    "returning": Game("returned_discriminator", "degrader_losses", "the degrader of SR"),
}
"""By what the names of a contest's values begin with."""
OUTER = Game("hr_discriminator", "losses", "the generator")  # beside an inner contest


@dataclass(frozen=True)
class Verdicts:
    """How one discriminator tells made images from real ones.

    Args:
        key: what advice on it is filed under; empty for the only discriminator of a run
        option: where its options are
        game: the contest it is in
        accuracy: how often a real place gets the higher logit
        gap: mean logit of real images minus that of made ones
        loss: of all discriminators of its contest
    """

    key: str
    option: str
    game: Game
    accuracy: float
    gap: float
    loss: float

    @property
    def won(self) -> bool:
        """Is there nothing left to learn from it?"""
        # A loss below 0 is a Wasserstein critic's: gaps are its craft.
        spent = 0 <= self.loss <= WON_LOSS or (self.loss >= 0 and self.gap >= WON_GAP)
        return self.accuracy >= WON_ACCURACY and spent

    @property
    def guesses(self) -> bool:
        """Does it toss a coin?"""
        return abs(self.accuracy - 0.5) <= CHANCE_ACCURACY and abs(self.gap) <= CHANCE_GAP


def contests(values: Mapping[str, float], progress: float) -> Advice:
    """Which discriminators have won, and which guess although made images do not look like real ones."""
    found: Advice = {}
    for one in _verdicts(values):
        name = f"the discriminator '{one.option}'" if one.key else "the discriminator"
        if one.won:
            found[f"won{one.key}"] = (
                f"{name} has won: it tells {one.accuracy:.1%} of the pairs apart, by {one.gap:.3g} in its logits, and "
                f"{one.game.maker} learns little from it. Remedies: a lower train.discriminator_lr, a gradient "
                f"penalty (penalties: {{r1: {{type: r1}}}}), {one.option}.augment, a lower or slowly rising "
                f"{one.game.losses}.adversarial.weight."
            )
        # Where made images are known to look like real ones, a discriminator that guesses is what is wanted.
        if one.guesses and not alike(values, progress):
            found[f"chance{one.key}"] = (
                f"{name} guesses: {one.accuracy:.1%} of the pairs are told apart, by {one.gap:.2g} in its logits. Soon "
                f"after the start this is natural; later, try a higher train.discriminator_lr, a weaker penalty or "
                f"augmentation, or a larger {one.option}."
            )
    return found


def _verdicts(values: Mapping[str, float]) -> Iterator[Verdicts]:
    """Of each discriminator; where several are in one contest, of them and not of their mean."""
    inside = "inner/discriminator/accuracy" in values
    for title, known in GAMES.items():
        game = OUTER if inside and not title else known
        prefix = f"{title}/" if title else ""
        loss = values.get(f"{prefix}discriminator" if title else "loss/discriminator", 1.0)
        kinds = [f"{prefix}{kind}" for kind in ("discriminator/accuracy", "logit/real", "logit/fake")]
        names = group(values, f"{kinds[0]}/")
        for name in names or [""]:
            accuracy, real, fake = (values.get(f"{kind}/{name}" if name else kind) for kind in kinds)
            if accuracy is None or real is None or fake is None:
                continue
            option = _option(name, names) if name else game.discriminator
            key = f"/{name or option}" if name or option != "discriminator" else ""
            yield Verdicts(key, option, game, accuracy, real - fake, loss)


def _option(name: str, others: Mapping[str, float]) -> str:
    """Where a discriminator's options are: copies at smaller sizes share those of the first."""
    first = re.sub(r"_\d+$", "", name)
    name = first if first in others else name
    return name if name.endswith("discriminator") else f"discriminators.{name}"
