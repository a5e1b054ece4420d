"""Networks of the spandrel library as generators: what the library computes, for any image, in every mode."""

import copy
import inspect
import json
import subprocess
import sys
import typing
from pathlib import Path

import pytest
import torch
import yaml

from gansr.errors import OptionsError
from gansr.models.generators import GENERATORS
from gansr.models.generators.through_spandrel.recognise import recognise_by_library
from gansr.models.generators.through_spandrel.rows import ROWS, SPANDREL
from gansr.options.component import Component, build, check

spandrel = pytest.importorskip("spandrel", reason="the networks are spandrel's: pip install 'gansr[spandrel]'")

OPTIONS = Path(__file__).parents[3] / "options"
SMALL = {
    name: {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}
    for name, arguments in yaml.safe_load(Path(__file__).with_name("spandrel_small.yml").read_text("utf-8")).items()
}
every_row = pytest.mark.parametrize("name", SPANDREL)


def make(name, scale=2, **arguments):
    torch.manual_seed(0)
    return SPANDREL[name](scale, **SMALL[name] | arguments)


def restless(name):
    """Nothing is dropped by chance, and what begins with zeros does something."""
    still = {"drop_path_rate": 0.0} if "drop_path_rate" in inspect.signature(SPANDREL[name]).parameters else {}
    network = make(name, **still)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network


def image(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


def component(name, **arguments):
    return Component.model_validate({"type": name, **arguments})


def test_every_row_is_in_the_table_of_generators_and_has_a_small_size():
    assert SPANDREL.items() <= GENERATORS.items()
    assert SMALL.keys() == SPANDREL.keys()


# What options may say


@every_row
def test_signature_is_a_schema(name):
    first, *others = inspect.signature(SPANDREL[name]).parameters.values()
    assert (first.name, first.annotation, first.default) == ("scale", int, first.empty)
    for one in others:
        assert one.default is not one.empty, one
        kind, holds = one.annotation, typing.get_args(one.annotation)
        plain = {int, float, bool, type(None), int | float, float | None}
        assert kind in plain or typing.get_origin(kind) is typing.Literal or holds, one
        assert str not in {kind, *holds}, f"{one}: any text would do, and the library takes few"
    assert {one.name for one in others}.isdisjoint({"norm_layer", "act_layer", "conv", "upscale", "in_chans"})


@every_row
def test_defaults_pass_their_own_schema(name):
    table = {name: SPANDREL[name]}
    complete = check(component(name), table, "generator", scale=4)
    said = json.loads(json.dumps(complete))
    assert check(component(name, **said), table, "generator", scale=4) == complete


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("SwinIR", {"embed_dims": 60}, "embed_dims.*embed_dim"),
        ("SwinIR", {"embed_dim": 60.0}, "embed_dim"),
        ("SwinIR", {"depths": [6, "6"]}, "depths"),
        ("SwinIR", {"depths": 6}, "depths"),
        ("SwinIR", {"upsampler": "pixelshufle"}, "upsampler"),
        ("SwinIR", {"norm_layer": "LayerNorm"}, "norm_layer"),
        ("SwinIR", {"upscale": 4}, "upscale"),
        ("SwinIR", {"in_chans": 3}, "in_chans"),
        ("SAFMN", {"in_channels": 1}, "in_channels"),
        ("PLKSR", {"lk_type": "plk"}, "lk_type"),
        ("FDAT", {"group_block_pattern": ["spatial", "spectral"]}, "group_block_pattern"),
        ("HAT", {"qkv_bias": 1}, "qkv_bias"),
    ],
)
def test_mistakes_are_refused(name, arguments, message):
    with pytest.raises(OptionsError, match=f"(?s)generator .type spandrel/{name}.*{message}"):
        check(component(f"spandrel/{name}", **arguments), SPANDREL, "generator", scale=4)


