"""A degradation learned from real LR, and a generator learned on the pairs that it makes: PDM-SR, Bulat, DSGAN."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from gansr.data.batch import Paired as Batch
from gansr.data.batch import Unpaired
from gansr.losses.table import LossTable
from gansr.recipes.paired import Paired
from gansr.recipes.paired_gan import PairedGan
from gansr.recipes.turns import Turns
from gansr.recipes.unpaired.degrading import Degrading, as_in_files
from gansr.training.player import Player
from gansr.training.recipe import Report, Stateful


@dataclass
class LearnedDegradation:
    """Sharp images here, real small ones there, and no pairs: learn to make pairs, and learn from them.

    Each step has the turns of the degrader and its discriminator, and then the generator's, perhaps with a game of its
    own. All see the LR that the degrader made at the beginning of the step; no loss of the generator's goes back to the
    degrader. The generator gets LR as files would have it: clamped, and rounded to 8 bits.

    Recipe `learned_kernel_noise` is PDM-SR (Luo et al. 2022), with a degrader of a blur kernel and noise. The authors'
    code (`greatlog/UnpairedSR`): least squares with weight 1 and without the half that ours has, so 2 here;
    `noise_power` with 10 or 100; L1 1 for the generator, and for the perceptual stage L1 0.01, VGG 0.05, a game with
    0.005; no pool; Adam at 2e-4, halved at 50, 100 and 150 thousand of 200 thousand steps; clip 50; batch 32, HR crops
    of 128 or 192 at scale 4.

    Recipe `degradation_gan` has a degrader of any form, and discriminators that play first. With `dsgan` it is that of
    Fritsche et al. 2019 (`ManuelFritsche/real-world-sr`): L1 1 of low frequencies, cross entropy 0.005 of high ones,
    LPIPS 0.01; Adam at 2e-4 with momentum 0.5, and the generator is trained afterwards, with fixed pairs. With
    `high_to_low` it is Bulat et al. 2018 (`yoon28/unpaired_face_sr`): squared error 1 and hinge 0.05 on both ends, all
    at once, Adam at 1e-4 with momentum 0. A row with `where: {type: domain_distance}` counts where made LR looks real,
    as in DASR (Wei et al. 2021, `ShuhangGu/DASR`).

    Args:
        restoring: the generator's step with pairs, whose pairs are made here
        degrading: how LR is learned
        turns: the generator may begin later than the degrader
    """

    restoring: Paired | PairedGan
    degrading: Degrading
    turns: Turns

    def step(self, batch: Unpaired, step: int) -> Report:
        """The degrader's turn and its discriminator's, then the generator's."""
        lr, report = self.degrading.step(batch, step)
        if self.turns.generator(step):
            report |= self.restoring.step(self._pairs(as_in_files(lr), batch, step), step)
        return report

    def _pairs(self, lr: Tensor, batch: Unpaired, step: int) -> Batch:
        distance = None
        if self.losses.asks_for("domain_distance", step):
            distance = self.degrading.domain_distance(lr, batch.real_lr, batch.hr.shape[-1] // lr.shape[-1])
        return Batch(lr=lr, hr=batch.hr, domain_distance=distance)

    @property
    def losses(self) -> LossTable:
        """The generator's."""
        return self.restoring.losses

    @property
    def players(self) -> tuple[Player, ...]:
        """The generator, perhaps its discriminator, then the discriminator of LR and the degrader."""
        return *self.restoring.players, *self.degrading.players

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """What either half remembers."""
        return {**self.restoring.memory, **self.degrading.memory}
