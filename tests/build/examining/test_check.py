"""`gansr check`: everything is built and fits, in no memory; what does not fit is told."""

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gansr.build.examining.check import examine
from gansr.errors import OptionsError, UserError
from gansr.options.load import load, validate

OPTIONS = sorted((Path(__file__).parents[3] / "options").glob("*.yml"))
Run = Callable[..., Any]


@pytest.fixture
def found(tree: Run) -> Run:
    return lambda recipe="paired", **changes: examine(validate(tree(recipe, **changes), "run.yml"))


def test_there_are_options() -> None:
    assert OPTIONS


@pytest.mark.parametrize("path", OPTIONS, ids=lambda path: path.stem)
def test_our_own_options_pass(path: Path, gansr: Run) -> None:
    for stage in load(path):
        assert examine(stage).memory > 0
    result = gansr("check", path)
    assert result.code == 0 and result.err == ""


def test_parameters_and_losses(found: Run) -> None:
    one = found("paired_gan")
    assert one.parameters.keys() == {"generator", "discriminator"}
    # convolutions: first 3->4, two 4->4, up 4->16, hr 4->4, last 4->3; 9 weights per pair of maps, and biases
    assert one.parameters["generator"] == 9 * (12 + 3 * 16 + 64 + 12) + (4 + 3 * 4 + 16 + 3)
    assert one.losses == [("pixel", "l1", "1", "hr"), ("adversarial", "vanilla", "0.1", "")]
    assert one.title == "tiny" and one.missing == []


def test_memory_of_weights(found: Run) -> None:
    """Parameters, gradients and Adam's two moments in fp32, and the average of the generator."""
    plain, averaged = found(train__ema=None), found(train__ema=0.9)
    floats = plain.parameters["generator"]
    assert plain.weights == pytest.approx(4 * 4 * floats / 2**20)
    assert averaged.weights == pytest.approx(5 * 4 * floats / 2**20)
    content = {"type": "vgg19", "weights": "random", "layers": {"conv1_2": 1.0}}
    assert found(losses__content=content).frozen == pytest.approx(4 * (3 * 9 * 64 + 64 + 64 * 9 * 64 + 64) / 2**20)


@pytest.mark.parametrize("recipe", ["paired", "paired_gan"])
def test_memory_of_activations_grows_with_the_batch_and_the_crop(found: Run, recipe: str) -> None:
    whole, half = found(recipe, train__batch=16), found(recipe, train__batch=8)
    assert 0.45 < half.activations / whole.activations < 0.55
    large = found(recipe, train__batch=8, data__train__crop=32)
    assert 3.5 < large.activations / half.activations < 4.5
    assert found(recipe, train__batch=16, train__precision="bf16").activations < 0.6 * whole.activations


def test_memory_of_activations_is_what_autograd_keeps(found: Run) -> None:
    """A generator and a loss small enough to count: each convolution keeps its input, and l1 both images."""
    one = found(generator={"type": "srvgg_compact", "features": 4, "convolutions": 1, "activation": "relu"})
    images, pixels = 2, 8 * 8
    lr, maps, shuffled, hr = 3 * pixels, 4 * pixels, 12 * pixels, 3 * 16 * 16
    kept = lr + maps + maps + hr  # inputs of the three convolutions, and the difference that l1 looks at
    assert 4 * images * kept / 2**20 <= one.activations <= 4 * images * (kept + shuffled + 2 * hr) / 2**20


def test_nothing_is_read(found: Run) -> None:
    missing = {"hr": "/nowhere/at/all", "crop": 16}
    one = found(data__train=missing, generator__weights="/nowhere/weights.pth", train__precision="fp16")
    assert one.missing == ["generator.weights: there is no file /nowhere/weights.pth."]


