"""The wrapper and the exchanged layers of spandrel's networks on layers small enough to work out by hand."""

import pytest
import torch
from torch import nn

from gansr.models.generators import GENERATORS
from gansr.models.generators.through_spandrel.repairs import Experts, Merged
from gansr.models.generators.through_spandrel.wrapper import ThroughSpandrel


class Seen(nn.Module):
    """Enlarges by repeating pixels, in the type that it is told, and remembers the images that it saw."""

    def __init__(self, kind=None):
        super().__init__()
        self.kind, self.images = kind, []

    def forward(self, x):
        self.images.append(x)
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3).to(self.kind or x.dtype)


def ramp(height, width):
    return torch.arange(height * width, dtype=torch.float32).view(1, 1, height, width)


def test_images_are_mirrored_and_then_repeat_their_border():
    network = Seen()
    image = ramp(1, 3)
    found = ThroughSpandrel(network, 2, least=2, multiple=4)(image)
    assert network.images[0].tolist() == [[[[0, 1, 2, 1]] * 4]]
    assert torch.equal(found, image.repeat_interleave(2, 2).repeat_interleave(2, 3))


@pytest.mark.parametrize(("least", "multiple", "side"), [(1, 1, 5), (1, 4, 8), (1, 5, 5), (9, 1, 9), (9, 4, 12)])
def test_the_sides_that_a_network_needs(least, multiple, side):
    network = Seen()
    assert ThroughSpandrel(network, 2, least, multiple)(ramp(5, 5)).shape == (1, 1, 10, 10)
    assert network.images[0].shape[-2:] == (side, side)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_images_in_half_precision_stay_so(kind):
    """Though the network made some other type of them."""
    assert ThroughSpandrel(Seen(torch.float32), 2)(ramp(2, 2).to(kind)).dtype == kind
    assert ThroughSpandrel(Seen(torch.float32), 2)(ramp(2, 2)).dtype == torch.float32


def test_layouts_are_those_of_the_image():
    image = torch.rand(1, 3, 4, 4)
    wrapped = ThroughSpandrel(Seen(), 2, multiple=3)  # cut afterwards: no layout is whole by itself
    last = wrapped(image.contiguous(memory_format=torch.channels_last))
    assert last.is_contiguous(memory_format=torch.channels_last) and not last.is_contiguous()
    grey = wrapped(image[:, :1].contiguous())  # of one channel, which has both layouts at once: it is left as it is
    assert grey.stride() == wrapped.network(torch.zeros(1, 1, 6, 6))[..., :8, :8].stride()


def test_messages_have_the_networks_name():
    assert ThroughSpandrel(Seen(), 2).title == "Seen"
    assert ThroughSpandrel(Seen(), 2, title="spandrel/Seen").title == "spandrel/Seen"


def merged():
    torch.manual_seed(0)
    branch = nn.Sequential(nn.Conv2d(2, 4, 1), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 3, 1))
    return Merged(nn.Conv2d(2, 3, 1), branch, nn.Conv2d(2, 3, 3))


def test_used_as_one_convolution_and_trained_as_branches():
    layer, called = merged(), []
    for branch in (layer.sk, *layer.conv):
        branch.register_forward_hook(lambda *_: called.append(1))
    image = torch.rand(1, 2, 5, 6)
    trained = layer.train()(image)
    assert len(called) == 4
    torch.testing.assert_close(layer.eval()(image), trained)
    assert len(called) == 4, "one convolution, and none of the branches"
    assert [p.requires_grad for p in layer.eval_conv.parameters()] == [False, False]


class Times(nn.Module):
    """An expert that multiplies."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x, k):
        return self.factor * x * k


class Trust(nn.Module):
    """A gate whose word is the image's mean times these numbers."""

    def forward(self, x):
        return x.mean((1, 2, 3))[:, None] * torch.tensor([3.0, 2.0, 1.0])


@pytest.mark.parametrize("chosen", [1, 2, 3])
def test_so_many_experts_as_are_chosen(chosen):
    """Each image has its own: the most trusted of the first are the least of the second."""
    x = torch.ones(2, 1, 2, 2) * torch.tensor([1.0, -1.0])[:, None, None, None]
    found = Experts(nn.ModuleList(Times(factor) for factor in (1, 10, 100)), Trust(), chosen)(x, torch.ones_like(x))
    trust = torch.softmax(torch.tensor([[3.0, 2.0, 1.0], [-3.0, -2.0, -1.0]]), dim=1)
    order = [[0, 1, 2], [2, 1, 0]]
    for image, sign in enumerate((1, -1)):
        sums = sum(trust[image, expert] * 10**expert for expert in order[image][:chosen])
        torch.testing.assert_close(found[image], sign * (1 + sums) * torch.ones(1, 2, 2))


def test_fdats_own_dysample_is_exchanged():
    """It asks for pinned memory, which needs a GPU."""
    pytest.importorskip("spandrel")
    with torch.device("meta"):
        network = GENERATORS["spandrel/FDAT"](2, upsampler_type="dysample")
    found = [type(module).__module__ for module in network.modules() if type(module).__name__ == "DySample"]
    assert found == ["spandrel.architectures.__arch_helpers.dysample"]
