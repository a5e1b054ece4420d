"""Adversarial objectives: what each player of the game minimises, as functions of the discriminator's logits.

Logits may have any shape, one number for each image or for each patch; means go over all of them. They are
computed in fp32 at least, whatever the discriminator was computed in. Games between pairs and against averages
are in `relativistic.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from gansr.errors import OptionsError
from gansr.models.features.precision import at_least_single


@dataclass(frozen=True)
class Objective:
    """The two sides of one game."""

    generator: Callable[..., Tensor]  # (fake[, real]) logits -> scalar
    discriminator: Callable[[Tensor, Tensor], Tensor]  # (fake, real) logits -> scalar
    relativistic: bool = False  # does the generator look at `real`? If not, spare the pass
    belief: Callable[[Tensor], Tensor] = torch.sigmoid  # logits -> how probably the image is real, in [0, 1]


def vanilla(smoothing: float = 0.0) -> Objective:
    """Cross entropy; the generator's side does not saturate (Goodfellow et al. 2014).

    G: mean softplus(-fake). D: mean softplus(fake) + mean softplus(-real), their sum and not their mean.
    `vanilla`, `non_saturating` and `softplus` are three names of this one function. What other projects call
    by one of these names may differ by a factor: where the two parts of D are averaged, D's loss is half of this.

    Args:
        smoothing: the discriminator's target for real images is 1 - smoothing, the one for fakes stays 0
            (Salimans et al. 2016, section 3.4, with 0.1)
    """
    check_smoothing("vanilla", smoothing)
    return _game(
        generator=lambda fake: softplus(-fake).mean(),
        discriminator=lambda fake, real: _cross_entropy(fake, real, smoothing),
    )


def saturating(smoothing: float = 0.0) -> Objective:
    """Cross entropy as one zero-sum game: the generator maximises what the discriminator minimises.

    Goodfellow et al. 2014, Eq. 1. G: -mean softplus(fake) = mean log(1 - sigmoid(fake)). Its gradient vanishes
    where the discriminator is sure of a fake, which is when it is needed most: take `vanilla` to train, and
    this one to compare. D: as in `vanilla`.

    Args:
        smoothing: the discriminator's target for real images is 1 - smoothing
    """
    check_smoothing("saturating", smoothing)
    return _game(
        generator=lambda fake: -softplus(fake).mean(),
        discriminator=lambda fake, real: _cross_entropy(fake, real, smoothing),
    )


def least_squares(smoothing: float = 0.0) -> Objective:
    """Squared distance to 1 for real and 0 for fake (LSGAN, Mao et al. 2017, Eq. 9).

    G: 1/2 mean (fake - 1)^2. D: 1/2 mean fake^2 + 1/2 mean (real - 1)^2; the halves are the paper's.

    Args:
        smoothing: the discriminator's target for real images is 1 - smoothing; the generator's stays 1
    """
    check_smoothing("least_squares", smoothing)
    target = 1 - smoothing
    game = _game(
        generator=lambda fake: (fake - 1).square().mean() / 2,
        discriminator=lambda fake, real: (fake.square().mean() + (real - target).square().mean()) / 2,
    )
    return replace(game, belief=lambda logits: logits.clamp(0, 1))


def hinge() -> Objective:
    """Margins: the discriminator is content beyond +1 and -1 (Lim & Ye 2017, Miyato et al. 2018).

    G: -mean fake. D: mean max(0, 1 + fake) + mean max(0, 1 - real).
    """
    return _game(
        generator=lambda fake: -fake.mean(),
        discriminator=lambda fake, real: relu(1 + fake).mean() + relu(1 - real).mean(),
    )


def wasserstein() -> Objective:
    """Difference of mean logits (WGAN, Arjovsky et al. 2017); needs a discriminator kept Lipschitz.

    G: -mean fake. D: mean fake - mean real. Nothing here bounds the discriminator: take spectral norm, or the
    penalty `wgan_gp`.
    """
    return _game(
        generator=lambda fake: -fake.mean(),
        discriminator=lambda fake, real: fake.mean() - real.mean(),
    )


def _game(generator: Callable[[Tensor], Tensor], discriminator: Callable[[Tensor, Tensor], Tensor]) -> Objective:
    """A game whose generator looks at fakes alone. A mean of many bf16 numbers has two digits, hence the types."""
    return Objective(
        generator=lambda fake, real=None: generator(at_least_single(fake)),
        discriminator=lambda fake, real: discriminator(at_least_single(fake), at_least_single(real)),
    )


def check_smoothing(objective: str, smoothing: float) -> None:
    """Raise OptionsError unless smoothing leaves real images nearer to their own target than to that of fakes."""
    if not 0 <= smoothing < 0.5:
        raise OptionsError(
            f"losses.adversarial (type {objective}): smoothing is {smoothing:g}; it must be at least 0 and less than "
            "0.5. It is subtracted from the target of real images, 1; 0.1 is usual."
        )


def _cross_entropy(fake: Tensor, real: Tensor, smoothing: float) -> Tensor:
    """Cost of fakes with target 0, plus that of reals with target 1 - smoothing.

    (1 - s) softplus(-real) + s softplus(real) = softplus(-real) + s real.
    """
    cost = softplus(fake).mean() + softplus(-real).mean()
    return cost + smoothing * real.mean() if smoothing else cost
