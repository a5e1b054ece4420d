"""A weights file -> its generator: by its own word, by its keys, or as the caller says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gansr.build.making.networks import load_generator
from gansr.errors import OptionsError, WeightsError
from gansr.inference.upscale import Upscaler
from gansr.models.architecture import Architecture
from gansr.models.generators import GENERATORS
from gansr.models.weights import describe, write
from gansr.options.sections import GeneratorOptions

SMALL = {"features": 4, "blocks": 1}


def saved(path: Path, metadata: dict[str, str], scale: int = 2) -> nn.Module:
    torch.manual_seed(0)
    network = GENERATORS["msrresnet"](scale, **SMALL)
    write(path, network.state_dict(), metadata)
    return network.eval()


def component(**arguments: object) -> GeneratorOptions:
    return GeneratorOptions.model_validate(arguments)


def words(type: str, scale: int, arguments: dict[str, object], **provenance: object) -> dict[str, str]:
    return describe(Architecture(type, scale, arguments), **provenance)


def assert_same(one: nn.Module, other: nn.Module) -> None:
    image = torch.rand(1, 3, 6, 5)
    with torch.no_grad():
        assert torch.equal(one(image), other(image))


def test_by_its_own_word(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    network = saved(path, words("msrresnet", 2, SMALL, name="mine", step=7))
    loaded = load_generator(path)
    assert (loaded.architecture.type, loaded.scale) == ("msrresnet", 2)
    assert loaded.metadata["name"] == "mine" and loaded.metadata["step"] == "7"
    assert not loaded.network.training and not any(p.requires_grad for p in loaded.network.parameters())
    assert_same(loaded.network, network)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_by_its_keys(tmp_path: Path, scale: int) -> None:
    network = saved(tmp_path / "weights.safetensors", {}, scale)
    torch.save({"params": network.state_dict()}, tmp_path / "weights.pth")
    for name in ("weights.safetensors", "weights.pth"):
        loaded = load_generator(tmp_path / name)
        assert (loaded.architecture.type, loaded.scale) == ("msrresnet", scale)
        assert_same(loaded.network, network)


def test_as_the_caller_says(tmp_path: Path) -> None:
    """A compact network without PReLU does not say by its keys which activation it has."""
    arguments = {"features": 4, "convolutions": 2, "activation": "leaky_relu"}
    network = GENERATORS["srvgg_compact"](2, **arguments)
    write(tmp_path / "weights.safetensors", network.state_dict(), {})
    with pytest.raises(WeightsError, match=r"does not say which network it belongs to.*--generator"):
        load_generator(tmp_path / "weights.safetensors")
    told = component(type="srvgg_compact", **arguments)
    with pytest.raises(WeightsError, match=r"does not say its scale: add --scale\."):
        load_generator(tmp_path / "weights.safetensors", told)
    assert_same(load_generator(tmp_path / "weights.safetensors", told, 2).network, network.eval())


def test_what_the_caller_leaves_out_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    network = saved(path, words("msrresnet", 2, SMALL))
    assert_same(load_generator(path, component(type="msrresnet")).network, network)


@pytest.mark.parametrize("told", [{"type": "srresnet"}, {"type": "msrresnet", "features": 8}])
def test_another_architecture_than_the_caller_says(tmp_path: Path, told: dict[str, object]) -> None:
    path = tmp_path / "weights.safetensors"
    saved(path, words("msrresnet", 2, SMALL))
    with pytest.raises(WeightsError, match=r"do not fit .*looks like \{type: msrresnet, features: 4, blocks: 1"):
        load_generator(path, component(**told))


def test_metadata_that_lies(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    saved(path, words("srresnet", 2, SMALL))
    with pytest.raises(WeightsError, match="do not fit SRResNet"):
        load_generator(path)


def test_metadata_with_arguments_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    saved(path, words("msrresnet", 2, {"features": 4, "blcks": 1}))
    with pytest.raises(OptionsError, match=r"weights\.safetensors: generator .*Did you mean 'blocks'"):
        load_generator(path)


def test_code_is_never_imported_on_a_files_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evil.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "weights.safetensors"
    saved(path, words("evil:Net", 2, {}))
    with pytest.raises(WeightsError, match=r"'evil:Net', which is not one of gansr's\. If you trust its code"):
        load_generator(path)


def test_a_network_of_ones_own_when_the_caller_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_network.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, scale: int, width: int = 2):\n"
        "        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 3, width)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "weights.safetensors"
    write(path, nn.ModuleDict({"conv": nn.Conv2d(3, 3, 5)}).state_dict(), words("own_network:Net", 2, {"width": 5}))
    loaded = load_generator(path, component(type="own_network:Net"))
    assert loaded.scale == 2 and loaded.network.conv.kernel_size == (5, 5)


@pytest.mark.parametrize(
    ("name", "own", "asked", "arguments"),
    [
        ("lapsrn", 4, 2, {"features": 4, "depth": 1}),
        ("lapsrn", 8, 4, {"features": 4, "depth": 1}),
        ("prosr", 8, 2, {"blocks": [1, 1, 1], "features": 8, "growth": 4, "layers": 1}),
        ("vdsr", 3, 4, {"features": 4, "depth": 3}),
    ],
)
def test_another_of_its_scales(tmp_path: Path, name: str, own: int, asked: int, arguments: dict[str, object]) -> None:
    """A file of x4 is built as one of x4, and asked for x2."""
    path, lr = tmp_path / "weights.safetensors", torch.rand(1, 3, 6, 5)
    network = GENERATORS[name](own, **arguments).eval()
    write(path, network.state_dict(), words(name, own, arguments))
    loaded = load_generator(path, scale=asked)
    assert loaded.scale == asked and loaded.architecture.scale == own
    image = (np.random.default_rng(0).random((6, 5, 3)) * 255).astype(np.uint8)
    large = Upscaler(loaded.network, loaded.scale, "cpu")(image)
    assert large.shape == (6 * asked, 5 * asked, 3)
    with torch.no_grad():
        assert torch.equal(loaded.network(lr, scale=asked), network(lr, scale=asked))


def test_a_scale_that_the_file_does_not_have(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    saved(path, words("msrresnet", 2, SMALL))
    with pytest.raises(OptionsError, match=r"--scale 3: .*weights\.safetensors enlarges by 2\. Leave --scale out"):
        load_generator(path, scale=3)


def test_the_scales_of_weights_that_fit_several_are_named(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    arguments = {"scales": [2, 4], "features": 4}
    write(path, GENERATORS["carn"](2, **arguments).state_dict(), {})
    told = component(type="carn", **arguments)
    with pytest.raises(WeightsError, match=r"add --scale, one of 2, 4\."):
        load_generator(path, told)


def test_another_colour_than_the_files(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    saved(path, words("msrresnet", 2, SMALL))
    with pytest.raises(OptionsError, match=r"its network has colour: rgb, not y"):
        load_generator(path, component(type="msrresnet", colour="y"))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no\.pth: there is no such file of weights"):
        load_generator(tmp_path / "no.pth")
