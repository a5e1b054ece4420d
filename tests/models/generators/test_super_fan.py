import pytest
import torch

from gansr.errors import OptionsError
from gansr.models.generators.progressive.super_fan import SuperFAN


@pytest.mark.parametrize(("scale", "blocks", "steps"), [(2, 12 + 3, 1), (4, 12 + 3 + 2, 2), (8, 12 + 3 + 2 + 2, 3)])
def test_parameters_counted_by_hand(scale, blocks, steps):
    first = 3 * 64 * 81 + 64 + 1
    block = 2 * (64 * 64 * 9 + 2 * 64) + 1
    step = 64 * 256 * 9 + 256 + 1
    last = 64 * 64 * 9 + 64 + 1 + 64 * 3 * 9 + 3
    with torch.device("meta"):
        network = SuperFAN(scale)
    assert sum(p.numel() for p in network.parameters()) == first + blocks * block + steps * step + last


def test_blocks_work_at_every_size(noise):
    network = SuperFAN(4, features=4, blocks=(3, 1, 2)).eval()
    seen = []
    for size in network.sizes:
        for block in size:
            block.register_forward_hook(lambda _, inputs, __: seen.append(tuple(inputs[0].shape[-2:])))
    network(noise(1, 5, 6))
    assert seen == [(5, 6)] * 3 + [(10, 12)] + [(20, 24)] * 2


def test_output_is_linear(noise):
    network = SuperFAN(2, features=4, blocks=(1, 1)).eval()
    torch.nn.init.constant_(network.last[2].bias, 7.0)
    assert network(noise(1, 4, 4)).min() > 2


@pytest.mark.parametrize("blocks", [(12, 3), (12, 3, 2, 2), (12, 0, 2)])
def test_blocks_fit_the_scale(blocks):
    with pytest.raises(OptionsError, match=r"scale 4 needs 3 numbers of at least 1.*for example \[12, 3, 2\]"):
        SuperFAN(4, blocks=blocks)
