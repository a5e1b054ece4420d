"""Other projects' EDSR, MDSR and RCAN: names written out by hand from their code, and what the networks compute."""

import pytest
import torch
from torch.nn import functional as F

from gansr.models.foreign import translate
from gansr.models.generators import GENERATORS
from gansr.models.recognise import recognise

MEAN = torch.tensor([0.4488, 0.4371, 0.4040])[:, None, None]
FEATURES, BLOCKS, GROUPS, REDUCED = 8, 2, 3, 2


class Foreign:
    """Random weights under a project's names, made when its forward pass first asks for them."""

    def __init__(self):
        self.state = {}
        self.random = torch.Generator().manual_seed(0)

    def conv(self, x, name, outputs=FEATURES, kernel=3):
        inputs = x.shape[1]
        if f"{name}.weight" not in self.state:
            weight = torch.randn(outputs, inputs, kernel, kernel, generator=self.random)
            self.state[f"{name}.weight"] = weight / (inputs * kernel**2) ** 0.5
            self.state[f"{name}.bias"] = 0.3 * torch.randn(outputs, generator=self.random)
        return F.conv2d(x, self.state[f"{name}.weight"], self.state[f"{name}.bias"], padding=kernel // 2)

    def enlarged(self, x, factor, names):
        for name in names:
            x = F.pixel_shuffle(self.conv(x, name, FEATURES * factor**2), factor)
        return x

    def attended(self, x, name, first, second):
        """A block of RCAN, with the names of its two small layers."""
        y = self.conv(self.conv(x, f"{name}.0").relu(), f"{name}.2")
        z = self.conv(y.mean((2, 3), keepdim=True), f"{name}.3.{first}", REDUCED, kernel=1).relu()
        return x + y * self.conv(z, f"{name}.3.{second}", kernel=1).sigmoid()


def basicsr_edsr(net, image, factor, steps):
    x = first = net.conv((image - MEAN) * 255, "conv_first")
    for block in range(BLOCKS):
        x = x + net.conv(net.conv(x, f"body.{block}.conv1").relu(), f"body.{block}.conv2")
    x = net.conv(x, "conv_after_body") + first
    x = net.enlarged(x, factor, [f"upsample.{2 * step}" for step in range(steps)])
    return net.conv(x, "conv_last", 3) / 255 + MEAN


def mmagic_edsr(net, image, factor, steps):
    x = first = net.conv(image - MEAN, "conv_first")
    for block in range(BLOCKS):
        x = x + net.conv(net.conv(x, f"body.{block}.conv1").relu(), f"body.{block}.conv2")
    x = net.conv(x, "conv_after_body") + first
    x = net.enlarged(x, factor, [f"upsample.{step}.upsample_conv" for step in range(steps)])
    return net.conv(x, "conv_last", 3) + MEAN


def lornatang_edsr(net, image, factor, steps):
    """But for its fixed factor of 0.1, which belongs to 256 features."""
    net.state |= {"mean": MEAN[None], "std": torch.ones(1, 3, 1, 1)}
    x = first = net.conv(image - MEAN, "conv1")
    for block in range(BLOCKS):
        x = x + net.conv(net.conv(x, f"trunk.{block}.conv1").relu(), f"trunk.{block}.conv2")
    x = net.conv(x, "conv2") + first
    x = net.enlarged(x, factor, [f"upsampling.{2 * step}" for step in range(steps)])
    return net.conv(x, "conv3", 3) + MEAN


def basicsr_rcan(net, image, factor, steps):
    x = first = net.conv((image - MEAN) * 255, "conv_first")
    for group in range(GROUPS):
        entered = x
        for block in range(BLOCKS):
            x = net.attended(x, f"body.{group}.residual_group.{block}.rcab", "attention.1", "attention.3")
        x = entered + net.conv(x, f"body.{group}.conv")
    x = net.conv(x, "conv_after_body") + first
    x = net.enlarged(x, factor, [f"upsample.{2 * step}" for step in range(steps)])
    return net.conv(x, "conv_last", 3) / 255 + MEAN


def lornatang_rcan(net, image, factor, steps):
    net.state["mean"] = MEAN[None]
    x = first = net.conv(image - MEAN, "conv1")
    inner = [f"channel_attention_layer.{number}" for number in (1, 3)]
    for group in range(GROUPS):
        entered, name = x, f"trunk.{group}.residual_group"
        for block in range(BLOCKS):
            x = net.attended(x, f"{name}.{block}.residual_channel_attention_block", *inner)
        x = entered + net.conv(x, f"{name}.{BLOCKS}")
    x = net.conv(x, "conv2") + first
    x = net.enlarged(x, factor, [f"upsampling.{step}.upsample_block.0" for step in range(steps)])
    return net.conv(x, "conv3", 3) + MEAN


def yjn870_rcan(net, image, factor, steps):
    """One step, whatever the scale."""
    x = first = net.conv(image, "sf")
    for group in range(GROUPS):
        entered, name = x, f"rgs.{group}.module"
        for block in range(BLOCKS):
            x = net.attended(x, f"{name}.{block}.module", "module.1", "module.3")
        x = entered + net.conv(x, f"{name}.{BLOCKS}")
    x = net.conv(x, "conv1") + first
    x = net.enlarged(x, factor**steps, ["upscale.0"])
    return net.conv(x, "conv2", 3)


PROJECTS = {
    "BasicSR's EDSR": basicsr_edsr,
    "MMagic's EDSR": mmagic_edsr,
    "Lornatang's EDSR": lornatang_edsr,
    "BasicSR's RCAN": basicsr_rcan,
    "Lornatang's RCAN": lornatang_rcan,
    "yjn870's RCAN": yjn870_rcan,
}


def ours(state):
    """Our network with a project's weights, and whose they are."""
    translated, source = translate(state)
    found = recognise(translated)
    network = GENERATORS[found.type](found.scale, **found.arguments)
    network.load_state_dict(translated)
    return network, found.scale, source


@pytest.mark.parametrize("source", PROJECTS)
@pytest.mark.parametrize(("factor", "steps"), [(2, 1), (3, 1), (2, 2)])
def test_the_same_images(source, factor, steps, noise):
    if source == "yjn870's RCAN" and steps > 1:
        pytest.skip("no network of ours: see below")
    foreign, image = Foreign(), noise(2, 5, 4)
    expected = PROJECTS[source](foreign, image, factor, steps)
    network, scale, found = ours(foreign.state)
    assert (found, scale) == (source, factor**steps)
    with torch.no_grad():
        torch.testing.assert_close(network(image), expected, rtol=1e-4, atol=1e-4)
    assert (expected - MEAN).std() > 0.05


def test_yjn870s_x4_is_no_network_of_ours(noise):
    foreign = Foreign()
    yjn870_rcan(foreign, noise(1, 4, 4), 2, 2)
    assert translate(foreign.state) == (foreign.state, None)


def test_other_colours_are_strangers(noise):
    """Their mean has three channels."""
    foreign = Foreign()
    basicsr_edsr(foreign, noise(1, 4, 4), 2, 1)
    grey = foreign.state | {"conv_first.weight": torch.zeros(FEATURES, 1, 3, 3)}
    assert translate(grey)[1] is None


@pytest.mark.parametrize("type", ["edsr", "mdsr", "rcan"])
def test_mean_colours_that_were_trained_by_mistake(type, noise):
    """Early EDSR-PyTorch, and RCAN's authors, left their mean layers to the optimizer."""
    torch.manual_seed(0)
    sizes = {"groups": 2, "reduction": 2} if type == "rcan" else {}
    network, image = GENERATORS[type](2, features=4, blocks=1, **sizes), noise(1, 5, 4)
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for name in ("sub_mean", "add_mean"):
        state[f"{name}.weight"] += 0.1 * torch.randn(3, 3, 1, 1)
        state[f"{name}.bias"] += torch.randn(3)
    network.load_state_dict(state)
    for layer in (network.sub_mean, network.add_mean):  # as they were: 1x1 convolutions that mix colours
        layer.register_forward_hook(lambda self, inputs, _: F.conv2d(inputs[0], self.weight, self.bias))
    with torch.no_grad():
        expected = network(image)
    translated, source = translate(state)
    assert source == "EDSR-PyTorch with trained mean colours"
    found = recognise(translated)
    fresh = GENERATORS[found.type](2, **found.arguments)
    fresh.load_state_dict(translated)
    with torch.no_grad():
        torch.testing.assert_close(fresh(image), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("type", ["edsr", "mdsr", "rcan"])
def test_our_own_files_are_nobody_elses(type):
    sizes = {"reduction": 2} if type == "rcan" else {}
    state = GENERATORS[type](2, features=4, blocks=1, **sizes).state_dict()
    translated, source = translate(state)
    assert source is None and all(translated[name] is tensor for name, tensor in state.items())
