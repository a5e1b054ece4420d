import math
from collections.abc import Iterator
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.foreign import translate
from gansr.models.generators.attention.san import SAN
from gansr.models.recognise import recognise

FEATURES, GROUPS, BLOCKS, REDUCTION, INNER = 8, 2, 3, 4, 1
FACTORS = {2: (2,), 3: (3,), 4: (2, 2)}


def layers(scale: int) -> Iterator[tuple[str, int, int, int]]:
    """Name, channels and kernel of every convolution in daitao/SAN, TrainCode/model/san.py."""
    yield "head.0", FEATURES, 3, 3
    yield "conv_last", FEATURES, FEATURES, 3
    for group in range(GROUPS):
        for block in range(BLOCKS):
            yield f"RG.{group}.rcab.{block}.conv_first.0", FEATURES, FEATURES, 3
            yield f"RG.{group}.rcab.{block}.conv_first.2", FEATURES, FEATURES, 3
        yield f"RG.{group}.conv_last", FEATURES, FEATURES, 3
    attentions = [(f"RG.{group}", FEATURES // REDUCTION) for group in range(GROUPS)]
    for name, hidden in [*attentions, ("non_local", FEATURES // 8)]:
        yield f"{name}.soca.conv_du.0", hidden, FEATURES, 1
        yield f"{name}.soca.conv_du.2", FEATURES, hidden, 1
    for name in ("g", "theta", "phi"):
        yield f"non_local.non_local.{name}", INNER, FEATURES, 1
    yield "non_local.non_local.W", FEATURES, INNER, 1
    for step, factor in enumerate(FACTORS[scale]):
        yield f"tail.0.{2 * step}", FEATURES * factor**2, FEATURES, 3
    yield "tail.1", 3, FEATURES, 3


def theirs(scale: int) -> dict[str, Tensor]:
    """Weights with their names; the mean layers mix colours, since their code trains them."""
    generator = torch.Generator().manual_seed(0)
    state = {"gamma": torch.tensor([0.3])} | {f"RG.{group}.gamma": torch.zeros(1) for group in range(GROUPS)}
    for name, sign in (("sub_mean", -1), ("add_mean", 1)):
        state[f"{name}.weight"] = (torch.eye(3) + 0.1 * torch.randn(3, 3, generator=generator))[..., None, None]
        state[f"{name}.bias"] = sign * 255 * torch.tensor([0.4488, 0.4371, 0.4040])
    for name, outputs, inputs, kernel in layers(scale):
        shape = (outputs, inputs, kernel, kernel)
        state[f"{name}.weight"] = torch.randn(shape, generator=generator) / math.sqrt(inputs * kernel**2)
        state[f"{name}.bias"] = 0.1 * torch.randn(outputs, generator=generator)
    # Values are near 255: the softmax shall be neither 0 nor 1.
    for name, factor in (("g", 0.01), ("theta", 0.01), ("phi", 0.01), ("W", 100)):
        state[f"non_local.non_local.{name}.weight"] *= factor
    return state


def attended(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """Their second-order attention: a matrix of pixels x pixels centres, then five Newton-Schulz steps."""
    results = []
    for maps in x:
        values = maps.flatten(1)
        pixels = values.shape[1]
        centring = torch.eye(pixels) / pixels - torch.ones(pixels, pixels) / pixels**2
        matrix = values @ centring @ values.T
        y, z = matrix / matrix.trace(), torch.eye(FEATURES)
        for _ in range(5):
            y, z = 0.5 * y @ (3 * torch.eye(FEATURES) - z @ y), 0.5 * (3 * torch.eye(FEATURES) - z @ y) @ z
        mean = (matrix.trace().sqrt() * y).mean(0)[None, :, None, None]
        hidden = F.relu(F.conv2d(mean, state["conv_du.0.weight"], state["conv_du.0.bias"]))
        factor = F.conv2d(hidden, state["conv_du.2.weight"], state["conv_du.2.bias"]).sigmoid()
        results.append(maps * factor[0])
    return torch.stack(results)


class Reference:
    """Their forward pass, in [0, 255]."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        self.state = state

    def conv(self, x: Tensor, name: str) -> Tensor:
        weight = self.state[f"{name}.weight"]
        return F.conv2d(x, weight, self.state[f"{name}.bias"], padding=weight.shape[-1] // 2)

    def non_local(self, x: Tensor) -> Tensor:
        result = torch.zeros_like(x)
        top, left = x.shape[2] // 2, x.shape[3] // 2
        for rows, columns in product((slice(0, top), slice(top, None)), (slice(0, left), slice(left, None))):
            part = x[:, :, rows, columns]
            theta, phi, g = (self.conv(part, f"non_local.non_local.{n}").flatten(2) for n in ("theta", "phi", "g"))
            weights = (theta.transpose(1, 2) @ phi).softmax(2)
            y = (weights @ g.transpose(1, 2)).transpose(1, 2).reshape(len(x), INNER, *part.shape[2:])
            result[:, :, rows, columns] = part + self.conv(y, "non_local.non_local.W")
        return result

    def group(self, x: Tensor, name: str) -> Tensor:
        inside = x
        for block in range(BLOCKS):
            first, second = (f"{name}.rcab.{block}.conv_first.{number}" for number in (0, 2))
            inside = inside + self.conv(F.relu(self.conv(inside, first)), second)
        start = f"{name}.soca."
        attention = {key.removeprefix(start): value for key, value in self.state.items() if key.startswith(start)}
        return x + self.conv(attended(attention, inside), f"{name}.conv_last")

    def __call__(self, image: Tensor, scale: int) -> Tensor:
        first = self.conv(self.conv(image, "sub_mean"), "head.0")
        x = source = self.non_local(first)
        for group in range(GROUPS):
            x = self.group(x, f"RG.{group}") + self.state["gamma"] * source
        x = self.non_local(x) + first
        for step, factor in enumerate(FACTORS[scale]):
            x = F.pixel_shuffle(self.conv(x, f"tail.0.{2 * step}"), factor)
        return self.conv(self.conv(x, "tail.1"), "add_mean")


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_authors_weights_give_the_authors_images(scale, noise):
    state = theirs(scale)
    ours, source = translate(state)
    assert source == "SAN's authors"
    network = SAN(scale, FEATURES, GROUPS, BLOCKS, REDUCTION, INNER)
    network.load_state_dict(ours)
    image = noise(2, 5, 6)
    with torch.no_grad():
        expected, found = Reference(state)(255 * image, scale) / 255, network(image)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
        # The parts that begin as nothing do something here.
        for part in ("gamma", "non_local.W.weight"):
            network.load_state_dict(ours | {part: torch.zeros_like(ours[part])})
            assert (network(image) - found).abs().max() > 1e-2


def test_mean_layers_that_were_not_trained_stay_what_they_are():
    plain = theirs(2) | {f"{name}.weight": torch.eye(3)[..., None, None] for name in ("sub_mean", "add_mean")}
    ours, _ = translate(plain)
    for name in ("head.0.weight", "sub_mean.bias", "tail.1.weight", "tail.1.bias"):
        assert torch.equal(ours[name], plain[name])


def test_the_older_version_is_not_taken_for_this_one():
    """It adds other maps at the end; its files have no attention beside the non-local block."""
    state = {name: tensor for name, tensor in theirs(2).items() if "soca" not in name or name.startswith("RG")}
    assert translate(state)[1] is None
    assert recognise(translate(state)[0]) is None


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_is_recognised(scale):
    network = SAN(scale, FEATURES, 1, 2, REDUCTION, 3, in_channels=1, out_channels=2)
    found = recognise(network.state_dict())
    assert found is not None and (found.type, found.scale) == ("san", scale)
    sizes = {"features": FEATURES, "groups": 1, "blocks": 2, "reduction": REDUCTION, "non_local_features": 3}
    assert found.arguments == sizes | {"in_channels": 1, "out_channels": 2}


# The paper says 15.7 M, without the scale. daitao/SAN at x2 has 15,712,800, which is 38,068 more than here:
# a last convolution that nothing calls (36,928), a gamma in each of 20 groups, a second-order attention beside the
# non-local block (64 * 8 + 8 + 8 * 64 + 64), and the two mean layers (12 each), which are buffers here.
@pytest.mark.parametrize(("scale", "parameters"), [(2, 15_674_732), (3, 15_859_372), (4, 15_822_444), (8, 15_970_156)])
def test_parameters(scale, parameters):
    with torch.device("meta"):
        assert sum(p.numel() for p in SAN(scale).parameters()) == parameters


def test_begins_without_share_source_skip_connections():
    assert SAN(2, features=4, groups=1, blocks=1, reduction=1).gamma.item() == 0


@pytest.mark.parametrize("number", ["groups", "blocks", "non_local_features"])
def test_numbers_are_at_least_one(number):
    with pytest.raises(OptionsError, match=rf"san: {number} is 0; it must be at least 1\."):
        SAN(2, **{number: 0})


def test_reduction_leaves_a_channel():
    with pytest.raises(OptionsError, match=r"reduction is 16; expected 1 to 8 \(features\)\."):
        SAN(2, features=8)
