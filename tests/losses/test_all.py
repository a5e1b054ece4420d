"""What every loss of the table must do, whatever it measures."""

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gansr.imaging.resize import reduce
from gansr.losses import LOSSES
from gansr.losses.table import needs
from gansr.models import weights as files
from gansr.models.features.arcface import ArcFace
from gansr.models.features.fan import FAN

SCALE = 4
SIDE = 36  # of square images; the odd ones are 4 * 9 by 4 * 13, so that LR has odd sides
VGG = {"weights": "random", "layers": {"conv1_2": 0.5, "relu2_1": 1.0}}
VGG_FIRST = {"weights": "random", "layers": {"relu1_1": 1.0}}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "content": {"network": "squeezenet1_1", "layers": {"relu1": 1.0}, "weights": "random"},
    "vgg16": VGG,
    "vgg19": VGG,
    "gram": VGG | {"patch": 8},
    "enhancenet_texture": VGG_FIRST,
    "gatys_texture": VGG_FIRST,
    "contextual": {"weights": "random", "layers": {"relu2_2": 1.0}},
    "lpips": {"network": "squeeze", "weights": "random"},
    "dists": {"weights": "random"},
    "sliced_wasserstein": {"weights": "random", "layers": {"relu1_2": 1.0}, "projections": 8},
    "fan": {"gate": -10.0},  # an untrained network sees no faces
    "total_variation": {"edges": 4.0},
}
"""Arguments that keep networks small and download nothing."""

PRESETS = ("srgan_vgg22", "srgan_vgg54", "realesrgan_vgg", "enhancenet_vgg", "superfan_resnet50")
"""Rows that are others with settings from a paper; their own tests check the settings."""

ROWS = [name for name in LOSSES if name not in PRESETS]
LEAST = {"charbonnier": 1e-3, "edge": 1e-3}
"""Losses whose least value is not 0."""

HELD = {"ldl", "focal_frequency"}
"""Losses with a weight that the gradient takes for constant: their own tests compare it with the closed form."""


def scene(
    names: list[str], height: int, width: int, batch: int = 1, dtype: torch.dtype = torch.float32
) -> dict[str, Any]:
    """Random images by the names that losses ask for."""
    draw = torch.Generator().manual_seed(0)

    def image(channels: int = 3) -> Tensor:
        return torch.rand(batch, channels, height, width, generator=draw).to(dtype)

    found: dict[str, Any] = {name: image() for name in ("sr", "target", "average")}
    found["importance"] = image(1)
    if "lr" in names:
        found["lr"] = reduce(found["target"], SCALE)
    found |= {name: [image(4), image(8)] for name in ("fake_maps", "real_maps")}
    return {name: found[name] for name in names}


