"""What holds for every generator: a new row of the table is covered by being there."""

import copy
import inspect
import re

import pytest
import torch
from torch import nn

from gansr.errors import OptionsError
from gansr.models.architecture import Architecture
from gansr.models.generators import GENERATORS
from gansr.models.layers.chain import Chain
from gansr.models.luma import OnLuma
from gansr.models.recognise import recognise
from gansr.models.wishes import accepts
from gansr.models.wishes import scales as scales_of

OURS = [name for name in GENERATORS if not name.startswith("spandrel/")]
every_generator = pytest.mark.parametrize("name", GENERATORS)
every_own_generator = pytest.mark.parametrize("name", OURS)


ROUNDING = 1e-4
"""How far apart results of other orders of summation may be: single precision, through a deep network."""


def apart(result, expected):
    """The norm of the difference, as a part of the norm."""
    return (result - expected).norm() / expected.norm()


@pytest.fixture
def make(small, scales, fill):
    """A small generator at its first scale, or the one that is asked for, whose weights depend on names alone."""

    def build(name, scale=None, **arguments):
        return fill(GENERATORS[name](scale or scales(name)[0], **small(name) | arguments)).eval()

    return build


@pytest.fixture
def draw(small, scales):
    """The same with the weights that training begins with, which keep values in bounds."""

    def build(name):
        torch.manual_seed(0)
        return GENERATORS[name](scales(name)[0], **small(name)).eval()

    return build


def takes_channels(name):
    return {"in_channels", "out_channels"} <= inspect.signature(GENERATORS[name]).parameters.keys()


@every_generator
def test_any_size_becomes_scale_times_larger(name, make, scales, noise):
    """Odd sizes, sizes below any window, a single pixel, one image and several."""
    assert scales(name)
    for scale in scales(name):
        network = make(name, scale)
        for batch, height, width in ((1, 8, 8), (2, 5, 7), (1, 1, 3), (1, 1, 1)):
            with torch.no_grad():
                result = network(noise(batch, height, width))
            assert result.shape == (batch, 3, scale * height, scale * width)
            assert result.isfinite().all()


@every_generator
def test_greyscale(name, make, scales):
    if not takes_channels(name):
        pytest.skip("its library gives it three channels")
    image = torch.rand(2, 1, 5, 6, generator=torch.Generator().manual_seed(1))
    network = make(name, in_channels=1, out_channels=1)
    scale = scales(name)[0]
    assert network(image).shape == (2, 1, 5 * scale, 6 * scale)
    assert OnLuma(network)(image.expand(2, 3, 5, 6)).shape == (2, 3, 5 * scale, 6 * scale)


@every_generator
def test_images_of_a_batch_do_not_see_each_other(name, draw, noise):
    network, images = draw(name), noise(2, 6, 5)
    with torch.no_grad():
        together = network(images)
        alone = torch.cat([network(images[:1]), network(images[1:])])
    assert apart(together, alone) < ROUNDING


@every_own_generator
def test_meta_device_at_full_size(name, scales):
    for scale in scales(name):
        with torch.device("meta"):
            network = GENERATORS[name](scale)
            assert network(torch.empty(1, 3, 8, 8)).shape == (1, 3, 8 * scale, 8 * scale)
        assert all(parameter.is_meta for parameter in network.parameters())


@every_generator
def test_every_parameter_is_used(name, make, noise):
    network = make(name).train()
    wishes = {"intermediate": True} if "intermediate" in accepts(network) else {}
    total = 0.0
    for scale in scales_of(network) or (None,):
        images = network(noise(2, 9, 8), **wishes | ({} if scale is None else {"scale": scale}))
        total = total + sum(image.square().mean() for image in (images if isinstance(images, list) else [images]))
    total.backward()
    unused = [
        name for name, p in network.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())
    ]
    assert unused == []
    assert all(p.grad.isfinite().all() for p in network.parameters() if p.requires_grad)


