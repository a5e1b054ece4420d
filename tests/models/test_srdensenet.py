import pytest
import torch
from torch.nn import functional as F

from gansr.models.generators.srdensenet import SRDenseNet


@pytest.mark.parametrize(
    ("scale", "channels", "count"),
    # Weights and biases of yjn870's SRDenseNet-pytorch at x4, whose arithmetic the next test repeats.
    [(4, 1, 2_659_585), (4, 3, 2_666_499)],
)
def test_sizes(scale, channels, count):
    with torch.device("meta"):
        network = SRDenseNet(scale, in_channels=channels, out_channels=channels)
    assert sum(p.numel() for p in network.parameters()) == count


def test_size_layer_by_layer():
    first = 128 * 9 + 128
    dense = sum(
        (128 * block * 9 * 16 + 16) + sum(16 * layer * 9 * 16 + 16 for layer in range(1, 8)) for block in range(1, 9)
    )
    bottleneck, deconvolutions, last = 1152 * 256 + 256, 2 * (256 * 256 * 9 + 256), 256 * 9 + 1
    assert first + dense + bottleneck + deconvolutions + last == 2_659_585


def test_layers_in_all_are_69():
    """Tong et al. 2017: one first, 64 in blocks, the bottleneck, two deconvolutions, the last."""
    with torch.device("meta"):
        assert sum(p.ndim == 4 for p in SRDenseNet(4).parameters()) == 69


@pytest.mark.parametrize("variant", ["all", "high_low", "high"])
def test_what_the_bottleneck_sees(variant, noise, fill):
    network = fill(SRDenseNet(2, growth=2, blocks=3, layers=2, bottleneck=5, variant=variant)).eval()
    w = network.state_dict()

    def conv(name, x):
        kernel = w[f"{name}.weight"]
        return F.conv2d(x, kernel, w[f"{name}.bias"], padding=kernel.shape[-1] // 2)

    x = first = conv("conv.conv", noise(2, 4, 5)).relu()
    for block in range(3):
        one = conv(f"dense_blocks.{block}.block.0.conv", x).relu()
        made = torch.cat([one, conv(f"dense_blocks.{block}.block.1.conv", one).relu()], 1)
        x = torch.cat([x, made], 1) if variant == "all" else made
    x = torch.cat([first, x], 1) if variant == "high_low" else x
    y = conv("bottleneck.0", x).relu()
    y = F.conv_transpose2d(y, w["deconv.0.weight"], w["deconv.0.bias"], stride=2)[..., 1:9, 1:11].relu()
    torch.testing.assert_close(network(noise(2, 4, 5)), conv("reconstruction", y), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("variant", ["all", "high_low", "high"])
def test_described(scale, variant):
    arguments = {"growth": 2, "blocks": 3, "layers": 4, "bottleneck": 6, "variant": variant}
    shapes = {name: tuple(v.shape) for name, v in SRDenseNet(scale, **arguments).state_dict().items()}
    assert SRDenseNet.describe(shapes) == (scale, arguments | {"in_channels": 3, "out_channels": 3})
