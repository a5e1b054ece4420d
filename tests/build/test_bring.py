"""Weights of other projects become files that say what they are; those that do not fit are named."""

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gansr.build.bring import bring
from gansr.build.making.networks import load_generator
from gansr.build.making.start import fill
from gansr.errors import OptionsError, WeightsError
from gansr.models.generators import GENERATORS
from gansr.models.weights import read
from gansr.options.sections import GeneratorOptions

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


def theirs(network: nn.Module) -> dict[str, torch.Tensor]:
    """The weights of our EDSR with the names of BasicSR's."""
    found = {}
    for name, value in network.state_dict().items():
        renamed = re.sub(r"^body\.(\d+)\.body\.([02])\.", lambda m: f"body.{m[1]}.conv{1 + int(m[2]) // 2}.", name)
        for ours, other in EDSR_NAMES.items():
            renamed = re.sub(ours, other, renamed)
        if not name.startswith(("sub_mean", "add_mean")):
            found[renamed] = value
    return found


EDSR_NAMES = {
    r"^head\.0": "conv_first",
    r"^body\.2\.(?=weight|bias)": "conv_after_body.",
    r"^tail\.0": "upsample",
    r"^tail\.1": "conv_last",
}


@pytest.fixture
def edsr() -> nn.Module:
    torch.manual_seed(0)
    return GENERATORS["edsr"](2, features=8, blocks=2).eval()


def test_one_name_too_much_among_other_names(edsr: nn.Module, tmp_path: Path) -> None:
    """The rest is read as that project's, with and without the user's word."""
    state = theirs(edsr)
    torch.save(state, tmp_path / "theirs.pth")
    assert bring(tmp_path / "theirs.pth", tmp_path / "ours.safetensors").source == "BasicSR's EDSR"
    assert_same(load_generator(tmp_path / "ours.safetensors").network, edsr)
    torch.save(state | {"extra.weight": torch.zeros(1)}, tmp_path / "theirs.pth")
    with pytest.raises(
        WeightsError,
        match=r"named as in BasicSR's EDSR, come near to \{type: edsr, features: 8, blocks: 2.* at scale 2, but for "
        r"1 unexpected \(extra\.weight\)\. Training can start from what fits: `weights: .*theirs\.pth, strict: false`",
    ):
        bring(tmp_path / "theirs.pth", tmp_path / "new.safetensors")
    said = GeneratorOptions.model_validate({"type": "edsr", "features": 8, "blocks": 2})
    with pytest.raises(
        WeightsError,
        match=r"these weights, named as in BasicSR's EDSR, do not fit EDSR: 1 unexpected \(extra\.weight\)\. Every",
    ):
        bring(tmp_path / "theirs.pth", tmp_path / "new.safetensors", said, 2)
    assert not (tmp_path / "new.safetensors").exists()


def test_training_starts_from_what_fits(edsr: nn.Module, tmp_path: Path) -> None:
    torch.save(theirs(edsr) | {"extra.weight": torch.zeros(1)}, tmp_path / "theirs.pth")
    network = GENERATORS["edsr"](2, features=8, blocks=2).eval()
    found = fill({"generator": network}, "generator", tmp_path / "theirs.pth", "generator.weights", strict=False)
    assert found == ["extra.weight"]
    assert_same(network, edsr)


@pytest.mark.parametrize("name", ["conv_first.weight", "conv_after_body.weight", "body.1.conv1.weight"])
def test_a_weight_that_other_names_lack(edsr: nn.Module, tmp_path: Path, name: str) -> None:
    """That which a project is told by is one too."""
    state = theirs(edsr)
    del state[name]
    torch.save(state, tmp_path / "theirs.pth")
    ours = {"conv_first.weight": "head.0", "conv_after_body.weight": "body.2", "body.1.conv1.weight": "body.1.body.0"}
    with pytest.raises(WeightsError, match=rf"but for 1 missing \({re.escape(ours[name])}\.weight\)"):
        bring(tmp_path / "theirs.pth", tmp_path / "ours.safetensors")


def test_tensors_of_other_networks_are_left_out_and_named(edsr: nn.Module, tmp_path: Path, gansr: Run) -> None:
    whole = {f"netG.module.{name}": value for name, value in theirs(edsr).items()}
    torch.save(whole | {"netD.w": torch.zeros(1), "loss.mean": torch.zeros(1)}, tmp_path / "theirs.pth")
    result = gansr("import", tmp_path / "theirs.pth", "-o", tmp_path / "ours.safetensors")
    assert result.code == 0 and "2 tensors of others left out (netD.w, loss.mean)." in result.out
    assert_same(load_generator(tmp_path / "ours.safetensors").network, edsr)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"layer1.0.conv1.weight": 0}, r"look like those of a ResNet, which classifies; expected a generator's\.$"),
        (
            {"conv0_1.weight": 0, "bn0_1.weight": 0},
            r"look like those of a VGG-style discriminator; expected a gen.*\.$",
        ),
        ({"conv0.weight": 0, "conv1.weight_orig": 0}, r"look like those of a U-Net discriminator"),
        ({"model.0.weight": 0, "model.3.running_mean": 0}, r"look like those of a PatchGAN discriminator"),
        ({"features.0.weight": 0, "classifier.0.weight": 0}, r"look like those of a network that classifies"),
        ({"a": 0, "b": 0, "c": 0, "d": 0}, r"its names \(a, b, c, \.\.\.\) are of none that gansr knows\. Say so, if"),
    ],
)
def test_what_strangers_look_like(tmp_path: Path, state: dict[str, int], told: str) -> None:
    torch.save({name: torch.zeros(1) for name in state}, tmp_path / "theirs.pth")
    with pytest.raises(WeightsError, match=told) as caught:
        bring(tmp_path / "theirs.pth", tmp_path / "ours.safetensors")
    assert "srresnet" not in str(caught.value), "no list of all types"


def test_names_of_a_network_with_impossible_shapes(edsr: nn.Module, tmp_path: Path) -> None:
    torch.save({name: torch.zeros(1) for name in edsr.state_dict()}, tmp_path / "theirs.pth")
    with pytest.raises(
        WeightsError, match=r"Its names are those of edsr, but its shapes and numbers make no such netw"
    ):
        bring(tmp_path / "theirs.pth", tmp_path / "ours.safetensors")


@pytest.mark.parametrize("type", ["mdsr", "carn"])
@pytest.mark.parametrize(("scales", "told"), [((3, 4), "3 and 4"), ((2, 3, 4), "2, 3 and 4")])
def test_several_scales_are_named(type: str, scales: tuple[int, ...], told: str, tmp_path: Path) -> None:
    blocks = {"blocks": 1} if type == "mdsr" else {}
    torch.save(GENERATORS[type](4, features=8, scales=scales, **blocks).state_dict(), tmp_path / "theirs.pth")
    found = bring(tmp_path / "theirs.pth", tmp_path / "ours.safetensors").architecture
    assert found.scale is None and str(found).endswith(f" at scales {told}")
    assert load_generator(tmp_path / "ours.safetensors", scale=3).scale == 3
    found = bring(tmp_path / "theirs.pth", tmp_path / "four.safetensors", scale=4).architecture
    assert found.scale == 4 and load_generator(tmp_path / "four.safetensors").scale == 4


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
    shown = " ".join(gansr("import", "--help").out.split())
    assert "bicubic" not in shown and "where weights fit several" in shown
    assert gansr("import", tmp_path / "none.pth", "-o", tmp_path / "ours.safetensors").code == 2
