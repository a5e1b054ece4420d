"""SRGAN, ESRGAN, BSRGAN, Real-ESRGAN: pairs to imitate, and a discriminator to convince.

The four differ in networks, objective, weights and data: options, all of them, and none of them here.
"""

from dataclasses import dataclass

from gansr.data.batch import Paired
from gansr.losses.table import LossTable
from gansr.training.player import Player
from gansr.training.recipe import Report


@dataclass
class PairedGan:
    """Two players and the losses; "adversarial" among them, beside any that compare sr with hr."""

    generator: Player
    discriminator: Player
    losses: LossTable

    def step(self, batch: Paired) -> Report:
        """The generator's turn, then the discriminator's."""
        objective = self.losses.objective

        # The generator's turn: resemble the ground truth, and convince the discriminator.
        sr = self.generator(batch.lr)  # (B, 3, h, w) -> (B, 3, s*h, s*w)
        terms = self.losses.compare(sr, batch)
        with self.discriminator.frozen():
            real = self.discriminator(batch.hr) if objective.relativistic else None
            terms["adversarial"] = objective.generator(self.discriminator(sr), real)
        self.generator.minimize(self.losses.total(terms))

        # The discriminator's turn: tell the two apart.
        fake, real = self.discriminator(sr.detach()), self.discriminator(batch.hr)
        terms["discriminator"] = objective.discriminator(fake, real)
        self.discriminator.minimize(terms["discriminator"])

        report = {f"loss/{name}": value for name, value in terms.items()}
        return report | {"logit/fake": fake.mean(), "logit/real": real.mean()}

    @property
    def players(self) -> tuple[Player, ...]:
        """The generator comes first."""
        return self.generator, self.discriminator