def test_nothing_is_left_behind(found: Run) -> None:
    """No default device, no random number drawn that a run would miss."""
    torch.manual_seed(0)
    expected = torch.rand(3)
    found("paired_gan")
    assert torch.zeros(1).device.type == "cpu"
    torch.manual_seed(0)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"discriminator": {"type": "patch", "layers": 3}}, ["patch", "16x16 pixels is too small", "at least 24"]),
        ({"data__train__crop": 6, "discriminator": {"type": "unet"}}, ["unet", "6x6", "at least 8"]),
        ({"generator": {"type": "msrresnet", "features": 0}}, ["(type msrresnet): features is 0"]),
        (
            {"generator__in_channels": 1, "generator__out_channels": 1},
            ["in_channels is 1; images have 3 (RGB)", "say colour: y"],
        ),
        ({"discriminator": {"type": "vgg_style", "in_channels": 1}}, ["do not fit together for crops of 16 px"]),
        ({"losses__content": {"type": "vgg19", "layers": {"conv9_1": 1}}}, ["VGG-19 has no 'conv9_1'"]),
        ({"losses__content": {"type": "vgg19", "weights": "/no/vgg.pth"}}, ["/no/vgg.pth", "no such file"]),
        ({"validation__metrics": {"fd": {"type": "feature_distance", "net": "vgg16"}}}, ["validation.metrics.fd"]),
        ({"scale": 1, "generator": {"type": "srresnet"}}, ["(type srresnet): there is no network for scale 1"]),
        ({"train__schedule": {"type": "halving"}}, ["train.schedule (type halving): at: is missing"]),
        ({"train__optimizer": {"type": "adam", "betas": [0.9]}}, ["train.optimizer (type adam): betas"]),
        ({"train__optimizer": {"type": "adam", "betas": [1.5, 0.9]}}, ["train.optimizer: ", "1.5"]),
        ({"train__schedule": {"type": "cosine", "periods": 0}}, ["train.schedule: cosine: periods is 0"]),
        (
            {"train__schedule": {"type": "cosine", "floor": math.nan}},
            ["train.schedule (type cosine): floor: ", "finite"],
        ),
        ({"train__lr": math.inf}, ["train.lr: ", "finite"]),
        ({"seed": 2**32}, ["seed: "]),
        ({"losses__adversarial": {"type": "l1"}}, ["losses.adversarial: there is no type 'l1'"]),
        (
            {
                "losses__pixel": {"type": "l1", "weight": {"from": 1, "to": 0, "over": 2}},
                "losses__adversarial": {"type": "vanilla", "weight": {"from": 0, "to": 1, "over": 1, "start": 3}},
            },
            ["at step 2 every weight is 0", "pixel, adversarial"],
        ),
        (
            {"losses__pixel__weight": 0, "train__discriminator_start": 2},
            ["at step 0 every weight is 0", "in play then: pixel"],
        ),
        ({"train__discriminator_steps": 99}, ["train.discriminator_steps (99) exceeds train.steps (6)"]),
        (
            {"losses__pixel__through": [{"type": "luma"}, {"type": "luma"}]},
            ["losses.pixel (type l1): luma", "1 channels"],
        ),
        ({"losses__adversarial": {"type": "gansr.losses.pixel.distances:l1"}}, ["losses.adversarial", "Objective"]),
        (
            {"losses__content": {"type": "vgg19", "weights": "random", "layers": {"conv1_1": -1.0}}},
            ["losses.content (type vgg19): layers: conv1_1 weighs -1"],
        ),
        ({"losses__pixel": {"type": "l1", "wieght": 2}}, ["Did you mean 'weight'?"]),
        ({"losses__pixel": {"type": "l1", "weight": float("inf")}}, ["losses.pixel.weight", "finite"]),
        ({"losses__cycle": {"type": "cycle", "target": "average"}}, ["losses.cycle.target", "leave it out"]),
        ({"losses__pixel__type": "hinge"}, ["losses.pixel: there is no type 'hinge'"]),
        ({"validation__metrics": {"psnr": {"type": "psnr", "color": "y"}}}, ["validation.metrics.psnr", "'colour'"]),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_does_not_fit_is_told(tree: Run, changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        examine(validate(tree("paired_gan", **changes), "run.yml"))
    for word in words:
        assert word in str(caught.value)


class Picky(torch.nn.Module):
    """A user's own network that complains with a long traceback."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.layer = torch.nn.Conv2d(4, 3, 3)

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        return self.layer(lr)


def test_a_network_of_ones_own_that_does_not_fit(tree: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picky", sys.modules[__name__])
    with pytest.raises(OptionsError, match="tiny: the parts do not fit together"):
        examine(validate(tree(generator={"type": "picky:Picky"}), "run.yml"))
