"""Each recipe's step beside one written out in full, after its source: networks, plain Adams and formulas alone."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, l1_loss, relu, softplus

from gansr.build.making import recipes as builders
from gansr.data.batch import Unpaired
from gansr.imaging.resize import enlarge, reduce
from gansr.options.load import validate

Run = Callable[..., Any]
Networks = Mapping[str, Any]
Said = dict[str, Tensor]  # what the log should say


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Accelerate remembers its settings for the life of the process."""
    for one in (AcceleratorState, GradientState, PartialState):
        one._reset_state()
    yield


@pytest.fixture
def recipe(tree: Run) -> Run:
    """A recipe on one processor; equal calls give equal weights."""

    def make(name: str, **changes: Any) -> Any:
        options = validate(tree(name, **({"pool": None, "train__ema": None} | changes)), "run.yml")
        made_of = builders.ingredients(options)
        wake(made_of.networks)
        return builders.recipe(options, made_of, Accelerator(cpu=True))

    return make


@torch.no_grad()
def wake(networks: Networks) -> None:
    """Discriminators begin with weights of 0.02, whose opinions hardly differ; these have some."""
    torch.manual_seed(7)
    for name, network in networks.items():
        if "discriminator" in name:
            for parameter in network.parameters():
                parameter.add_(0.2 * torch.randn_like(parameter))


def batch(number: int) -> Unpaired:
    random = torch.Generator().manual_seed(number)
    return Unpaired(torch.rand(2, 3, 16, 16, generator=random), torch.rand(2, 3, 8, 8, generator=random))


def networks(one: Any) -> dict[str, nn.Module]:
    return {name: network for player in one.players for name, network in player.networks.items()}


class Turns:
    """One Adam for each network; a turn moves those that it names."""

    def __init__(self, found: Networks) -> None:
        self.adams = {name: torch.optim.Adam(network.parameters(), lr=1e-3) for name, network in found.items()}

    def __call__(self, loss: Tensor, *names: str) -> None:
        for adam in self.adams.values():
            adam.zero_grad()
        loss.backward()
        for name in names:
            self.adams[name].step()


def half_squares(fake: Tensor, real: Tensor) -> Tensor:
    return (fake.square().mean() + (real - 1).square().mean()) / 2


def margins(fake: Tensor, real: Tensor) -> Tensor:
    return relu(1 + fake).mean() + relu(1 - real).mean()


def fooled(network: Any, image: Tensor) -> Tensor:
    return (network(image) - 1).square().mean()


def bytes_of(image: Tensor) -> Tensor:
    return (image.clamp(0, 1) * 255).round() / 255


def variation(image: Tensor) -> Tensor:
    """Total variation as our default has it: mean absolute differences, down and across."""
    down, across = image[..., 1:, :] - image[..., :-1, :], image[..., 1:] - image[..., :-1]
    return down.abs().mean() + across.abs().mean()


def cycle(n: Networks, turn: Turns, given: Unpaired) -> Said:
    """CycleGAN: both generators with one loss, then both discriminators."""
    go, back = n["generator"], lambda image: n["degrader"](image).lr
    fake_hr, fake_lr = go(given.real_lr), back(given.hr)
    game = fooled(n["hr_discriminator"], fake_hr) + fooled(n["lr_discriminator"], fake_lr)
    cycle_hr, cycle_lr = l1_loss(go(fake_lr), given.hr), l1_loss(back(fake_hr), given.real_lr)
    same_hr = l1_loss(go(reduce(given.hr, 2)), given.hr)
    same_lr = l1_loss(back(enlarge(given.real_lr, 2)), given.real_lr)
    turn(game + 10 * (cycle_hr + cycle_lr) + 5 * (same_hr + same_lr), "generator", "degrader")
    judged = half_squares(n["hr_discriminator"](fake_hr.detach()), n["hr_discriminator"](given.hr))
    judged = judged + half_squares(n["lr_discriminator"](fake_lr.detach()), n["lr_discriminator"](given.real_lr))
    turn(judged, "hr_discriminator", "lr_discriminator")
    return {"loss/adversarial": game / 2, "loss/cycle_lr": cycle_lr, "loss/discriminator": judged}


