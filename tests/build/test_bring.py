"""Weights of other projects become files that say what they are; those that do not fit are named."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gansr.build.bring import bring
from gansr.build.networks import load_generator
from gansr.errors import OptionsError, WeightsError
from gansr.models.generators import GENERATORS
from gansr.models.weights import read
from gansr.options.schema import GeneratorOptions

Run = Callable[..., Any]


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return GENERATORS["rrdbnet"](4, features=4, blocks=2, growth=2).eval()


def assert_same(one: nn.Module, other: nn.Module) -> None:
    image = torch.rand(1, 3, 5, 6)
    with torch.no_grad():
        assert torch.equal(one(image), other(image))


@pytest.mark.parametrize("prefix", ["", "module.", "module.model.", "_orig_mod.module.generator."])
@pytest.mark.parametrize("container", [None, "params_ema", "state_dict", "model_state_dict"])
def test_whatever_lies_around_the_weights(
    network: nn.Module, tmp_path: Path, prefix: str, container: str | None
) -> None:
    state = {prefix + name: value for name, value in network.state_dict().items()}
    state |= {"n_averaged": torch.tensor(3)} if container == "state_dict" else {}
    torch.save({container: state, "epoch": 3} if container else state, tmp_path / "theirs.pth")
    found = bring(tmp_path / "theirs.pth", tmp_path / "ours.safetensors")
    assert (found.architecture.type, found.architecture.scale) == ("rrdbnet", 4)
    assert_same(load_generator(tmp_path / "ours.safetensors").network, network)
    assert read(tmp_path / "ours.safetensors").metadata["imported_from"] == "theirs.pth"


def test_old_esrgan_names_are_told(network: nn.Module, tmp_path: Path) -> None:
    renamed = {"body": "RRDB_trunk", "conv_body": "trunk_conv", "conv_hr": "HRconv"}
    renamed |= {"conv_up1": "upconv1", "conv_up2": "upconv2"}
    old = {}
    for name, value in network.state_dict().items():
        first, _, rest = name.partition(".")
        old[f"{renamed.get(first, first)}.{rest.replace('rdb', 'RDB')}"] = value
    torch.save(old, tmp_path / "theirs.pth")
    found = bring(tmp_path / "theirs.pth", tmp_path / "ours.safetensors")
    assert found.source == "ESRGAN's second code, or BSRGAN"
    assert_same(load_generator(tmp_path / "ours.safetensors").network, network)


def test_weights_that_fit_every_scale_stay_so(tmp_path: Path) -> None:
    network = GENERATORS["vdsr"](2, depth=4, features=4, in_channels=1, out_channels=1)
    torch.save(network.state_dict(), tmp_path / "theirs.pth")
    found = bring(tmp_path / "theirs.pth", tmp_path / "ours.safetensors")
    assert found.architecture.scale is None and found.architecture.colour == "y"
    with pytest.raises(WeightsError, match=r"does not say its scale: add --scale"):
        load_generator(tmp_path / "ours.safetensors")
    assert load_generator(tmp_path / "ours.safetensors", scale=3).scale == 3


def test_layers_that_do_not_match_are_named(network: nn.Module, tmp_path: Path) -> None:
    state = dict(network.state_dict())
    del state["body.1.rdb2.conv3.bias"]
    state["extra.weight"] = torch.zeros(1)
    torch.save(state, tmp_path / "theirs.pth")
    with pytest.raises(
        WeightsError,
        match=r"come near to \{type: rrdbnet.*blocks: 2.* at scale 4, but for "
        r"1 missing \(body\.1\.rdb2\.conv3\.bias\); 1 unexpected \(extra\.weight\)",
    ):
        bring(tmp_path / "theirs.pth", tmp_path / "ours.safetensors")
    said = GeneratorOptions.model_validate({"type": "rrdbnet", "features": 4, "blocks": 2, "growth": 2})
    with pytest.raises(
        WeightsError, match=r"do not fit RRDBNet: 1 missing \(body\.1\.rdb2\.conv3\.bias\); 1 unexpected"
    ):
        bring(tmp_path / "theirs.pth", tmp_path / "ours.safetensors", said, 4)
    assert not (tmp_path / "ours.safetensors").exists()


class Evil:
    def __reduce__(self) -> Any:
        return (print, ("run",))


def test_code_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "evil.pth").open("wb") as file:
        pickle.dump({"state_dict": Evil()}, file)
    torch.save({"model": nn.Linear(2, 2)}, tmp_path / "whole.pt")  # a network with its class, as old files have it
    for name in ("evil.pth", "whole.pt"):
        with pytest.raises(WeightsError, match=rf"{name}: refused, because reading it would run code"):
            bring(tmp_path / name, tmp_path / "ours.safetensors")
    assert "run" not in capsys.readouterr().out


def test_the_output(network: nn.Module, tmp_path: Path) -> None:
    torch.save(network.state_dict(), tmp_path / "theirs.pth")
    with pytest.raises(OptionsError, match=r"expected a name that ends in \.safetensors"):
        bring(tmp_path / "theirs.pth", tmp_path / "ours.pth")
    bring(tmp_path / "theirs.pth", tmp_path / "ours.safetensors")
    with pytest.raises(OptionsError, match=r"is the file to import"):
        bring(tmp_path / "ours.safetensors", tmp_path / "ours.safetensors")


def test_the_command(network: nn.Module, tmp_path: Path, gansr: Run) -> None:
    torch.save(network.state_dict(), tmp_path / "theirs.pth")
    result = gansr("import", tmp_path / "theirs.pth", "-o", tmp_path / "ours.safetensors")
    assert result.code == 0
    assert "{type: rrdbnet, features: 4, blocks: 2, growth: 2" in result.out and "at scale 4" in result.out
    assert gansr("import", tmp_path / "none.pth", "-o", tmp_path / "ours.safetensors").code == 2