def identical(images: dict[str, Any]) -> dict[str, Any]:
    """The same with everything as it should be."""
    same = {"sr": "target", "average": "target", "fake_maps": "real_maps"}
    return {name: images.get(same.get(name, name), image) for name, image in images.items()}


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Makes a loss by its name."""
    folder = tmp_path_factory.mktemp("weights")

    @lru_cache
    def file(name: str) -> str:
        torch.manual_seed(0)
        network = {"fan": lambda: FAN(stacks=2, features=16, depth=2), "arcface": ArcFace}[name]()
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                nn.init.uniform_(layer.running_var, 0.5, 2.0)
        path = folder / f"{name}.safetensors"
        files.write(path, network.state_dict(), {"input_size": "32"})
        return str(path)

    def build(name: str) -> Any:
        arguments = ARGUMENTS.get(name, {}) | ({"weights": file(name)} if name in {"fan", "arcface"} else {})
        context = {"scale": SCALE} if "scale" in inspect.signature(LOSSES[name]).parameters else {}
        return LOSSES[name](**arguments, **context)

    return build


def value(loss: Any, images: dict[str, Any]) -> Tensor:
    """The loss, with whatever is drawn at random drawn alike each time."""
    torch.manual_seed(0)
    return loss(**images)


def asked(loss: Any, height: int = SIDE, width: int = SIDE, **settings: Any) -> dict[str, Any]:
    return scene(list(needs(loss)), height, width, **settings)


def learned(images: dict[str, Any]) -> list[Tensor]:
    """The tensors that gradients should reach."""
    return [t for name in ("sr", "fake_maps") for t in _tensors(images.get(name))]


def _tensors(images: Any) -> list[Tensor]:
    return [] if images is None else images if isinstance(images, list) else [images]


def changed(images: dict[str, Any], how: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    return {k: [how(t) for t in v] if isinstance(v, list) else how(v) for k, v in images.items()}


def wanting_gradients(images: dict[str, Any]) -> dict[str, Any]:
    for tensor in learned(images):
        tensor.requires_grad_()
    return images


@pytest.mark.parametrize("name", ROWS)
def test_zero_at_identity_and_more_elsewhere(make: Callable[[str], Any], name: str) -> None:
    loss = make(name)
    images = asked(loss)
    if name == "total_variation":
        same = {key: torch.full_like(image, 0.5) for key, image in images.items()}
    elif name == "cycle":
        same = images | {"lr": reduce(images["sr"], SCALE)}
    else:
        same = identical(images)
    least = value(loss, same).item()
    assert least == pytest.approx(LEAST.get(name, 0.0), abs=2e-3 if name == "contextual" else 1e-6)
    assert value(loss, images).item() > least + 1e-6


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("flat", [False, True], ids=["texture", "flat"])
def test_gradients_are_finite_at_equal_images(make: Callable[[str], Any], name: str, flat: bool) -> None:
    """Square roots, norms and deviations have no slope at zero."""
    loss = make(name)
    images = identical(asked(loss))
    copies = changed(images, lambda t: torch.full_like(t, 0.5) if flat else t.clone())
    found = value(loss, wanting_gradients(copies))
    assert found.isfinite()
    for gradient in torch.autograd.grad(found, learned(copies), allow_unused=True):
        assert gradient is None or gradient.isfinite().all()


@pytest.mark.parametrize("name", ROWS)
def test_gradients_are_those_of_the_value(make: Callable[[str], Any], name: str) -> None:
    """In float64, along a random direction: the slope of the value is the gradient times the direction."""
    loss = make(name)
    loss = loss.double() if isinstance(loss, nn.Module) else loss
    images = wanting_gradients(asked(loss, dtype=torch.float64))
    gradients = torch.autograd.grad(value(loss, images), learned(images))
    assert any(gradient.abs().max() > 0 for gradient in gradients)
    if name in HELD:
        return
    draw = torch.Generator().manual_seed(1)
    steps = [1e-6 * torch.randn(t.shape, generator=draw, dtype=torch.float64) for t in learned(images)]
    ends = []
    with torch.no_grad():
        for sign in (1, -2):
            for tensor, step in zip(learned(images), steps, strict=True):
                tensor.add_(step, alpha=sign)
            ends.append(value(loss, images).item())
    slope = sum((gradient * step).sum().item() for gradient, step in zip(gradients, steps, strict=True))
    assert (ends[0] - ends[1]) / 2 == pytest.approx(slope, rel=2e-3, abs=1e-12)


@pytest.mark.parametrize("name", ROWS)
def test_the_same_in_bf16(make: Callable[[str], Any], name: str) -> None:
    """Within a twentieth: where networks look, bf16's three digits pass through their layers."""
    loss = make(name)
    images = asked(loss)
    exact = value(loss, images).item()
    with torch.autocast("cpu", torch.bfloat16):
        assert value(loss, images).item() == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("name", ROWS)
def test_odd_sizes_and_whole_batches(make: Callable[[str], Any], name: str) -> None:
    """A batch of twice the same is worth what one of it is; memory layout is of no account."""
    loss = make(name)
    images = asked(loss, 36, 52)
    one = value(loss, images).item()

    twice = value(loss, changed(images, lambda t: torch.cat([t, t]))).item()
    assert twice == pytest.approx(one, rel=0.2 if name == "contextual" else 1e-4)
    lasting = changed(images, lambda t: t.to(memory_format=torch.channels_last))
    assert value(loss, lasting).item() == pytest.approx(one, rel=1e-4)
    crooked = asked(loss, 37, 51) if "lr" not in images else images
    assert value(loss, crooked).isfinite()


@pytest.mark.parametrize("name", ROWS)
def test_no_gradient_reaches_what_is_compared_with(make: Callable[[str], Any], name: str) -> None:
    loss = make(name)
    images = wanting_gradients(asked(loss))
    others = {k: v for k, v in images.items() if k in {"target", "lr", "original", "real_maps", "average"}}
    for tensor in (t for v in others.values() for t in _tensors(v)):
        tensor.requires_grad_()
    value(loss, images).backward()
    assert all(t.grad is None for v in others.values() for t in _tensors(v))


@pytest.mark.parametrize("name", ROWS)
def test_on_the_meta_device(make: Callable[[str], Any], name: str) -> None:
    """`gansr check` has shapes and no values."""
    with torch.device("meta"):
        loss = make(name)
        meta = changed(asked(loss), lambda t: t.to("meta"))
        found = loss(**meta)
    assert found.is_meta and found.shape == ()


def test_every_row_has_its_test() -> None:
    assert set(PRESETS) <= set(LOSSES) and set(ARGUMENTS) <= set(LOSSES)
