"""Adversarial objectives: what each player of the game minimises, as functions of the discriminator's logits.

Logits may have any shape, one number for each image or for each patch; means go over all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus

Judgement = Callable[[Tensor], Tensor]  # logits -> scalar


@dataclass(frozen=True)
class Objective:
    """The two sides of one game."""

    generator: Callable[..., Tensor]  # (fake[, real]) logits -> scalar
    discriminator: Callable[[Tensor, Tensor], Tensor]  # (fake, real) logits -> scalar
    relativistic: bool = False  # does the generator look at `real`? If not, spare the pass


def vanilla() -> Objective:
    """Cross entropy; the generator's side does not saturate (Goodfellow et al. 2014).

    G: mean softplus(-fake). D: mean softplus(fake) + mean softplus(-real), their sum and not their mean.
    """
    return Objective(
        generator=lambda fake, real=None: softplus(-fake).mean(),
        discriminator=lambda fake, real: softplus(fake).mean() + softplus(-real).mean(),
    )


def least_squares() -> Objective:
    """Squared distance to 1 for real and 0 for fake (LSGAN, Mao et al. 2017, Eq. 9).

    G: 1/2 mean (fake - 1)^2. D: 1/2 mean fake^2 + 1/2 mean (real - 1)^2; the halves are the paper's.
    """
    return Objective(
        generator=lambda fake, real=None: (fake - 1).square().mean() / 2,
        discriminator=lambda fake, real: (fake.square().mean() + (real - 1).square().mean()) / 2,
    )


def hinge() -> Objective:
    """Margins: the discriminator is content beyond +1 and -1 (Lim & Ye 2017, Miyato et al. 2018).

    G: -mean fake. D: mean max(0, 1 + fake) + mean max(0, 1 - real).
    """
    return Objective(
        generator=lambda fake, real=None: -fake.mean(),
        discriminator=lambda fake, real: relu(1 + fake).mean() + relu(1 - real).mean(),
    )


def wasserstein() -> Objective:
    """Difference of mean logits (WGAN, Arjovsky et al. 2017); needs a discriminator kept Lipschitz.

    G: -mean fake. D: mean fake - mean real. Nothing here bounds the discriminator: take spectral norm.
    """
    return Objective(
        generator=lambda fake, real=None: -fake.mean(),
        discriminator=lambda fake, real: fake.mean() - real.mean(),
    )


def relativistic_average() -> Objective:
    """Cross entropy of "more real than the average of the other side" (RaGAN; ESRGAN's objective).

    D: (mean softplus(fake - mean real) + mean softplus(mean fake - real)) / 2.
    """
    return _against_the_average(low=lambda x: softplus(x).mean(), high=lambda x: softplus(-x).mean())


def relativistic_average_least_squares() -> Objective:
    """Squared distance to +1 and -1 from the average of the other side (RaLSGAN).

    D: (mean (fake - mean real + 1)^2 + mean (real - mean fake - 1)^2) / 2.
    """
    return _against_the_average(low=lambda x: (x + 1).square().mean(), high=lambda x: (x - 1).square().mean())


def relativistic_average_hinge() -> Objective:
    """Margins of 1 around the average of the other side (RaHingeGAN).

    D: (mean max(0, 1 + fake - mean real) + mean max(0, 1 - real + mean fake)) / 2.
    """
    return _against_the_average(low=lambda x: relu(1 + x).mean(), high=lambda x: relu(1 - x).mean())


def _against_the_average(low: Judgement, high: Judgement) -> Objective:
    """Each logit is judged against the mean of the other side (Jolicoeur-Martineau 2018).

    `low` is the cost of relative logits that should be low, `high` of those that should be high. The
    generator plays the same game with the sides swapped. As in the paper, gradients flow through both means.
    The factor 1/2, which the paper lacks, is that of ESRGAN's code. In a distributed run the means are over
    this process's own batch.
    """

    def game(lower: Tensor, higher: Tensor) -> Tensor:
        return (low(lower - higher.mean()) + high(higher - lower.mean())) / 2

    def generator(fake: Tensor, real: Tensor | None = None) -> Tensor:
        assert real is not None, "a relativistic generator needs the logits of the ground truth"
        return game(lower=real, higher=fake)

    return Objective(generator, discriminator=game, relativistic=True)