def pseudo(n: Networks, turn: Turns, given: Unpaired) -> Said:
    """Maeda 2020 as in UnpairedSR: all makers with one loss, then all discriminators, that of HR with 0.1."""
    go, clean, back = n["generator"], n["cleaner"], lambda image: n["lr_degrader"](image).lr
    lr = bytes_of(reduce(given.hr, 2))
    cleaned, made = clean(given.real_lr), back(lr)
    again = clean(made)
    sr, real_sr = go(again), go(cleaned)
    pairs = {
        "clean_discriminator": (cleaned, lr, 1.0),
        "lr_discriminator": (made, given.real_lr, 1.0),
        "hr_discriminator": (real_sr, given.hr, 0.1),
    }
    game = torch.stack([share * fooled(n[name], fake) for name, (fake, _, share) in pairs.items()]).sum()
    pixel, cycle_clean = l1_loss(sr, given.hr), l1_loss(again, lr)
    cycle_real = l1_loss(back(cleaned), given.real_lr)
    same_clean, same_real = l1_loss(clean(lr), lr), l1_loss(back(given.real_lr), given.real_lr)
    total = game + pixel + cycle_clean + cycle_real + same_clean + same_real
    turn(total, "generator", "cleaner", "lr_degrader")
    parts = [share * half_squares(n[name](fake.detach()), n[name](real)) for name, (fake, real, share) in pairs.items()]
    judged = torch.stack(parts).sum()
    turn(judged, *pairs)
    return {"loss/pixel": pixel, "loss/identity_real": same_real, "loss/discriminator": judged}


def cincgan(n: Networks, turn: Turns, given: Unpaired) -> Said:
    """CinCGAN as in UnpairedSR, with its identities: the inner cycle's two turns, then the outer one's."""
    go, clean, back = n["generator"], n["cleaner"], lambda image: n["lr_degrader"](image).lr
    lr = bytes_of(reduce(given.hr, 2))
    cleaned = clean(given.real_lr)
    inner = fooled(n["clean_discriminator"], cleaned)
    inner_cycle, inner_same = l1_loss(back(cleaned), given.real_lr), l1_loss(clean(lr), lr)
    turn(inner + 10 * inner_cycle + 5 * inner_same + 0.5 * variation(cleaned), "cleaner", "lr_degrader")
    turn(half_squares(n["clean_discriminator"](cleaned.detach()), n["clean_discriminator"](lr)), "clean_discriminator")
    sr = go(clean(given.real_lr))
    game = fooled(n["hr_discriminator"], sr)
    outer_cycle, outer_same = l1_loss(n["degrader"](sr).lr, given.real_lr), l1_loss(go(lr), given.hr)
    total = 0.5 * game + 10 * outer_cycle + 5 * outer_same + 2 * variation(sr)
    turn(total, "cleaner", "generator", "degrader")
    judged = half_squares(n["hr_discriminator"](sr.detach()), n["hr_discriminator"](given.hr))
    turn(judged, "hr_discriminator")
    return {
        "inner/cycle": inner_cycle,
        "inner/identity": inner_same,
        "inner/adversarial": inner / 2,
        "loss/cycle": outer_cycle,
        "loss/identity": outer_same,
        "loss/discriminator": judged,
    }


def dsgan(n: Networks, turn: Turns, given: Unpaired) -> Said:
    """DSGAN: its discriminator on high frequencies first, then colours and texture; the generator has the old LR."""

    def low(image: Tensor) -> Tensor:
        rows = torch.cat([image[..., :2, :].flip(-2), image, image[..., -2:, :].flip(-2)], -2)
        return avg_pool2d(torch.cat([rows[..., :2].flip(-1), rows, rows[..., -2:].flip(-1)], -1), 5, 1)

    def high(image: Tensor) -> Tensor:
        return image - low(image)

    judge = n["lr_discriminator"]
    made = n["degrader"](given.hr).lr
    judged = softplus(judge(high(made.detach()))).mean() + softplus(-judge(high(given.real_lr))).mean()
    turn(judged, "lr_discriminator")
    colour = l1_loss(low(made), low(reduce(given.hr, 2)))
    texture = softplus(-judge(high(made))).mean()
    turn(colour + 0.005 * texture, "degrader")
    pixel = l1_loss(n["generator"](bytes_of(made.detach())), given.hr)
    turn(pixel, "generator")
    return {"degrader/colour": colour, "degrader/adversarial": texture, "loss/pixel": pixel}


