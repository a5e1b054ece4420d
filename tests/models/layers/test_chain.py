import copy

import pytest
import torch
from torch import nn

from gansr.models.layers.chain import Chain


def block():
    return nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2), nn.LeakyReLU(0.1, inplace=True))


def trained(chain, recompute, image):
    """Gradients, and the statistics of batch normalisation, after one backward pass."""
    chain = copy.deepcopy(chain).train()
    chain.recompute = recompute
    chain(image).square().mean().backward()
    return [p.grad for p in chain.parameters()], list(chain.buffers()), chain


def test_gradients_and_statistics_are_the_same():
    """Batch normalisation sees each image twice, and counts it once."""
    torch.manual_seed(0)
    chain, image = Chain(block(), block()), torch.rand(2, 2, 5, 5)
    plain, thrifty = trained(chain, False, image), trained(chain, True, image)
    assert all(torch.equal(one, other) for one, other in zip(plain[0] + plain[1], thrifty[0] + thrifty[1], strict=True))
    assert all(layer.track_running_stats for layer in thrifty[2].modules() if isinstance(layer, nn.BatchNorm2d))
    assert thrifty[1][2] == 1  # num_batches_tracked


@pytest.mark.parametrize("recompute", [False, True])
def test_inner_results_are_made_again(recompute):
    chain = Chain(nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU()), nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU()))
    calls = []
    chain[0][0].register_forward_hook(lambda *_: calls.append(1))
    chain.recompute = recompute
    result = chain(torch.rand(1, 2, 3, 3))
    assert len(calls) == 1
    result.sum().backward()
    assert len(calls) == 1 + recompute
    with torch.no_grad():
        chain(torch.rand(1, 2, 3, 3))
    assert len(calls) == 2 + recompute


def test_outputs_are_those_of_every_block():
    chain, x = Chain(block(), block()).eval(), torch.rand(1, 2, 4, 4)
    first, second = chain.outputs(x)
    assert torch.equal(first, chain[0](x)) and torch.equal(second, chain(x))