@every_generator
@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_half_precision(name, half, draw, noise):
    """Weights in half: near the result in single precision, in the sense of that format's rounding."""
    network, image = draw(name), noise(1, 9, 8)
    with torch.no_grad():
        expected = network(image)
        result = copy.deepcopy(network).to(half)(image.to(half)).float()
    error = (result - expected).square().mean().sqrt() / expected.square().mean().sqrt().clamp_min(0.1)
    assert error < (0.1 if half is torch.bfloat16 else 0.02)


@every_generator
def test_autocast_trains(name, draw, noise):
    network = draw(name).train()
    with torch.autocast("cpu", torch.bfloat16):
        result = network(noise(2, 9, 8))
    result.float().square().mean().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())


@every_generator
def test_channels_last_is_kept_and_changes_nothing(name, draw, noise):
    network, image = draw(name), noise(2, 9, 8)
    with torch.no_grad():
        expected = network(image)
        result = network.to(memory_format=torch.channels_last)(image.to(memory_format=torch.channels_last))
    assert apart(result, expected) < ROUNDING
    if name in OURS:
        assert result.is_contiguous(memory_format=torch.channels_last)


@every_own_generator
def test_compiles_as_one_graph(name, make, noise):
    network, image = make(name), noise(1, 5, 6)
    compiled = torch.compile(network, fullgraph=True, backend="eager")
    with torch.no_grad():
        assert apart(compiled(image), network(image)) < ROUNDING


@every_own_generator
def test_gradient_checkpointing_changes_no_gradient(name, make, noise):
    """Deep networks have trunks whose results can be computed twice: the same gradients, bit for bit."""
    network, image = make(name).train(), noise(1, 9, 8)
    chains = [module for module in network.modules() if isinstance(module, Chain)]
    with torch.device("meta"):
        convolutions = sum(isinstance(module, nn.Conv2d) for module in GENERATORS[name](network.scale).modules())
    assert chains or convolutions < 24, f"{convolutions} convolutions, and no Chain"
    found = {}
    for recompute in (False, True):
        twin = copy.deepcopy(network)
        for module in twin.modules():
            if isinstance(module, Chain):
                module.recompute = recompute
        result = twin(image)
        result.square().mean().backward()
        gradients = [p.grad for p in twin.parameters() if p.grad is not None]
        found[recompute] = [result.detach(), *gradients, *twin.buffers()]  # statistics are gathered one time
    for plain, again in zip(found[False], found[True], strict=True):
        assert torch.equal(plain, again)


@every_own_generator
def test_gradient_checkpointing_of_a_compiled_network(name, make, noise):
    """The same gradients and statistics as without either, through the compiler's own division of work."""
    network, image = make(name).train(), noise(1, 9, 8)
    if not any(isinstance(module, Chain) for module in network.modules()):
        pytest.skip("it has no trunk to be computed twice")
    found = []
    torch._dynamo.reset()  # pyright: ignore[reportAttributeAccessIssue] - shapes of other tests would make it guess
    for both in (False, True):
        twin = copy.deepcopy(network)
        if both:
            for module in twin.modules():
                if isinstance(module, Chain):
                    module.recompute = True
            twin.compile(fullgraph=True, backend="aot_eager", dynamic=False)
        twin(image).square().mean().backward()
        found.append([*(p.grad for p in twin.parameters() if p.grad is not None), *twin.buffers()])
    for plain, again in zip(*found, strict=True):
        torch.testing.assert_close(again, plain, atol=1e-5, rtol=1e-4)


@every_own_generator
def test_recognised_by_names_and_shapes(name, small, scales):
    describe = getattr(GENERATORS[name], "describe", None)
    if describe is None:
        pytest.skip("nothing tells its arguments")
    for scale in scales(name):
        for extra in ({}, {"in_channels": 1, "out_channels": 1}):
            arguments = small(name) | extra
            with torch.device("meta"):
                state = GENERATORS[name](scale, **arguments).state_dict()
            found = recognise(state)
            assert found is not None and found.type == name and found.scale in {scale, None}
            assert found.colour == ("y" if extra else "rgb")


