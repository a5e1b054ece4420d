import pytest
import torch

from gansr.models.generators.post_upsampling.msrresnet import MSRResNet


@pytest.mark.parametrize(
    ("scale", "mean", "deviation", "first", "last"),
    # Recorded from BasicSR 1.4.2's MSRResNet with the same weights and image.
    [
        (2, 0.439772, 0.848813, 0.793046, -0.256179),
        (3, 0.637077, 1.053714, 0.945939, -0.053447),
        (4, 0.608609, 1.081250, 0.803539, -0.134785),
    ],
)
def test_agrees_with_basicsr(scale, mean, deviation, first, last, fill, noise):
    sr = fill(MSRResNet(scale, features=4, blocks=2))(noise(1, 5, 7))
    numbers = torch.stack([sr.mean(), sr.std(), sr.flatten()[0], sr.flatten()[-1]])
    torch.testing.assert_close(numbers, torch.tensor([mean, deviation, first, last]), rtol=1e-4, atol=1e-5)


def test_names_are_those_of_basicsr():
    layers = {"conv_first", "body.0.conv1", "body.0.conv2", "upconv1", "upconv2", "conv_hr", "conv_last"}
    expected = {f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")}
    assert set(MSRResNet(4, features=4, blocks=1).state_dict()) == expected
    assert "upconv3.weight" in MSRResNet(8, features=4, blocks=1).state_dict()


def test_parameters():
    with torch.device("meta"):
        assert sum(p.numel() for p in MSRResNet(4).parameters()) == 1_517_571


def test_begins_close_to_bilinear(noise):
    image = noise(1, 6, 6)
    enlarged = torch.nn.functional.interpolate(image, scale_factor=4, mode="bilinear", align_corners=False)
    assert (MSRResNet(4)(image) - enlarged).abs().max() < 0.01


def test_weights_begin_at_a_tenth_of_he():
    torch.manual_seed(0)
    network = MSRResNet(4, blocks=1)
    for convolution in (network.body[0].conv1, network.upconv1, network.conv_hr):
        expected = 0.1 * (2 / (64 * 9)) ** 0.5
        assert convolution.weight.std().item() == pytest.approx(expected, rel=0.02)
        assert not convolution.bias.any()
