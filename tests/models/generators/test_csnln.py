from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.foreign import translate
from gansr.models.generators.attention.csnln import CSNLN
from gansr.models.recognise import recognise

FEATURES, DEPTH = 4, 3
KERNELS = {2: (6, 2, 2), 3: (9, 3, 3), 4: (8, 4, 2)}
"""Factor -> side, stride and padding, as in csnln.py of the authors."""
STEP = {2: 2, 3: 3, 4: 2}
SUFFIXES = {2: ("",), 3: ("",), 4: ("", "_2")}
ONE_STEP = ("down_sample_1", "down_sample_2", "error_encode")
TWO_STEPS = ("down_sample_3", "down_sample_4", "error_encode_2")
RESIZING = {2: (ONE_STEP, ()), 3: (ONE_STEP, ()), 4: (("down_sample_1", "error_encode"), TWO_STEPS)}
"""Scale -> what resizes by the step's factor, and by 4."""


def layers(scale: int) -> Iterator[tuple[str, int, int, int]]:
    """Name, channels and kernel of every convolution of the authors; a PReLU, numbered 1, follows those numbered 0."""
    yield "head.0.0", FEATURES, 3, 3
    yield "head.1.0", FEATURES, FEATURES, 3
    yield "tail.0", 3, FEATURES * DEPTH, 3
    yield "SEM.post_conv.0", FEATURES, FEATURES, 3
    step = KERNELS[STEP[scale]][0]
    for suffix in SUFFIXES[scale]:
        yield from fusion(f"SEM.multi_source_projection{suffix}", step)
    small, large = RESIZING[scale]
    for name in small:
        yield f"SEM.{name}.0", FEATURES, FEATURES, step
    for name in large:
        yield f"SEM.{name}.0", FEATURES, FEATURES, KERNELS[4][0]


def fusion(name: str, kernel: int) -> Iterator[tuple[str, int, int, int]]:
    for match in ("up_attention.conv_match_1", "up_attention.conv_match_2"):
        yield f"{name}.{match}.0", FEATURES // 2, FEATURES, 1
    for match in ("down_attention.conv_match1", "down_attention.conv_match2"):
        yield f"{name}.{match}.0", FEATURES // 2, FEATURES, 1
    for attention in ("up_attention", "down_attention"):
        yield f"{name}.{attention}.conv_assembly.0", FEATURES, FEATURES, 1
    yield f"{name}.upsample.0", FEATURES, FEATURES, kernel
    yield f"{name}.encoder.body.0", FEATURES, FEATURES, 3
    yield f"{name}.encoder.body.2", FEATURES, FEATURES, 3


def theirs(scale: int) -> dict[str, Tensor]:
    """Weights with the names of SHI-Labs/Cross-Scale-Non-Local-Attention, src/model/csnln.py and attention.py."""
    generator = torch.Generator().manual_seed(0)
    state: dict[str, Tensor] = {}
    for name, sign in (("sub_mean", -1), ("add_mean", 1)):
        state[f"{name}.weight"] = torch.eye(3)[..., None, None]
        state[f"{name}.bias"] = sign * torch.tensor([0.4488, 0.4371, 0.4040])
    for name, outputs, inputs, kernel in layers(scale):
        weight = torch.randn(outputs, inputs, kernel, kernel, generator=generator)
        state[f"{name}.weight"] = weight / (inputs * min(kernel, 3) ** 2) ** 0.5
        state[f"{name}.bias"] = 0.1 * torch.randn(outputs, generator=generator)
        if name.endswith(".0") and name != "tail.0":
            state[f"{name[:-1]}1.weight"] = torch.rand(1, generator=generator)
    for suffix in SUFFIXES[scale]:
        state[f"SEM.multi_source_projection{suffix}.up_attention.escape_NaN"] = torch.tensor([1e-4])
    return state


