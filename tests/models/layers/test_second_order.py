import pytest
import torch
from torch import Tensor

from gansr.errors import OptionsError
from gansr.models.layers.attention.second_order import SecondOrderAttention, covariance, square_root


def random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.double)


def test_covariance_is_numpys():
    x = random(2, 4, 3, 5)
    for found, maps in zip(covariance(x), x, strict=True):
        torch.testing.assert_close(found, torch.cov(maps.flatten(1), correction=0))


def test_square_root_converges():
    matrices = covariance(random(2, 5, 8, 8))
    root = square_root(matrices, steps=30)
    torch.testing.assert_close(root @ root, matrices)
    values, vectors = torch.linalg.eigh(matrices)
    torch.testing.assert_close(root, vectors * values.sqrt()[:, None] @ vectors.transpose(1, 2))


def test_five_steps_are_those_of_the_eigenvalues():
    """A polynomial of a matrix is the same polynomial of its eigenvalues."""
    matrix = covariance(random(1, 4, 5, 5))
    values, vectors = torch.linalg.eigh(matrix[0])
    y, z = values / values.sum(), torch.ones_like(values)
    for _ in range(5):
        y, z = y * (3 - z * y) / 2, (3 - z * y) * z / 2
    expected = vectors * (values.sum().sqrt() * y) @ vectors.T
    torch.testing.assert_close(square_root(matrix)[0], expected)


def test_gradients():
    assert torch.autograd.gradcheck(lambda x: square_root(covariance(x)), random(2, 3, 2, 3).requires_grad_())
    layer = SecondOrderAttention(3, 1).double()
    assert torch.autograd.gradcheck(layer, random(2, 3, 3, 2).requires_grad_())


@pytest.mark.parametrize(("size", "value"), [((1, 1), 0.0), ((1, 1), 200.0), ((1, 2), 0.3), ((4, 4), 0.3)])
def test_what_does_not_vary_has_finite_gradients(size, value):
    layer = SecondOrderAttention(16, 2)
    x = torch.full((2, 16, *size), value, requires_grad=True)
    result = layer(x)
    result.sum().backward()
    # The factors are those of a covariance of 0.
    torch.testing.assert_close(result, x * layer.conv_du(torch.zeros(2, 16, 1, 1)))
    assert x.grad is not None and x.grad.isfinite().all()


def test_large_halves_do_not_overflow():
    """Squares of 1000 exceed float16; pooling is in single precision."""
    layer = SecondOrderAttention(4, 1)
    x = 1000 * random(1, 4, 5, 5).float()
    torch.testing.assert_close(layer.half()(x.half()).float(), layer.float()(x.half().float()), rtol=2e-2, atol=0.5)


def test_autocast_does_not_shorten_the_covariance():
    layer, x = SecondOrderAttention(8, 2), random(2, 8, 6, 6).float()
    seen = []
    layer.conv_du.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        layer(x)
    torch.testing.assert_close(seen[1], seen[0], rtol=0, atol=0)


def test_reduction_that_leaves_no_channel():
    with pytest.raises(OptionsError, match=r"reduction is 5; expected 1 to 4 \(features\)\."):
        SecondOrderAttention(4, 5)