def test_unknown_name():
    with pytest.raises(OptionsError, match="Did you mean 'spandrel/SwinIR'"):
        check(component("spandrel/SwinR"), SPANDREL, "generator", scale=4)


@pytest.mark.parametrize(
    ("name", "scale", "arguments", "message"),
    [
        ("SwinIR", 5, {}, r"\): there is no network for scale 5\. Choices: 1, 2, 3, 4, 8\."),
        ("SwinIR", 3, {"upsampler": "nearest+conv"}, r"upsampler: 'nearest\+conv'.*scale 3\. Choices: 2, 4, 8\."),
        ("SwinIR", 4, {"upsampler": ""}, r"upsampler: ''.*scale 4\. Choices: 1\."),
        ("SwinIR", 3, {"start_unshuffle": 2}, r"start_unshuffle: 2.*scale 3\. Choices: 1, 2, 4, 8\."),
        ("Swin2SR", 2, {"upsampler": "nearest+conv"}, r"scale 2\. Choices: 4\."),
        ("SwiftSRGAN", 3, {}, r"scale 3\. Choices: 1, 2, 4, 8\."),
        ("RealCUGAN", 8, {}, r"scale 8\. Choices: 2, 3, 4\."),
        ("FDAT", 8, {}, r"upsampler_type: 'transpose\+conv'.*scale 8\. Choices: 1, 2, 3, 4\."),
        ("MoESR", 2, {"upsampler": "conv"}, r"scale 2\. Choices: 1\."),
        ("RealCUGAN", 4, {"fast": True}, "fast: true is for scale 2, without pro"),
        ("RealCUGAN", 2, {"fast": True, "pro": True}, "fast: true is for scale 2, without pro"),
        ("RealCUGAN", 4, {"out_channels": 1}, "in_channels is 3 and out_channels is 1; they must be equal"),
        ("HAT", 4, {"in_channels": 1}, "in_channels is 1 and out_channels is 3; the library's network has as many"),
        ("MoSR", 4, {"out_channels": 1}, "needs upsampler: dys"),
        ("HAT", 4, {"embed_dim": 0}, "embed_dim is 0; it must be at least 1"),
        ("HAT", 4, {"depths": (2, 0), "num_heads": (2, 2)}, "depths is 0; it must be at least 1"),
        ("HAT", 4, {"depths": (2, 2)}, "depths has 2 and num_heads has 1 numbers"),
        (
            "HAT",
            4,
            {"num_heads": (5,)},
            "these arguments do not fit together: shape.*num_heads should divide embed_dim",
        ),
        ("DAT", 4, {"embed_dim": 8, "num_heads": (2,)}, "too few channels: nothing is left of layers.0"),
        ("SwinIR", 4, {"img_size": 9}, "these arguments do not fit together"),
    ],
)
def test_networks_that_do_not_exist_are_refused_with_a_sentence(name, scale, arguments, message):
    name = f"spandrel/{name}"
    with pytest.raises(OptionsError, match=f"{name}.*{message}"):
        build(component(name, **SMALL[name] | arguments), SPANDREL, "generator", scale=scale)


def test_callers_without_options_are_told_the_choices():
    with pytest.raises(OptionsError, match=r"HAT: upsampler is 'nearest\+conv'; expected one of 'pixelshuffle'"):
        SPANDREL["spandrel/HAT"](4, upsampler="nearest+conv")


