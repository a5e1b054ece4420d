import pytest
import torch
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.generators.progressive.prosr import ProSR
from gansr.models.layers.resizing import bicubic
from gansr.models.recognise import recognise

LARGE = {"features": 6, "growth": 3, "bottleneck": 2, "blocks": (3, 2, 1), "layers": 2}
SMALL = LARGE | {"block_compression": 0.4, "level_compression": 0.5}
PAPERS_S = {
    "features": 24,
    "growth": 12,
    "blocks": (4, 2, 1),
    "layers": 6,
    "block_compression": 0.4,
    "level_compression": 0.5,
}
MEAN = torch.tensor([0.4488, 0.4371, 0.4040])[:, None, None]


def parameters(scale, **arguments):
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in ProSR(scale, **arguments).parameters())


class Reference:
    """The authors' forward pass, written down from generators.py, layers.py and test.py."""

    def __init__(self, network):
        self.weights = dict(network.state_dict())
        self.blocks = (3, 2, 1)

    def wide(self, x, name):
        name = f"{name}.conv.1"
        return F.conv2d(
            F.pad(x, (1,) * 4, mode="reflect"), self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        )

    def point(self, x, name):
        return F.conv2d(x, self.weights[f"{name}.weight"], self.weights.get(f"{name}.bias"))

    def dense(self, x, name):
        for layer in (1, 2):
            inside = self.point(x, f"{name}.denselayer{layer}.conv_1").relu()
            x = torch.cat([x, self.wide(inside, f"{name}.denselayer{layer}.conv_2")], 1)
        return x

    def level(self, x, level):
        name = f"pyramid_residual_{level}"
        if level > 1:
            x = self.point(x, f"{name}.compression_{level - 1}.conv1")
        for unit in range(1, self.blocks[level - 1] + 1):
            residual, plain = f"{name}.residual_denseblock_{unit}", f"{name}.denseblock_{unit}"
            if f"{residual}.comp.conv1.weight" in self.weights:
                x = 0.2 * self.point(self.dense(x, f"{residual}.dense_block"), f"{residual}.comp.conv1") + x
            else:
                x = self.dense(x, f"{plain}.dense")
                if unit < self.blocks[level - 1]:
                    x = self.point(x, f"{plain}.comp.conv1")
        if f"{name}.final_conv.final_comp.conv1.weight" in self.weights:
            x = self.point(x, f"{name}.final_conv.final_comp.conv1")
        return self.wide(x, f"{name}.final_conv.final_conv")

    def __call__(self, lr, levels, residual):
        """The residuals of all levels, in the range of 255."""
        x, found = self.wide((lr - MEAN) * 255, f"init_conv_{levels}"), []
        for level in range(1, levels + 1):
            x = self.level(x, level) + (x if residual else 0)
            x = F.pixel_shuffle(self.wide(x, f"pyramid_residual_{level}_residual_upsampler.m.0"), 2).relu()
            found.append(self.wide(x, f"reconst_{level}.final_conv"))
        return found


def made(fill, **arguments):
    """A network of x8 whose residuals are of the size of its images."""
    network = fill(ProSR(8, **arguments)).eval()
    with torch.no_grad():
        for level in (1, 2, 3):
            getattr(network, f"reconst_{level}").final_conv.conv[1].weight.mul_(0.1)
    return network


