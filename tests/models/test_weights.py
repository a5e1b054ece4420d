import argparse
import errno
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gansr.errors import StorageError, WeightsError
from gansr.models.architecture import Architecture
from gansr.models.generators import GENERATORS
from gansr.models.luma import OnLuma
from gansr.models.weights import Weights, architecture, describe, load_into, read, write


def small(scale=2, **arguments):
    return GENERATORS["msrresnet"](scale, **{"features": 4, "blocks": 1} | arguments)


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"params": s}, lambda s: {"state_dict": s, "epoch": 3}])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_reads_checkpoints_of_other_projects(tmp_path: Path, wrap, prefix):
    state = small().state_dict()
    path = tmp_path / "net_g.pth"
    torch.save(wrap({prefix + name: value for name, value in state.items()}), path)
    found = read(path)
    assert found.metadata == {} and found.state.keys() == state.keys()
    assert all(torch.equal(found.state[name], value) for name, value in state.items())


def test_prefers_the_averaged_weights(tmp_path: Path):
    parts = {name: {"w": torch.tensor(float(i))} for i, name in enumerate(("state_dict", "params", "params_ema"))}
    for expected in (2.0, 1.0, 0.0):
        torch.save(parts, tmp_path / "a.pt")
        assert read(tmp_path / "a.pt").state["w"].item() == expected
        parts.popitem()


def test_renames_old_weights(tmp_path: Path):
    torch.save({"RRDB_trunk.0.RDB1.conv1.weight": torch.zeros(1)}, tmp_path / "a.pth")
    assert list(read(tmp_path / "a.pth").state) == ["body.0.rdb1.conv1.weight"]


def test_refuses_code(tmp_path: Path):
    ran = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(ran),)

    for content in (Trap(), {"params": {"w": torch.zeros(1)}, "args": argparse.Namespace()}, nn.Linear(1, 1)):
        torch.save(content, tmp_path / "trap.pth")
        with pytest.raises(WeightsError, match=r"trap\.pth: refused, because reading it would run code"):
            read(tmp_path / "trap.pth")
    assert not ran.exists()


@pytest.mark.parametrize("keep", [0, 1, 20, 300, -8, -1])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_files_cut_short(tmp_path: Path, suffix, keep):
    path = tmp_path / f"cut{suffix}"
    if suffix == ".pth":
        torch.save(small().state_dict(), path)
    else:
        write(path, small().state_dict(), {})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WeightsError, match=f"cut{suffix}: damaged"):
        read(path)


@pytest.mark.parametrize("content", [b"<!DOCTYPE html><html>", b"version https://git-lfs.github.com/spec/v1"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_files_of_another_kind(tmp_path: Path, suffix, content):
    """What a failed download leaves."""
    path = tmp_path / f"page{suffix}"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=f"page{suffix}: damaged"):
        read(path)


@pytest.mark.parametrize(
    "content", [[1], {}, {"step": 3}, {"params": {}}, {"state_dict": {"w": 1.0}}, {1: torch.ones(1)}]
)
def test_files_without_tensors(tmp_path: Path, content):
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"a\.pth: holds no table of tensors"):
        read(tmp_path / "a.pth")


def test_files_that_are_not_there(tmp_path: Path):
    with pytest.raises(WeightsError, match="there is no such file"):
        read(tmp_path / "gone.pth")
    with pytest.raises(WeightsError, match=r"\.safetensors, \.pth, \.pt files, not '\.onnx'"):
        read(tmp_path / "a.onnx")


def test_written_weights_come_back(tmp_path: Path):
    network = small().to(memory_format=torch.channels_last)
    path = tmp_path / "new" / "folder" / "best.safetensors"
    write(path, network.state_dict(), describe(Architecture("msrresnet", 2, {"features": 4, "blocks": 1}), step=7))
    found = read(path)
    described = architecture(found.metadata)
    again = GENERATORS[described.type](described.scale, **described.arguments)
    assert load_into(again, found.state, "test") == []
    assert found.metadata["step"] == "7"
    for name, value in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
    assert list(path.parent.iterdir()) == [path]


def test_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch):
    path = tmp_path / "best.safetensors"
    write(path, {"w": torch.ones(2)}, {})

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"No space left on device\). It needs 4\.0 MB, \d+\.\d MB are free"):
        write(path, {"w": torch.zeros(1_000_000)}, {})
    assert list(tmp_path.iterdir()) == [path]
    assert torch.equal(read(path).state["w"], torch.ones(2))


