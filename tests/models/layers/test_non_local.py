import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.layers.attention.non_local import NonLocal


def random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def awake(block: NonLocal) -> NonLocal:
    """With a W that is not zero."""
    nn.init.normal_(block.W.weight)
    return block


def test_begins_as_the_identity():
    x = random(2, 4, 5, 3)
    torch.testing.assert_close(NonLocal(4, 2)(x), x, rtol=0, atol=0)


def test_equation_pixel_by_pixel():
    block, x = awake(NonLocal(4, 3)), random(2, 4, 2, 3)
    theta, phi, g = (layer(x).flatten(2) for layer in (block.theta, block.phi, block.g))
    y = torch.zeros(2, 3, 6)
    for image in range(2):
        for i in range(6):
            weights = torch.exp(torch.stack([theta[image, :, i] @ phi[image, :, j] for j in range(6)]))
            y[image, :, i] = sum(weights[j] / weights.sum() * g[image, :, j] for j in range(6))
    torch.testing.assert_close(block(x), x + block.W(y.reshape(2, 3, 2, 3)))


def test_regions_do_not_see_each_other():
    regional, whole = awake(NonLocal(4, 2, regions=2)), NonLocal(4, 2)
    whole.load_state_dict(regional.state_dict())
    x = random(2, 4, 5, 3)
    result = regional(x)
    for rows in (slice(0, 2), slice(2, 5)):
        for columns in (slice(0, 1), slice(1, 3)):
            torch.testing.assert_close(result[..., rows, columns], whole(x[..., rows, columns]))


def test_a_map_smaller_than_its_regions():
    block = awake(NonLocal(4, 2, regions=2))
    assert block(random(1, 4, 1, 3)).shape == (1, 4, 1, 3)


def test_keys_are_pooled_to_a_bound():
    pooled, whole = awake(NonLocal(4, 2, most_keys=3)), NonLocal(4, 2)
    whole.load_state_dict(pooled.state_dict())
    small, large = random(1, 4, 3, 3), random(1, 4, 7, 4)
    torch.testing.assert_close(pooled(small), whole(small))
    keys, values = (F.max_pool2d(layer(large), (3, 2), ceil_mode=True) for layer in (pooled.phi, pooled.g))
    assert keys.shape[-2:] == (3, 2)
    similar = pooled.theta(large).flatten(2).transpose(1, 2) @ keys.flatten(2)  # (1, 28, 6)
    y = (similar.softmax(2) @ values.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(1, 2, 7, 4)
    torch.testing.assert_close(pooled(large), large + pooled.W(y))