@pytest.mark.parametrize("arguments", [LARGE, SMALL, SMALL | {"most_features": 9}])
def test_images_of_all_levels(arguments, fill, noise):
    network, image = made(fill, **arguments), noise(2, 4, 5)
    for levels, scale in ((1, 2), (2, 4), (3, 8)):
        with torch.no_grad():
            residuals = Reference(network)(image, levels, residual=arguments is LARGE)
            expected = [bicubic(image, 2**n) + residual / 255 for n, residual in enumerate(residuals, start=1)]
            found = network(image, scale=scale, intermediate=True)
            torch.testing.assert_close(network(image, scale=scale), expected[-1], rtol=1e-4, atol=1e-4)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
        assert residuals[-1].std() > 10
    torch.testing.assert_close(network(image), expected[-1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("blend", [0.0, 0.25, torch.tensor(0.25), torch.tensor(1.0), 1])
def test_newest_level_fades_in(blend, fill, noise):
    """Residuals are mixed; the one of the level before is enlarged bilinearly, corners on corners."""
    network, image = made(fill, **LARGE), noise(1, 4, 5)
    with torch.no_grad():
        *_, before, newest = Reference(network)(image, 3, residual=True)
        old = F.interpolate(before, scale_factor=2, mode="bilinear", align_corners=True)
        expected = bicubic(image, 8) + (blend * newest + (1 - blend) * old) / 255
        torch.testing.assert_close(network(image, blend=blend), expected, rtol=1e-4, atol=1e-4)
        images = network(image, blend=blend, intermediate=True)
        torch.testing.assert_close(images[-1], expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(images[1], network(image, intermediate=True)[1])
        torch.testing.assert_close(network(image, scale=4, blend=blend), network(image, scale=4))


def test_first_level_fades_in_from_bicubic(fill, noise):
    network, image = fill(ProSR(2, **LARGE)), noise(1, 4, 5)
    large = bicubic(image, 2)
    torch.testing.assert_close(network(image, blend=0.0), large)
    torch.testing.assert_close(network(image, blend=0.5), (network(image) + large) / 2)


def test_blend_is_no_constant_of_a_compiled_graph(fill, noise):
    network, image = fill(ProSR(4, **LARGE)).eval(), noise(1, 4, 5)
    graphs = []

    def count(graph, _):
        graphs.append(graph)
        return graph.forward

    compiled = torch.compile(network, fullgraph=True, backend=count)
    for share in (0.1, 0.7):
        blend = torch.tensor(share)
        torch.testing.assert_close(compiled(image, blend=blend), network(image, blend=blend))
    assert len(graphs) == 1


@pytest.mark.parametrize("arguments", [LARGE, SMALL])
def test_grows(arguments):
    shapes = [{k: v.shape for k, v in ProSR(scale, **arguments).state_dict().items()} for scale in (2, 4, 8)]
    assert shapes[0].items() < shapes[1].items() < shapes[2].items()


def test_parameters():
    # The paper has 15.5 M at x8. The authors' ProSRs has 2.55 M in options/prosrs.yaml, where the paper
    # has 3.1 M; units that keep half of their channels would have 3.15 M.
    assert [parameters(scale) for scale in (2, 4, 8)] == [9_470_403, 13_427_206, 15_537_609]
    assert [parameters(scale, **PAPERS_S) for scale in (2, 4, 8)] == [849_047, 1_671_560, 2_550_191]
    assert parameters(8, **PAPERS_S | {"block_compression": 0.5}) == 3_148_352


def test_parameters_of_the_large_network_by_hand():
    unit = sum((160 + 40 * n) * 160 + 160 + 160 * 40 * 9 + 40 for n in range(8)) + 480 * 160
    level = 160 * 160 * 9 + 160 + 160 * 640 * 9 + 640 + 160 * 3 * 9 + 3
    first = 3 * 160 * 9 + 160
    assert parameters(8) == 13 * unit + 3 * (level + first) + 2 * 160 * 160


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize(
    "arguments",
    [
        LARGE,
        SMALL,
        SMALL | {"most_features": 7},
        SMALL | {"block_compression": 0.7, "level_compression": 1.0},
        LARGE | {"in_channels": 1, "out_channels": 1},
        PAPERS_S,
    ],
)
def test_is_recognised(scale, arguments):
    with torch.device("meta"):
        state = ProSR(scale, **arguments).state_dict()
    found = recognise(state)
    assert (found.type, found.scale) == ("prosr", scale)
    with torch.device("meta"):
        again = ProSR(scale, **{"in_channels": arguments.get("in_channels", 3), "out_channels": 3} | arguments)
    assert {k: v.shape for k, v in again.state_dict().items()} == {k: v.shape for k, v in state.items()}
    assert found.arguments["growth"] == arguments["growth"]
    assert found.arguments["blocks"] == arguments["blocks"][: {2: 1, 4: 2, 8: 3}[scale]]


def test_papers_arguments_are_recognised():
    for arguments in ({}, PAPERS_S):
        with torch.device("meta"):
            network = ProSR(8, **arguments)
        scale, found = ProSR.describe({name: tuple(value.shape) for name, value in network.state_dict().items()})
        assert scale == 8
        assert arguments.items() <= found.items()
        assert {"features": 160, "layers": 8, "most_features": 312, "bottleneck": 4}.items() - arguments.items() <= (
            found.items() | {("features", 160), ("layers", 8)}
        )


def test_names_are_the_authors():
    with torch.device("meta"):
        large, small = (set(ProSR(4, **arguments).state_dict()) for arguments in (LARGE, SMALL))
    assert {
        "init_conv_2.conv.1.bias",
        "pyramid_residual_1.residual_denseblock_3.dense_block.denselayer2.conv_1.bias",
        "pyramid_residual_2.residual_denseblock_1.dense_block.denselayer1.conv_2.conv.1.weight",
        "pyramid_residual_1.residual_denseblock_1.comp.conv1.weight",
        "pyramid_residual_2.compression_1.conv1.weight",
        "pyramid_residual_1.final_conv.final_conv.conv.1.weight",
        "pyramid_residual_2_residual_upsampler.m.0.conv.1.bias",
        "reconst_2.final_conv.conv.1.weight",
    } <= large
    assert "pyramid_residual_1.denseblock_1.dense.denselayer1.conv_1.weight" in small
    assert "pyramid_residual_1.denseblock_2.comp.conv1.weight" in small
    assert "pyramid_residual_1.denseblock_3.comp.conv1.weight" not in small
    assert not any(name.startswith("sub_mean") for name in large)


@pytest.mark.parametrize("sides", [(1, 1), (1, 4), (4, 1)])
def test_a_single_row_or_column_is_repeated(sides, fill, noise):
    """As if the image had two equal ones, for as long as nothing is enlarged."""
    network = fill(ProSR(2, **LARGE))
    image = noise(1, *sides)
    twice = image.repeat(1, 1, *(1 if side > 1 else 2 for side in sides))
    conv = network.init_conv_1
    torch.testing.assert_close(conv(image), conv(twice)[..., : sides[0], : sides[1]])


def test_recomputes_units(fill, noise):
    network = fill(ProSR(2, **LARGE))
    network.pyramid_residual_1.recompute = True
    calls = []
    network.pyramid_residual_1.residual_denseblock_2.register_forward_pre_hook(lambda *_: calls.append(1))
    network(noise(1, 4, 4)).mean().backward()
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 3}, r"prosr: there is no network for scale 3\. Choices: 2, 4, 8\."),
        ({"growth": 0}, "prosr: growth is 0"),
        ({"most_features": 0}, "prosr: most_features is 0"),
        ({"blocks": (9,)}, r"blocks is \[9\]; scale 4 needs 2 numbers of at least 1, one for each level"),
        ({"blocks": (9, 0)}, "scale 4 needs 2 numbers of at least 1"),
        ({"blocks": ()}, r"blocks is \[\]; scale 4 needs 2 numbers"),
        (
            {"block_compression": 0.0},
            "block_compression is 0.0; expected a share of the channels, above 0 and at most 1",
        ),
        ({"block_compression": 0.5, "level_compression": 2.0}, "level_compression is 2.0; expected a share"),
        ({"level_compression": 0.5}, "level_compression needs block_compression: residual levels keep their channels"),
        ({"most_features": 159}, "most_features is less than features, which residual levels keep"),
        ({"in_channels": 1}, "in_channels is 1 and out_channels is 3"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(OptionsError, match=message):
        ProSR(**({"scale": 4} | arguments))


def test_asked_for_a_scale_it_has_not(noise):
    with pytest.raises(OptionsError, match=r"no network for scale 8\. Choices: 2, 4\."):
        ProSR(4, **LARGE)(noise(1, 2, 2), scale=8)