class Reference:
    """The authors' forward pass; its cross-scale attention goes image by image."""

    def __init__(self, state: dict[str, Tensor], scale: int) -> None:
        self.state, self.scale = state, scale

    def conv(self, x: Tensor, name: str) -> Tensor:
        weight = self.state[f"{name}.weight"]
        return F.conv2d(x, weight, self.state[f"{name}.bias"], padding=weight.shape[-1] // 2)

    def active(self, x: Tensor, name: str) -> Tensor:
        return F.prelu(self.conv(x, f"{name}.0"), self.state[f"{name}.1.weight"])

    def resized(self, x: Tensor, name: str, factor: int, up: bool) -> Tensor:
        weight, bias = self.state[f"{name}.0.weight"], self.state[f"{name}.0.bias"]
        _, stride, padding = KERNELS[factor]
        function = F.conv_transpose2d if up else F.conv2d
        return F.prelu(function(x, weight, bias, stride, padding), self.state[f"{name}.1.weight"])

    def cross_scale(self, x: Tensor, name: str, factor: int) -> Tensor:
        small = self.active(F.interpolate(x, scale_factor=1 / factor, mode="bilinear"), f"{name}.conv_match_2")
        queries, large = self.active(x, f"{name}.conv_match_1"), self.active(x, f"{name}.conv_assembly")
        results = []
        for query, little, big in zip(queries.split(1), small.split(1), large.split(1), strict=True):
            keys = F.unfold(little, 3, padding=1)[0].T
            keys = keys / keys.norm(dim=1, keepdim=True).clamp(min=1e-4)
            patches = F.unfold(big, 3 * factor, padding=factor, stride=factor)[0].T
            score = F.conv2d(query, keys.reshape(-1, FEATURES // 2, 3, 3), padding=1)
            kernels = patches.reshape(-1, FEATURES, 3 * factor, 3 * factor)
            results.append(F.conv_transpose2d((10 * score).softmax(1), kernels, stride=factor, padding=factor) / 6)
        return torch.cat(results)

    def in_scale(self, x: Tensor, name: str) -> Tensor:
        queries, keys = (self.active(x, f"{name}.conv_match{number}").flatten(2) for number in (1, 2))
        values = self.active(x, f"{name}.conv_assembly").flatten(2)
        return (values @ (queries.transpose(1, 2) @ keys).softmax(2).transpose(1, 2)).reshape(x.shape)

    def fusion(self, x: Tensor, name: str) -> Tensor:
        factor = STEP[self.scale]
        down = self.resized(self.in_scale(x, f"{name}.down_attention"), f"{name}.upsample", factor, up=True)
        error = self.cross_scale(x, f"{name}.up_attention", factor) - down
        slope = self.state[f"{name}.encoder.body.1.weight"]
        encoded = self.conv(F.prelu(self.conv(error, f"{name}.encoder.body.0"), slope), f"{name}.encoder.body.2")
        return down + encoded + error

    def round(self, x: Tensor) -> tuple[Tensor, Tensor]:
        factor = STEP[self.scale]
        large = self.fusion(x, "SEM.multi_source_projection")
        error = x - self.resized(large, "SEM.down_sample_1", factor, up=False)
        large = large + self.resized(error, "SEM.error_encode", factor, up=True)
        if self.scale == 4:
            large = self.fusion(large, "SEM.multi_source_projection_2")
            error = x - self.resized(large, "SEM.down_sample_3", 4, up=False)
            large = large + self.resized(error, "SEM.error_encode_2", 4, up=True)
        last = "SEM.down_sample_4" if self.scale == 4 else "SEM.down_sample_2"
        return self.active(self.resized(large, last, self.scale, up=False), "SEM.post_conv"), large

    def __call__(self, image: Tensor) -> Tensor:
        x = self.active(self.active(self.conv(image, "sub_mean"), "head.0"), "head.1")
        rounds = []
        for _ in range(DEPTH):
            x, large = self.round(x)
            rounds.append(large)
        return self.conv(self.conv(torch.cat(rounds, 1), "tail.0"), "add_mean")


@pytest.mark.parametrize(("scale", "size"), [(2, (4, 6)), (3, (3, 6)), (4, (4, 2))])
def test_authors_weights_give_the_authors_images(scale, size, noise):
    state = theirs(scale)
    ours, source = translate(state)
    assert source == "CSNLN's authors"
    network = CSNLN(scale, FEATURES, DEPTH)
    network.load_state_dict(ours)
    image = noise(2, *size)
    with torch.no_grad():
        expected = Reference(state, scale)(image)
        assert expected.std() > 0.1
        torch.testing.assert_close(network(image), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 7)])
def test_sides_that_the_cell_does_not_divide_are_padded_by_repetition(scale, size, fill, noise):
    network, image = fill(CSNLN(scale, FEATURES, 2)), noise(2, *size)
    multiple = 3 if scale == 3 else 2
    bottom, right = (-side % multiple for side in size)
    padded = F.pad(image, (0, right, 0, bottom), mode="replicate")
    expected = network(padded)[..., : scale * size[0], : scale * size[1]]
    torch.testing.assert_close(network(image), expected)
    assert network(image).shape == (2, 3, scale * size[0], scale * size[1])


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("depth", [1, 3])
def test_is_recognised(scale, depth):
    found = recognise(CSNLN(scale, FEATURES, depth, in_channels=1, out_channels=2).state_dict())
    assert found is not None and (found.type, found.scale) == ("csnln", scale)
    assert found.arguments == {"features": FEATURES, "depth": depth, "in_channels": 1, "out_channels": 2}


def test_one_round_has_nothing_to_go_on_with():
    network = CSNLN(2, FEATURES, depth=1)
    assert not any(name.startswith("shrink") for name in network.state_dict())
    network(torch.rand(1, 3, 4, 4)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


# The authors' code, src/model/csnln.py, has 24 more: two frozen mean layers of 12, which are buffers here. It comes to
# 3.06 M and 6.57 M at x2 and x4.
@pytest.mark.parametrize(("scale", "parameters"), [(2, 3_061_265), (3, 6_010_385), (4, 6_568_603)])
def test_parameters(scale, parameters):
    with torch.device("meta"):
        assert sum(p.numel() for p in CSNLN(scale).parameters()) == parameters


def test_gradient_checkpointing_changes_nothing(fill, noise):
    network, image = fill(CSNLN(2, FEATURES, 2)), noise(1, 4, 4)
    network(image).square().mean().backward()
    expected = [parameter.grad.clone() for parameter in network.parameters()]
    network.zero_grad()
    network.cell.recompute = True
    network(image).square().mean().backward()
    for parameter, gradient in zip(network.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_value_range_is_undone(noise):
    """A network whose trunk gives nothing returns the mean colour, whatever its range inside."""
    for value_range in (1.0, 255.0):
        network = CSNLN(2, FEATURES, 1, value_range=value_range)
        for parameter in network.tail.parameters():
            nn.init.zeros_(parameter)
        expected = torch.tensor([0.4488, 0.4371, 0.4040])[:, None, None].expand(1, 3, 4, 4)
        torch.testing.assert_close(network(noise(1, 2, 2)), expected)


def test_unknown_scale():
    with pytest.raises(OptionsError, match=r"csnln: there is no network for scale 8\. Choices: 2, 3, 4\."):
        CSNLN(8)


def test_depth_is_at_least_one():
    with pytest.raises(OptionsError, match=r"csnln: depth is 0; it must be at least 1\."):
        CSNLN(2, depth=0)