@every_own_generator
def test_recognition_never_guesses(name, small, scales):
    """One weight more, one less, or one of another shape is another network."""
    if not hasattr(GENERATORS[name], "describe"):
        pytest.skip("nothing tells its arguments")
    state = GENERATORS[name](scales(name)[-1], **small(name)).state_dict()
    last = list(state)[-1]
    assert recognise(state | {"extra.weight": torch.zeros(1)}) is None
    assert recognise({key: value for key, value in state.items() if key != last}) is None
    assert recognise(state | {last: torch.zeros(7, 7)}) is None


@every_generator
def test_several_scales_in_one_network(name, make, noise):
    network, image = make(name), noise(1, 5, 6)
    assert ("scale" in accepts(network)) == bool(scales_of(network))
    with torch.no_grad():
        for scale in scales_of(network):
            assert network(image, scale=scale).shape == (1, 3, 5 * scale, 6 * scale)
        if scales_of(network):
            assert network.scale in scales_of(network)
            assert torch.equal(network(image, scale=network.scale), network(image))


@every_generator
def test_intermediate_images_end_with_the_final_one(name, make, scales, noise):
    network, image = make(name, scales(name)[-1]), noise(1, 5, 6)
    if "intermediate" not in accepts(network):
        return
    with torch.no_grad():
        *others, last = network(image, intermediate=True)
        torch.testing.assert_close(last, network(image))
    assert others and all(other.shape[-1] % 6 == 0 and other.shape[-1] <= last.shape[-1] for other in others)


@every_generator
def test_growing_networks_blend(name, make, scales, noise):
    network, image = make(name, scales(name)[-1]), noise(1, 5, 6)
    if "blend" not in accepts(network):
        return
    with torch.no_grad():
        none, half, all_ = (network(image, blend=torch.tensor(blend)) for blend in (0.0, 0.5, 1.0))
        torch.testing.assert_close(all_, network(image))
    torch.testing.assert_close(half, (none + all_) / 2)
    assert not torch.allclose(none, all_)


@every_generator
def test_unknown_scale_names_the_choices(name):
    with pytest.raises(OptionsError, match=rf"{re.escape(name)}.*scale 5"):
        GENERATORS[name](5)


@every_own_generator
def test_numbers_are_at_least_one(name, scales):
    """Whatever counts or measures something is refused when it is 0, by name."""
    for parameter in list(inspect.signature(GENERATORS[name]).parameters.values())[1:]:
        if parameter.annotation is int:
            with pytest.raises(OptionsError, match=parameter.name), torch.device("meta"):
                GENERATORS[name](scales(name)[0], **{parameter.name: 0})


@every_generator
def test_signature_is_the_schema(name):
    parameters = list(inspect.signature(GENERATORS[name]).parameters.values())
    assert parameters[0].name == "scale"
    assert all(not isinstance(parameter.annotation, str) for parameter in parameters)
    assert all(parameter.default is not parameter.empty for parameter in parameters[1:])
    assert (inspect.getdoc(GENERATORS[name]) or "").split("\n")[0].endswith((".", ")"))


def test_strangers_are_not_recognised():
    assert recognise({}) is None
    assert recognise(nn.Linear(2, 2).state_dict()) is None
    assert recognise({"body.0.weight": torch.zeros(3)}) is None
    assert recognise({"head.0.weight": torch.zeros(())}) is None
    assert recognise({"conv_first.weight": torch.zeros(0, 0), "body.0.conv1.weight": torch.zeros(0)}) is None
    # Without PReLU the weights do not say which activation they were trained with.
    assert recognise(GENERATORS["srvgg_compact"](4, activation="relu").state_dict()) is None


@pytest.mark.parametrize("convolutions", [16, 32])  # realesr-animevideov3 and realesr-general-x4v3 of Real-ESRGAN
def test_community_sizes_are_recognised(convolutions):
    with torch.device("meta"):
        state = GENERATORS["srvgg_compact"](4, convolutions=convolutions).state_dict()
        whole = GENERATORS["rrdbnet"](4).state_dict()
    assert recognise(state).arguments["convolutions"] == convolutions
    found = recognise(whole)
    assert found == Architecture("rrdbnet", 4, found.arguments) and found.arguments["blocks"] == 23