@pytest.mark.parametrize(
    "script", ["import gansr.models.generators", "import gansr.models.generators.through_spandrel.recognise"]
)
def test_importing_the_table_does_not_import_the_library(script):
    done = subprocess.run(
        [sys.executable, "-c", f"{script}; import sys; print('spandrel' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_without_the_library():
    """A sentence that says what to install; tables are listed all the same."""
    script = """
import sys
sys.modules["spandrel"] = None
import torch
from gansr.build.examining.listing import rows, schema
from gansr.errors import OptionsError
from gansr.models.generators import GENERATORS
from gansr.models.generators.through_spandrel.recognise import recognise_by_library
from gansr.options.component import Component, check
found = {row["name"]: row for row in rows("generators")}
assert "arguments" not in found["spandrel/SwinIR"] and "windows" in found["spandrel/SwinIR"]["description"]
assert "arguments" in found["rrdbnet"]
branches = schema()["$defs"]["Generator"]["anyOf"]
assert any(one.get("properties", {}).get("type") == {"const": "spandrel/SwinIR"} for one in branches)
assert recognise_by_library({"conv_first.weight": torch.zeros(1)}) is None
for attempt in (lambda: GENERATORS["spandrel/SwinIR"](4),
                lambda: check(Component(type="spandrel/SwinIR"), GENERATORS, "generator", scale=4)):
    try:
        attempt()
    except OptionsError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and all("library is not installed: pip install" in line for line in lines), lines


# What it computes


@every_row
def test_computes_what_the_library_computes(name):
    """The same weights in the library's own hands, which pads images in its way: odd sizes, one pixel, large enough."""
    network = restless(name)
    with torch.no_grad():  # BatchNorm has seen something
        network.train()(image(2, 3, 24, 24))
    state = network.state_dict()
    found = recognise_by_library(state)
    again = SPANDREL[name](found.scale, **found.arguments)  # the arguments that the library assumes, where it must
    again.load_state_dict(state)
    theirs = spandrel.ModelLoader().load_from_state_dict(dict(state))
    assert (theirs.scale, theirs.architecture.id) == (2, name.partition("/")[2].replace("RealPLKSR", "PLKSR"))
    for height, width in ((5, 7), (1, 1), (17, 33)):
        lr = image(1, 3, height, width)
        with torch.no_grad():
            ours = again.eval()(lr).clamp(0, 1)
        torch.testing.assert_close(ours, theirs(lr), atol=2e-5, rtol=1e-4)


@every_row
@pytest.mark.parametrize("training", [True, False])
def test_any_size_of_several_images(name, training):
    network = make(name).train(training)
    for height, width in ((5, 7), (1, 1), (18, 9)):
        assert network(image(2, 3, height, width)).shape == (2, 3, 2 * height, 2 * width)


@every_row
def test_gradients_reach_every_parameter_and_nothing_is_by_chance(name):
    network, lr = restless(name).train(), image(2, 3, 12, 16)
    result = network(lr)
    result.square().mean().backward()
    learns = {key: one for key, one in network.named_parameters() if one.requires_grad}
    assert [key for key, one in learns.items() if one.grad is None] == []
    assert all(one.grad.isfinite().all() for one in learns.values())
    assert sum(bool(one.grad.any()) for one in learns.values()) == len(learns)
    assert torch.equal(network(lr), result)


@every_row
def test_gradients_reach_the_image_in_evaluation(name):
    lr = image(1, 3, 8, 8).requires_grad_()
    make(name).eval()(lr).square().mean().backward()
    assert lr.grad.any()


@every_row
@pytest.mark.parametrize("training", [True, False])
def test_without_memory(name, training):
    """On the meta device there are shapes only: built there, and called there, within such a context and without."""
    with torch.device("meta"):
        network = make(name).train(training)
        result = network(torch.empty(2, 3, 5, 7))
    assert result.shape == (2, 3, 10, 14) and result.is_meta
    assert all(value.is_meta for value in (*network.parameters(), *network.buffers()))
    network(torch.empty(2, 3, 9, 8, device="meta")).mean().backward()


@every_row
def test_channels_last(name):
    network, lr = restless(name).eval(), image(2, 3, 9, 10)
    with torch.no_grad():
        expected = network(lr)
        result = network.to(memory_format=torch.channels_last)(lr.to(memory_format=torch.channels_last))
    assert result.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(result, expected, atol=1e-4, rtol=1e-4)


@every_row
def test_autocast_leaves_no_trace(name):
    """Weights and buffers stay in single precision and able to learn, whatever mode a forward pass was in."""
    network, lr = make(name), image(2, 3, 9, 10)
    with torch.autocast("cpu", torch.bfloat16):
        result = network.train()(lr)
    result.float().mean().backward()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        network.eval()(lr)
    values = [value for value in (*network.parameters(), *network.buffers()) if value.is_floating_point()]
    assert all(value.dtype == torch.float32 and not value.is_inference() for value in values)


@every_row
@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_weights_in_half_precision(name, half):
    network, lr = make(name).eval(), image(1, 3, 8, 8)
    with torch.no_grad():
        expected = network(lr)
        result = copy.deepcopy(network).to(half)(lr.to(half))
    assert result.dtype == half
    assert (result.float() - expected).norm() < 0.05 * expected.norm()


@pytest.mark.slow
@every_row
def test_compiles_as_one_graph(name):
    torch._dynamo.reset()
    network, lr = make(name).eval(), image(1, 3, 9, 8)
    compiled = torch.compile(network, fullgraph=True, backend="eager")
    with torch.no_grad():
        torch.testing.assert_close(compiled(lr), network(lr), atol=1e-5, rtol=1e-4)


@every_row
def test_names_are_the_librarys(name):
    network = make(name)
    assert list(network.state_dict()) == list(network.network.state_dict())
    other = make(name)
    for parameter in other.parameters():
        torch.nn.init.zeros_(parameter)
    other.load_state_dict(network.state_dict())
    assert all(
        torch.equal(value, network.state_dict()[key]) for key, value in copy.deepcopy(other).state_dict().items()
    )


@pytest.mark.parametrize("row", [row for row in ROWS if row.inputs], ids=lambda row: row.__name__)
def test_one_channel(row):
    network = make(row.__name__, in_channels=1, out_channels=1).eval()
    assert network(image(2, 1, 5, 6)).shape == (2, 1, 10, 12)


@pytest.mark.parametrize(
    ("name", "scale", "arguments"),
    [
        *[("SwinIR", scale, {"upsampler": "nearest+conv"}) for scale in (2, 4, 8)],
        *[("SwinIR", scale, {"start_unshuffle": 2}) for scale in (1, 2, 4)],
        ("SwinIR", 3, {"upsampler": "pixelshuffledirect", "resi_connection": "3conv"}),
        ("SwinIR", 1, {"upsampler": "", "ape": True, "img_size": 16}),
        ("SwinIR", 2, {"window_size": 34, "img_size": 34}),
        *[("Swin2SR", scale, {"upsampler": "pixelshuffle_aux"}) for scale in (2, 3)],
        ("ATD", 4, {"upsampler": "nearest+conv", "norm": False}),
        ("GRL", 4, {"upsampler": "nearest+conv", "local_connection": True, "conv_type": "3conv"}),
        ("DAT", 3, {"upsampler": "pixelshuffledirect"}),
        *[("RealCUGAN", scale, {"pro": True}) for scale in (3, 4)],
        ("RealCUGAN", 2, {"fast": True}),
        *[("FDAT", 4, {"upsampler_type": kind}) for kind in ("pixelshuffle", "nearest+conv", "dysample", "pa_up")],
        *[("FDAT", scale, {"unshuffle_mod": True}) for scale in (1, 2)],
        *[("MoESR", 3, {"upsampler": kind}) for kind in ("pixelshuffle", "nearest+conv", "dysample")],
        *[("MoSR", 3, {"upsampler": kind}) for kind in ("gps", "dys")],
        ("RealPLKSR", 4, {"dysample": True, "layer_norm": True}),
        ("PLKSR", 2, {"lk_type": "SparsePLK", "use_max_kernel": True, "with_idt": True}),
        ("PLKSR", 2, {"lk_type": "RectSparsePLK", "ccm_type": "ICCM"}),
        ("DITN", 2, {"patch_size": 12, "LayerNorm_type": "BiasFree"}),
        ("DAT", 2, {"split_size": (8, 32)}),
        ("SPAN", 8, {"norm": False}),
    ],
)
def test_variants(name, scale, arguments):
    """Arguments that change the network's course: any size, both modes, gradients to all that learns."""
    network = make(f"spandrel/{name}", scale, **arguments)
    for training in (False, True):
        for height, width in ((1, 2), (9, 5)):
            result = network.train(training)(image(2, 3, height, width))
            assert result.shape == (2, 3, scale * height, scale * width)
    result.square().mean().backward()
    assert [key for key, one in network.named_parameters() if one.requires_grad and one.grad is None] == []


def test_the_mean_colour_goes_where_the_network_goes():
    network = make("spandrel/SwinIR")
    assert "network.mean" in dict(network.named_buffers()) and "mean" not in network.state_dict()
    assert network.to(torch.float64).network.mean.dtype == torch.float64


# Layers that are exchanged


def test_branches_of_span_add_up():
    network, lr = restless("spandrel/SPAN"), image(2, 3, 9, 8)
    with torch.no_grad():
        trained, used = network.train()(lr), network.eval()(lr)
    torch.testing.assert_close(used, trained, atol=1e-4, rtol=1e-4)
    assert not any(one.requires_grad for key, one in network.named_parameters() if ".eval_conv." in key)


def test_experts_of_seemore_see_each_image_of_its_own():
    network, lr = restless("spandrel/SeemoRe"), image(3, 3, 16, 16)
    assert SMALL["spandrel/SeemoRe"]["topk"] == 2
    few = make("spandrel/SeemoRe", num_experts=4, topk=1).eval()
    for one in (network.eval(), few):
        with torch.no_grad():
            together, alone = one(lr), torch.cat([one(single) for single in lr.split(1)])
        torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("kind", ["PLK", "RectSparsePLK"])
@pytest.mark.parametrize("keep", [False, True])
def test_large_kernels_are_the_librarys(kind, keep):
    arguments = SMALL["spandrel/PLKSR"] | {"lk_type": kind, "with_idt": keep}
    ours = make("spandrel/PLKSR", **arguments).eval()
    theirs = spandrel.architectures.PLKSR.PLKSR(**arguments, upscaling_factor=2).eval()
    theirs.load_state_dict(ours.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(ours(image(1, 3, 8, 8)), theirs(image(1, 3, 8, 8)))


# Sizes of papers


@pytest.mark.parametrize(
    ("stem", "parameters"),
    [
        ("swinir_x4", 11_900_199),  # 11.9 M (HAT's README, table of results)
        ("hat_x4", 20_772_507),  # 20.8 M (the same)
        ("dat_x4", 14_802_051),  # 14.80 M (DAT, table 4)
        ("safmn_x4", 239_520),  # 240 K (SAFMN, table 1); 0.24 M in the authors' option file
        ("realplksr_x4", 7_389_680),  # PLKSR's 7_386_096 and 128 more for each of 28 blocks' normalisation
    ],
)
def test_parameters_of_our_options(stem, parameters):
    options = yaml.safe_load((OPTIONS / f"{stem}.yml").read_text("utf-8"))
    with torch.device("meta"):
        network = build(Component.model_validate(options["generator"]), SPANDREL, "generator", scale=options["scale"])
    assert sum(one.numel() for one in network.parameters()) == parameters


@pytest.mark.parametrize(("scale", "thousands"), [(2, 772), (3, 780), (4, 792)])
def test_parameters_of_omnisr(scale, thousands):
    """The paper's are counted by thop, which has no rule for tables of positions, LayerNorm2d and temperatures."""
    options = yaml.safe_load((OPTIONS / "omnisr_x4.yml").read_text("utf-8"))
    with torch.device("meta"):
        network = build(Component.model_validate(options["generator"]), SPANDREL, "generator", scale=scale)
    known = (torch.nn.Conv2d, torch.nn.Linear, torch.nn.LayerNorm)
    counted = sum(p.numel() for m in network.modules() if isinstance(m, known) for p in m.parameters())
    assert round(counted / 1000) == thousands
    assert sum(p.numel() for p in network.parameters()) - counted == 9000 + 3840 + 40


@pytest.mark.parametrize(("features", "thousands"), [(48, 426), (52, 498)])
def test_parameters_of_span(features, thousands):
    """Of the merged network, as in the paper: one convolution in the place of two branches."""
    with torch.device("meta"):
        network = SPANDREL["spandrel/SPAN"](4, feature_channels=features)
    merged = sum(one.numel() for key, one in network.named_parameters() if ".sk." not in key and ".conv." not in key)
    assert round(merged / 1000) == thousands


# Recognition


UNTOLD = {
    "ATD": {"img_size", "category_size"},
    "CRAFT": {"window_size"},
    "DCTLSA": {"num_head"},
    "GRL": {"img_size", "window_size", "stripe_size", "stripe_shift", "anchor_window_down_factor"},
    "HAT": {"img_size"},
    "RGT": {"img_size"},
    "DAT": {"img_size"},
    "SPAN": {"img_range"},
    "SeemoRe": {"topk"},
}
"""Arguments that neither names nor shapes tell: the library assumes what official files have."""


@every_row
@pytest.mark.parametrize("channels", [3, 1])
def test_recognised(name, channels):
    row = SPANDREL[name]
    if channels == 1 and "in_channels" not in inspect.signature(row).parameters:
        pytest.skip("it has three channels")
    extra = {} if channels == 3 else {"in_channels": 1, "out_channels": 1}
    depth = {"depth": (3,)} if name == "spandrel/DAT" else {}  # the third block's mask tells the size of the image
    network = make(name, 4, **extra | depth)
    found = recognise_by_library(network.state_dict())
    assert (found.type, found.scale, found.colour) == (name, 4, "rgb" if channels == 3 else "y")
    told = (SMALL[name] | depth).items()
    differ = {key for key, value in told if found.arguments[key] != value}
    assert differ <= UNTOLD.get(name.partition("/")[2], set())
    said = json.loads(json.dumps(found.arguments))
    given = {} if channels == 3 else {"in_channels": 1, "out_channels": 1}
    assert check(component(name, **said), SPANDREL, "generator", scale=4, **given) == found.arguments
    assert "in_channels" not in found.arguments or channels == 3


@pytest.mark.parametrize("name", ["spandrel/SwinIR", "spandrel/SPAN", "spandrel/RealCUGAN"])
def test_recognition_never_guesses(name):
    state = make(name).state_dict()
    last = list(state)[-1]
    assert recognise_by_library(state) is not None
    assert recognise_by_library(state | {"extra.weight": torch.zeros(1)}) is None
    assert recognise_by_library({key: value for key, value in state.items() if key != last}) is None
    assert recognise_by_library(state | {last: torch.zeros(7, 7)}) is None


def test_recognition_leaves_the_weights_alone():
    state = make("spandrel/SPAN", norm=False).state_dict()
    before = dict(state)
    assert recognise_by_library(state).arguments["norm"] is False
    assert state.keys() == before.keys() and all(state[key] is value for key, value in before.items())


def test_strangers_are_not_recognised():
    assert recognise_by_library({}) is None
    assert recognise_by_library(torch.nn.Linear(2, 2).state_dict()) is None
    assert recognise_by_library({"body.0.weight": torch.zeros(3)}) is None
    assert recognise_by_library(dict.fromkeys(make("spandrel/SwinIR").state_dict(), torch.zeros(0))) is None
    assert recognise_by_library(GENERATORS["rrdbnet"](4, features=4, blocks=1).state_dict()) is None
    safmn_bcie = spandrel.architectures.SAFMNBCIE.SAFMNBCIE(dim=8, n_blocks=1, num_layers=1)
    assert recognise_by_library(safmn_bcie.state_dict()) is None  # it restores, and is in no table