def test_folder_that_cannot_be_made(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file/best\.safetensors: could not be written"):
        write(tmp_path / "file" / "best.safetensors", {"w": torch.ones(1)}, {})


def test_interruption_leaves_no_temporary_file(tmp_path: Path, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a.safetensors", {"w": torch.ones(1)}, {})
    assert not list(tmp_path.iterdir())


def test_weights_that_do_not_fit_are_described():
    network, other = small(2), small(4, features=8, blocks=2)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(WeightsError) as caught:
        load_into(network, other.state_dict(), "generator.weights (a.pth)")
    message = str(caught.value)
    assert message.startswith("generator.weights (a.pth): these weights do not fit MSRResNet: 6 unexpected (")
    assert "body.1.conv1.weight, body.1.conv1.bias, body.1.conv2.weight, ...)" in message
    assert "11 of another shape (conv_first.weight: file [8, 3, 3, 3], network [4, 3, 3, 3]" in message
    assert message.endswith(
        "The file looks like {type: msrresnet, features: 8, blocks: 2, in_channels: 3, out_channels: 3} at scale 4."
    )
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_missing_weights_are_named():
    state = dict(small().state_dict())
    del state["conv_hr.bias"]
    with pytest.raises(WeightsError, match=r"1 missing \(conv_hr\.bias\)\. Everything else fits\.$"):
        load_into(small(), state, "here")
    with pytest.raises(
        WeightsError, match=r"Everything else fits: `strict: false` beside `weights:` in an options file"
    ):
        load_into(small(), Weights(state, {}), "here")


def test_a_dozen_names_are_told_one_by_one():
    for blocks, told in [
        (4, ", body.3.conv2.bias)"),
        (5, "body.1.conv1.weight, body.1.conv1.bias, body.1.conv2.weight, ...)"),
    ]:
        with pytest.raises(WeightsError, match=re.escape(told)):
            load_into(small(blocks=blocks), Weights(small().state_dict(), {}), "here")


def test_what_other_weights_look_like():
    """Of another network; near to another; of no generator; of nothing."""
    other = GENERATORS["srresnet"](2, features=4, blocks=2).state_dict()
    resnet = {"conv1.weight": torch.zeros(1), "layer1.0.conv1.weight": torch.zeros(1)}
    for state, told in [
        (other, r"looks like \{type: srresnet, .* at scale 2\.$"),
        (other | {"extra": torch.zeros(1)}, r"comes near to \{type: srresnet, .*, but for 1 unexpected \(extra\)\.$"),
        (resnet, r"They look like weights of a ResNet, which classifies\.$"),
        ({"w": torch.zeros(1)}, r"The file looks like another architecture, or the same with other arguments\.$"),
    ]:
        with pytest.raises(WeightsError, match=told):
            load_into(small(), state, "here")


@pytest.mark.parametrize("wrap", [lambda n: n, OnLuma])
def test_misfits_name_the_network_and_no_wrapper(wrap):
    pytest.importorskip("spandrel")
    network = wrap(GENERATORS["spandrel/SAFMN"](2, dim=8, n_blocks=1))
    with pytest.raises(WeightsError, match="here: these weights do not fit spandrel/SAFMN: "):
        load_into(network, {"w": torch.zeros(1)}, "here")


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda value: (100 * value).to(torch.int8), "is of type int8, as in a quantised network"),
        (lambda value: value * float("nan"), r"has values that are not finite \(NaN or infinity\)"),
        (lambda value: value / 0, r"has values that are not finite \(NaN or infinity\)"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_tensors_that_are_no_weights(spoil, fault, strict):
    state = dict(small().state_dict())
    state["conv_hr.weight"] = spoil(state["conv_hr.weight"])
    network = small()
    before = network.conv_first.weight.clone()
    with pytest.raises(WeightsError, match=f"here: conv_hr.weight {fault}"):
        load_into(network, state, "here", strict)
    assert torch.equal(network.conv_first.weight, before)


def test_they_are_named_as_in_the_file():
    names = {"conv_hr": "HRconv", "body": "recon_trunk"}  # MMSR's
    state = {}
    for name, value in small().state_dict().items():
        first, _, rest = name.partition(".")
        state[f"{names.get(first, first)}.{rest}"] = value
    load_into(small(), Weights(state, {}), "here")
    with pytest.raises(WeightsError, match=r"here: HRconv\.weight has values that are not finite"):
        load_into(small(), Weights(state | {"HRconv.weight": state["HRconv.weight"] / 0}, {}), "here")


def test_counters_are_no_weights():
    """Of batch normalisation: whole numbers, in files of either kind."""
    layer = nn.BatchNorm2d(2)
    for kind in (torch.int64, torch.float32):
        assert load_into(layer, layer.state_dict() | {"num_batches_tracked": torch.tensor(7, dtype=kind)}, "here") == []
        assert layer.num_batches_tracked == 7


class OthersNames(nn.Module):
    """A user's own network, whose names another project gives to one of ours."""

    def __init__(self):
        super().__init__()
        blocks = [nn.ModuleDict({"conv1": nn.Conv2d(4, 4, 3), "conv2": nn.Conv2d(4, 4, 3)})]
        self.conv_first, self.conv_after_body, self.body = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.ModuleList(blocks)
        self.conv_last = nn.Conv2d(4, 3, 3)


def test_names_that_a_network_has_itself_are_not_translated(tmp_path: Path):
    network, state = OthersNames(), {name: value + 1 for name, value in OthersNames().state_dict().items()}
    found = Weights(state, {})
    assert found.source == "BasicSR's EDSR" and "head.0.weight" in found.state
    assert load_into(network, found, "here") == []
    assert torch.equal(network.state_dict()["conv_first.bias"], state["conv_first.bias"])
    write(tmp_path / "ours.safetensors", state, describe(Architecture("my:Network", 2, {})))
    ours = read(tmp_path / "ours.safetensors")
    assert ours.source is None and ours.state.keys() == state.keys()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.filterwarnings("error")
def test_pickles_that_pytorch_did_not_write(tmp_path: Path, protocol):
    for content, told in [
        ({"w": torch.zeros(1)}, "refused, because reading it would run code"),
        ({"w": np.zeros(1)}, "refused, because it holds arrays or numbers of numpy.*content = pickle.load"),
        ({"w": [1, 2]}, "not a file of weights that PyTorch saved, but another pickle"),
    ]:
        (tmp_path / "a.pth").write_bytes(pickle.dumps(content, protocol))
        with pytest.raises(WeightsError, match=rf"a\.pth: {told}"):
            read(tmp_path / "a.pth")


@pytest.mark.parametrize("content", [{"w": np.zeros(1)}, {"params": {"w": torch.zeros(1)}, "psnr": np.float64(30)}])
def test_numpy_is_named_with_the_way_out(tmp_path: Path, content):
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(
        WeightsError, match=r"numpy.*content = torch\.load\('.*a\.pth', weights_only=False\); torch\.save"
    ):
        read(tmp_path / "a.pth")


@pytest.mark.parametrize("keep", [0, 3, 20, 300, -8, -1])
def test_old_files_cut_short(tmp_path: Path, keep):
    """Before they were zip archives."""
    torch.save({"w": torch.zeros(100)}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    assert list(read(tmp_path / "a.pth").state) == ["w"]
    (tmp_path / "a.pth").write_bytes((tmp_path / "a.pth").read_bytes()[:keep])
    with pytest.raises(WeightsError, match=r"a\.pth: damaged"):
        read(tmp_path / "a.pth")


@pytest.mark.filterwarnings("ignore:.*is deprecated:FutureWarning")
def test_torchscript_is_refused(tmp_path: Path):
    torch.jit.script(nn.Linear(1, 1)).save(str(tmp_path / "a.pt"))
    with pytest.raises(WeightsError, match=r"a\.pt: refused, because it is TorchScript"):
        read(tmp_path / "a.pt")


def test_a_folder(tmp_path: Path):
    with pytest.raises(WeightsError, match=r"this is a folder; name a file of weights in it \(it holds none\)"):
        read(tmp_path)
    for name in ("d.pth", "c.pt", "b.safetensors", "a.pth", "readme.md"):
        (tmp_path / name).touch()
    with pytest.raises(WeightsError, match=r"\(it holds a\.pth, b\.safetensors, c\.pt, \.\.\.\)"):
        read(tmp_path)


def test_not_strict_takes_what_fits():
    network, other = small(2), small(4)
    left_out = load_into(network, other.state_dict(), "here", strict=False)
    assert sorted(left_out) == ["upconv2.bias", "upconv2.weight"]
    assert torch.equal(network.conv_first.weight, other.conv_first.weight)


def test_not_strict_still_needs_one_match():
    with pytest.raises(WeightsError, match="here: these weights do not fit MSRResNet"):
        load_into(small(), {"stranger": torch.zeros(1)}, "here", strict=False)


def test_half_precision_files_load():
    network, state = small(), {name: value.half() for name, value in small().state_dict().items()}
    load_into(network, state, "here")
    assert network.conv_first.weight.dtype == torch.float32


def test_spectral_weights_come_back(tmp_path: Path):
    from gansr.models.discriminators import DISCRIMINATORS

    image = torch.rand(1, 3, 16, 16)
    first, second = DISCRIMINATORS["unet"](2), DISCRIMINATORS["unet"](2)
    first(image)
    write(tmp_path / "d.safetensors", first.state_dict(), {})
    assert load_into(second, read(tmp_path / "d.safetensors").state, "here") == []
    torch.testing.assert_close(second.eval()(image), first.eval()(image))
