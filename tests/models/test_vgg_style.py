import pytest
import torch
from torch.nn import functional as F

from gansr.models.discriminators.vgg_style import VGGStyle


@pytest.mark.parametrize(
    ("size", "logits"),
    # Recorded from BasicSR 1.4.2's VGGStyleDiscriminator with the same weights and images.
    [(128, [0.683546, 1.344633]), (256, [0.981017, -0.867782])],
)
def test_agrees_with_basicsr(size, logits, fill, noise):
    network = fill(VGGStyle(features=2, input_size=size)).eval()
    torch.testing.assert_close(network(noise(2, size, size)), torch.tensor(logits)[:, None], rtol=1e-4, atol=1e-5)


def test_names_are_those_of_basicsr():
    def names(stages):
        yield from ("conv0_0.weight", "conv0_0.bias", "conv0_1.weight")
        yield from (f"conv{stage}_{step}.weight" for stage in range(1, stages) for step in (0, 1))
        normalisations = ["bn0_1"] + [f"bn{stage}_{step}" for stage in range(1, stages) for step in (0, 1)]
        for kind in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            yield from (f"{normalisation}.{kind}" for normalisation in normalisations)
        yield from ("linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias")

    with torch.device("meta"):
        assert set(VGGStyle().state_dict()) == set(names(5))
        assert set(VGGStyle(input_size=256).state_dict()) == set(names(6))


def test_parameters():
    with torch.device("meta"):
        assert sum(p.numel() for p in VGGStyle().parameters()) == 14_499_401


def test_maps_of_other_sizes_are_pooled(fill, noise):
    """The linear layers see the 4x4 average of the map that an image of 192 pixels leaves, 6x6."""
    network = fill(VGGStyle(features=2)).eval()
    maps = []
    network.bn4_1.register_forward_hook(lambda _, __, output: maps.append(output.clone()))
    logits = network(noise(1, 192, 192))
    assert maps[0].shape[-2:] == (6, 6)
    pooled = F.adaptive_avg_pool2d(F.leaky_relu(maps[0], 0.2), 4)
    expected = network.linear2(F.leaky_relu(network.linear1(pooled.flatten(1)), 0.2))
    torch.testing.assert_close(logits, expected)


def test_small_images_are_enlarged(fill, noise):
    network, image = fill(VGGStyle(features=2)).eval(), noise(2, 16, 80)
    enlarged = F.interpolate(image, size=(64, 80), mode="bilinear", align_corners=False)
    torch.testing.assert_close(network(image), network(enlarged))
