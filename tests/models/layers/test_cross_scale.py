import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.layers.attention.cross_scale import CrossScaleAttention, InScaleAttention


def random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.double)


def by_image(layer: CrossScaleAttention, x: Tensor) -> Tensor:
    """Image by image, with patches as kernels of convolutions, as Mei et al. describe it."""
    factor, side, results = layer.factor, 3 * layer.factor, []
    for image in x.split(1):
        small = layer.conv_match_2(F.interpolate(image, scale_factor=1 / factor, mode="bilinear"))
        padded = F.pad(small, (1, 1, 1, 1))
        large = F.pad(layer.conv_assembly(image), (factor,) * 4)
        places = [(row, column) for row in range(small.shape[2]) for column in range(small.shape[3])]
        keys = torch.stack([padded[0, :, row : row + 3, column : column + 3] for row, column in places])
        keys = keys / keys.flatten(1).norm(dim=1).clamp(min=1e-4)[:, None, None, None]
        patches = torch.stack(
            [large[0, :, row * factor :, column * factor :][:, :side, :side] for row, column in places]
        )
        similar = F.softmax(10 * F.conv2d(layer.conv_match_1(image), keys, padding=1), dim=1)
        results.append(F.conv_transpose2d(similar, patches, stride=factor, padding=factor) / 6)
    return torch.cat(results)


@pytest.mark.parametrize(("factor", "size"), [(2, (4, 6)), (2, (2, 2)), (3, (6, 3))])
def test_batched_equals_image_by_image(factor, size):
    layer, x = CrossScaleAttention(4, factor).double(), random(2, 4, *size)
    result = layer(x)
    assert result.shape == (2, 4, factor * size[0], factor * size[1])
    torch.testing.assert_close(result, by_image(layer, x))


def test_black_has_finite_gradients():
    layer = CrossScaleAttention(2, 2)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    x = torch.zeros(1, 2, 4, 4, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad is not None and x.grad.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())


def test_gradients():
    assert torch.autograd.gradcheck(CrossScaleAttention(2, 2).double(), random(1, 2, 2, 4).requires_grad_())


def test_in_scale_attention():
    layer, x = InScaleAttention(4).double(), random(2, 4, 3, 2)
    query, key, value = (f(x).flatten(2) for f in (layer.conv_match1, layer.conv_match2, layer.conv_assembly))
    weights = torch.einsum("bci,bcj->bij", query, key).softmax(2)
    torch.testing.assert_close(layer(x), torch.einsum("bij,bcj->bci", weights, value).reshape(2, 4, 3, 2))
