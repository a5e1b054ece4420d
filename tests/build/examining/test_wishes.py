"""What options ask of a generator that it cannot do is said before anything is trained."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gansr.build.examining.check import examine
from gansr.errors import OptionsError
from gansr.options.load import validate

Make = Callable[..., Any]


class Levels(nn.Module):
    """A generator that does everything that one can be asked for."""

    def __init__(
        self, scale: int, scales: tuple[int, ...] = (2, 4), in_channels: int = 3, out_channels: int = 3
    ) -> None:
        super().__init__()
        self.scale, self.scales = scale, scales
        self.fixed = nn.Parameter(torch.zeros(1), requires_grad=False)
        self.tails = nn.ModuleDict({str(s): nn.Conv2d(in_channels, out_channels * s**2, 3, padding=1) for s in scales})

    def forward(
        self, lr: Tensor, scale: int | None = None, intermediate: bool = False, blend: Tensor | None = None
    ) -> Tensor | list[Tensor]:
        scale = scale or self.scale
        large = nn.functional.pixel_shuffle(self.tails[str(scale)](lr), scale)
        large = large if blend is None else blend * large
        return [lr, large] if intermediate else large


@pytest.fixture
def levels(tree: Make, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Options of a run with that generator, validated."""
    from gansr.models.generators import GENERATORS

    monkeypatch.setitem(GENERATORS, "levels", Levels)

    def make(recipe: str = "paired", **changes: Any) -> Any:
        changes = {"generator": {"type": "levels"}, "scale": 4} | changes
        return validate(tree(recipe, **changes), "run.yml")

    return make


def test_all_wishes_together(levels: Make) -> None:
    losses = {"pixel": {"type": "l1"}, "levels": {"type": "l2", "of": "intermediate"}}
    for colour in ("rgb", "y"):
        generator = {"type": "levels", "colour": colour}
        found = examine(levels(losses=losses, data__train__scales=[2, 4], train__grow=3, generator=generator))
        assert found.parameters["generator"] > 0


@pytest.mark.parametrize("colour", ["rgb", "y"])
def test_a_game_at_every_scale(levels: Make, colour: str) -> None:
    examine(levels("paired_gan", data__train__scales=[2, 4], generator={"type": "levels", "colour": colour}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"data__train__scales": [2, 3]},
            r"data\.train\.scales: generator \(type levels\) has no scale 3\. .*: 2, 4\.",
        ),
        ({"data__train__scales": [8]}, r"data\.train\.scales is \[8\]; expected different numbers up to scale \(4\)"),
        ({"data__train__scales": [2, 2]}, r"data\.train\.scales is \[2, 2\]; expected different"),
        ({"data__train__scales": []}, r"data\.train\.scales: .*at least 1 of them"),
        (
            {"data__train__scales": [2, 4], "data__train__lr": "somewhere"},
            r"with several scales, expected folders for each",
        ),
        ({"data__train__lr": {2: "somewhere"}}, r"data\.train\.lr has folders for \[2\]; expected the scales \[4\]"),
        ({"data__validation__judge__scale": 3}, r"data\.validation\.judge\.scale: .* has no scale 3"),
        (
            {"generator": {"type": "msrresnet"}, "data__train__scales": [2, 4]},
            r"data\.train\.scales: generator \(type msrresnet\) has one scale, 4\.",
        ),
        (
            {"generator": {"type": "msrresnet"}, "losses": {"pixel": {"type": "l1", "of": "intermediate"}}},
            r"losses\.pixel\.of: generator \(type msrresnet\) makes no images on its way",
        ),
        (
            {"generator": {"type": "msrresnet"}, "train__grow": 5},
            r"train\.grow: generator \(type msrresnet\) does not grow",
        ),
        (
            {"train__rates": {"tial": 0.1}},
            r"train\.rates: .* begin with 'tial'\. Did you mean 'tails'",
        ),
        ({"train__gradient_checkpointing": True}, r"train\.gradient_checkpointing: .* has no trunk"),
        (
            {"data__train__scales": [2, 4], "losses": {"pixel": {"type": "l1"}, "cycle": {"type": "cycle"}}},
            r"losses\.cycle: cycle is made for one scale",
        ),
        (
            {"losses": {"variation": {"type": "total_variation", "of": "intermediate"}}},
            r"losses\.variation\.of: intermediate needs a loss that compares sr with a target",
        ),
        (
            {"generator": {"type": "levels", "colour": "y", "in_channels": 1}},
            r"generator: colour: y sets in_channels and out_channels to 1; leave in_channels out",
        ),
        (
            {"generator": {"type": "levels", "out_channels": 1}},
            r"generator \(type levels\): out_channels is 1; images have 3 \(RGB\)\. .* say colour: y",
        ),
        (
            {"generator": {"type": "levels", "scales": [4]}, "data__train__scales": [2, 4]},
            r"has no scale 2\. Its scales: 4\. Give it more: generator\.scales: \[2, 4\]",
        ),
        ({"train__grow": 1000}, r"train\.grow \(1000\) exceeds train\.steps"),
        ({"train__rates": {"": 0.1}}, r"no weights that learn whose names begin with ''\. Choices: tails"),
        ({"train__rates": {"fixed": 0.1}}, r"no weights that learn whose names begin with 'fixed'"),
        ({"train__rates": {"tails": 0, "tails.2": 0}}, r"every weight of generator \(type levels\) has the rate 0"),
        (
            {"losses": {"levels": {"type": "l1", "of": "intermediate", "target": "lr"}}},
            r"losses\.levels\.target: images on the way are larger than lr",
        ),
    ],
)
def test_what_cannot_be(levels: Make, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        examine(levels(**changes))


def test_a_rate_of_zero_beside_others(levels: Make) -> None:
    examine(levels(train__rates={"tails.2": 0, "tails.4": 0.5}))


def test_what_does_not_fit_says_at_which_scale(levels: Make) -> None:
    """A crop of 8 pixels is too small for the second order of a VGG's maps at x4 alone."""
    content = {"type": "vgg19", "weights": "random", "layers": {"conv4_1": 1.0}}
    with pytest.raises(OptionsError, match=r"do not fit together for crops of 4 px at scale 2: losses\.content"):
        examine(levels(losses={"content": content}, data__train__scales=[4, 2], data__train__crop=8))


def test_colour_of_a_network_with_fixed_channels(levels: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from gansr.models.generators import GENERATORS

    class Fixed(nn.Conv2d):
        def __init__(self, scale: int) -> None:
            super().__init__(3, 3, 1)

    monkeypatch.setitem(GENERATORS, "fixed", Fixed)
    with pytest.raises(OptionsError, match=r"generator \(type fixed\): it has a fixed number of channels"):
        examine(levels(generator={"type": "fixed", "colour": "y"}, scale=1))


def test_trunks_are_told_to_recompute(tree: Make) -> None:
    from gansr.build.making.players import arranged
    from gansr.models.layers.chain import Chain

    options = validate(tree(train__gradient_checkpointing=True), "run.yml")
    network = nn.Sequential(Chain(nn.Linear(2, 2)))
    assert arranged(network, options)[0].recompute  # pyright: ignore[reportIndexIssue]
    assert not Chain.recompute
