from pathlib import Path

import pytest
import torch
from torchvision.models import VGG16_Weights, VGG19_Weights, vgg16, vgg19
from torchvision.transforms.functional import normalize

from gansr.errors import OptionsError, WeightsError
from gansr.models.features.vgg import VGG, layer_names


@pytest.mark.parametrize(("depth", "reference"), [(16, vgg16), (19, vgg19)])
def test_layers_have_torchvisions_places(depth, reference):
    with torch.device("meta"):
        features = reference(weights=None).features
    kinds = {"conv": "Conv2d", "relu": "ReLU", "pool": "MaxPool2d"}
    assert [kinds[name[:4]] for name in layer_names(depth)] == [type(layer).__name__ for layer in features]
    with torch.device("meta"):
        ours = VGG(depth, ["pool5"]).features
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in features.state_dict().items()}


def test_maps_equal_torchvisions(tmp_path: Path, noise):
    """Convolutions before their ReLU, although that ReLU runs next; normalised as ImageNet is."""
    torch.manual_seed(0)
    with torch.device("meta"):
        reference = vgg19(weights=None).features[:10]
    reference = reference.to_empty(device="cpu")
    for parameter in reference.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    torch.save({f"features.{name}": value for name, value in reference.state_dict().items()}, tmp_path / "w.pth")
    taps = {"conv1_2": 2, "relu1_2": 3, "pool1": 4, "conv2_2": 7, "relu2_2": 8}
    maps = VGG(19, list(taps), str(tmp_path / "w.pth"))(noise(2, 16, 20))

    assert set(maps) == set(taps)
    x = normalize(noise(2, 16, 20), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    expected = {}
    for index, layer in enumerate(reference):
        x = layer(x)
        expected[index] = x.clone()
    for name, index in taps.items():
        if name.startswith("conv"):
            assert maps[name].min() < 0
        torch.testing.assert_close(maps[name], expected[index])


def test_stops_after_the_last_layer():
    network = VGG(19, ["relu3_1", "conv2_1"], "random")
    assert len(network.features) == 12 and network.names[-1] == "relu3_1"


def test_only_relus_after_a_tapped_map_take_memory():
    network = VGG(19, ["conv1_2"], "random")
    assert [layer.inplace for layer in network.features if isinstance(layer, torch.nn.ReLU)] == [True]
    network = VGG(19, ["conv1_2", "conv2_1"], "random")
    assert [layer.inplace for layer in network.features if isinstance(layer, torch.nn.ReLU)] == [True, False]


def test_frozen_and_always_evaluating(noise):
    network = VGG(16, ["conv2_1"], "random")
    network.train()
    assert not network.training and not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())
    image = noise(1, 8, 8).requires_grad_()
    network(image)["conv2_1"].sum().backward()
    assert image.grad is not None and image.grad.any()


def test_random_is_the_same_each_time_and_draws_nothing():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = VGG(19, ["conv2_1"], "random")
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    second = VGG(19, ["conv3_1"], "random")
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])
    assert first.features[2].weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)


def test_real_weights_are_normalised(shared: Path):
    """In this file each ReLU's mean activation on photos is about 1."""
    from PIL import Image
    from torchvision.transforms.functional import to_tensor

    photo = next(path for path in sorted((shared / "data").rglob("*.png")) if "baby" in path.name.lower())
    with Image.open(photo) as image:
        pixels = to_tensor(image.convert("RGB"))[None, :, :256, :256]
    layers = ["relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1"]
    maps = VGG(19, layers, str(shared / "weights" / "vgg19_to_conv3_1.pth"))(pixels)
    for name in layers:
        assert maps[name].mean().item() == pytest.approx(1, abs=0.5), name


def test_file_without_the_layer(shared: Path):
    path = str(shared / "weights" / "vgg19_to_conv3_1.pth")
    with pytest.raises(WeightsError) as caught:
        VGG(19, ["relu3_3"], path)
    message = str(caught.value)
    assert message.startswith(f"{path}: no weights for conv3_2, conv3_3 (features.12.weight")
    assert message.endswith("it covers conv1_1, conv1_2, conv2_1, conv2_2, conv3_1.")


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_path_that_is_not_there(tmp_path: Path, device):
    with torch.device(device), pytest.raises(WeightsError, match=r"gone\.pth: there is no such file"):
        VGG(19, ["conv1_1"], str(tmp_path / "gone.pth"))


@pytest.mark.parametrize("weights", ["imagenet", "random"])
def test_meta_device_reads_nothing(weights):
    with torch.device("meta"):
        network = VGG(19, ["conv5_4", "pool5"], weights)
        maps = network(torch.empty(1, 3, 32, 48))
    assert maps["conv5_4"].shape == (1, 512, 2, 3) and maps["pool5"].shape == (1, 512, 1, 1)


def test_meta_device_with_a_file(shared: Path):
    with torch.device("meta"):
        network = VGG(19, ["conv3_1"], str(shared / "weights" / "vgg19_to_conv3_1.pth"))
    assert all(parameter.is_meta for parameter in network.parameters())


def test_unknown_layers():
    with pytest.raises(OptionsError, match=r"VGG-19 has no 'conv5-4'\. Did you mean 'conv5_4'\?"):
        VGG(19, ["conv5-4"], "random")
    with pytest.raises(OptionsError, match=r"VGG-16 has no 'conv3_4'"):
        VGG(16, ["conv3_4"], "random")
    with pytest.raises(OptionsError, match="name at least one layer"):
        VGG(19, [], "random")


@pytest.mark.parametrize(("depth", "enumeration"), [(16, VGG16_Weights), (19, VGG19_Weights)])
def test_failed_download_says_what_to_do(depth, enumeration, monkeypatch):
    def offline(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    with pytest.raises(WeightsError) as caught:
        VGG(depth, ["conv1_1"], "imagenet")
    assert enumeration.IMAGENET1K_V1.url in str(caught.value)
    assert "no route to host" in str(caught.value) and "`weights`" in str(caught.value)


def test_download_is_used(monkeypatch):
    state = {"features.0.weight": torch.full((64, 3, 3, 3), 2.0), "features.0.bias": torch.zeros(64)}
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda *_, **__: state)
    assert (VGG(16, ["conv1_1"], "imagenet").features[0].weight == 2).all()