def bulat(n: Networks, turn: Turns, given: Unpaired) -> Said:
    """Bulat et al. 2018: both discriminators by margins, then both networks, squared error 1 and the game 0.05."""
    made = n["degrader"](given.hr).lr
    lr = bytes_of(made.detach())
    sr = n["generator"](lr)
    judged = {}
    for name, fake, real in (("lr_discriminator", made, given.real_lr), ("discriminator", sr, given.hr)):
        judged[name] = margins(n[name](fake.detach()), n[name](real))
        turn(judged[name], name)
    squares = (made - reduce(given.hr, 2)).square().mean(), (sr - given.hr).square().mean()
    turn(squares[0] - 0.05 * n["lr_discriminator"](made).mean(), "degrader")
    turn(squares[1] - 0.05 * n["discriminator"](sr).mean(), "generator")
    return {"degrader/pixel": squares[0], "loss/pixel": squares[1], "loss/discriminator": judged["discriminator"]}


def scgan(n: Networks, turn: Turns, given: Unpaired) -> Said:
    """SCGAN: all discriminators, then each network by itself, every image detached before the next one gets it."""
    real_sr = n["generator"](given.real_lr)
    back = n["sr_degrader"](real_sr.detach()).lr
    made = n["degrader"](given.hr).lr
    sr = n["generator"](made.detach())
    pairs = {
        "lr_discriminator": (made, given.real_lr),
        "returned_discriminator": (back, given.real_lr),
        "hr_discriminator": (sr, given.hr),
        "real_sr_discriminator": (real_sr, given.hr),
    }
    for name, (fake, real) in pairs.items():
        # Ours weighs a judge's own loss as well, of which an Adam takes no notice but for its epsilon.
        share = 0.05 if name == "real_sr_discriminator" else 1
        turn(share * margins(n[name](fake.detach()), n[name](real)), name)

    def game(name: str) -> Tensor:
        return -n[name](pairs[name][0]).mean()

    down = l1_loss(made, reduce(given.hr, 2))
    turn(down + 0.05 * game("lr_discriminator"), "degrader")
    forth, kept = l1_loss(sr, given.hr), l1_loss(real_sr, enlarge(given.real_lr, 2))
    first, second = forth + 0.05 * game("hr_discriminator"), kept + 0.05 * game("real_sr_discriminator")
    turn(first + 0.05 * second, "generator")
    returned = l1_loss(back, given.real_lr)
    turn(returned + 0.05 * game("returned_discriminator"), "sr_degrader")
    return {"degrader/pixel": down, "loss/pixel": forth, "loss/real": kept, "returning/pixel": returned}


BULAT = {
    "degrader": {"type": "translator", "features": 4, "blocks": 1, "noise_channels": 1, "zero_tail": False},
    "lr_discriminator": {"type": "patch", "features": 4, "layers": 1, "stride": 1, "kernel": 3, "norm": "none"},
    "discriminator": {"type": "patch", "features": 4, "layers": 1, "stride": 1, "kernel": 3, "norm": "none"},
    "degrader_losses": {"pixel": {"type": "l2"}, "adversarial": {"type": "hinge", "weight": 0.05}},
    "losses": {"pixel": {"type": "l2"}, "adversarial": {"type": "hinge", "weight": 0.05}},
}


@pytest.mark.parametrize(
    ("name", "changes", "textbook"),
    [
        ("unpaired_cycle", {}, cycle),
        ("pseudo_supervision", {}, pseudo),
        ("cincgan", {}, cincgan),
        ("degradation_gan", {}, dsgan),
        ("degradation_gan", BULAT, bulat),
        ("semi_cycle", {}, scgan),
    ],
    ids=["cycle", "pseudo_supervision", "cincgan", "dsgan", "bulat", "scgan"],
)
def test_a_step_is_its_sources(recipe: Run, name: str, changes: dict[str, Any], textbook: Run) -> None:
    """Losses, weights, who moves when and on which images: three steps, and all weights are equal."""
    one, twin = recipe(name, **changes), recipe(name, **changes)
    by_hand = networks(twin)
    turn = Turns(by_hand)
    for number in range(3):
        torch.manual_seed(number)
        report = one.step(batch(number), number)
        torch.manual_seed(number)
        for expected, value in textbook(by_hand, turn, batch(number)).items():
            assert report[expected].item() == pytest.approx(value.item(), rel=1e-3), expected
    for name_of, network in networks(one).items():
        start = networks(recipe(name, **changes))[name_of]
        moved = False
        for mine, theirs, before in zip(*(n.parameters() for n in (network, by_hand[name_of], start)), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=2e-5, msg=name_of)
            moved |= bool((mine - before).abs().max() > 1e-3)
        assert moved, name_of
