"""Each pixel from all pixels that look like it."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class NonLocal(nn.Module):
    """x + W y, where y_i = sum_j softmax_j(theta_i . phi_j) g_j: an embedded Gaussian (Wang et al. 2018, eq. 3, 6).

    theta, phi, g and W are 1x1 convolutions, W zero at first, so that the block begins as the identity. The work is
    quadratic in the pixels, unless `regions` divides the map, or `most_keys` bounds what each pixel is compared with.
    The weights of all pairs are held in memory only where PyTorch has no fused attention. Names of weights are those of
    the paper's formulas and of SAN's code.

    Args:
        features: channels
        inner: channels of theta, phi and g
        regions: the map is cut into so many rows and as many columns of regions, each on its own (Dai et al. 2019,
            SAN, section 3.2, which has 2)
        most_keys: phi and g of larger maps are max-pooled (Wang et al. 2018, section 3.3) by the least whole factor
            that leaves no more rows, and columns, than this; omitted: never
    """

    def __init__(self, features: int, inner: int, regions: int = 1, most_keys: int | None = None) -> None:
        super().__init__()
        self.regions, self.most_keys = regions, most_keys
        self.g = nn.Conv2d(features, inner, 1)
        self.W = nn.Conv2d(inner, features, 1)
        self.theta = nn.Conv2d(features, inner, 1)
        self.phi = nn.Conv2d(features, inner, 1)
        nn.init.zeros_(self.W.weight)
        nn.init.zeros_(self.W.bias)  # pyright: ignore[reportArgumentType]

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) -> the same shape."""
        query, key, value = self.theta(x), self.phi(x), self.g(x)
        rows, columns = (_parts(side, self.regions) for side in x.shape[-2:])
        attended = torch.cat(
            [
                torch.cat([self._attend(*(t[..., row, column] for t in (query, key, value))) for column in columns], -1)
                for row in rows
            ],
            dim=-2,
        )
        return x + self.W(attended)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Three (B, inner, h, w) -> one."""
        if self.most_keys is not None:
            window = [-(-side // self.most_keys) for side in key.shape[-2:]]
            key, value = (F.max_pool2d(t, window, ceil_mode=True) for t in (key, value))
        return attend(query, key, value)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """For each pixel of `query` the mean of `value`, weighted by the softmax of its products with `key`, unscaled.

    (B, C, H, W), (B, C, h, w), (B, D, h, w) -> (B, D, H, W).
    """
    # PyTorch's fused kernels, which keep no matrix of all pairs, want a dimension for heads, and channels side by side.
    q, k, v = (t.flatten(2).transpose(1, 2).contiguous()[:, None] for t in (query, key, value))  # (B, 1, H * W, C)
    attended = F.scaled_dot_product_attention(q, k, v, scale=1.0)
    return attended[:, 0].transpose(1, 2).unflatten(2, query.shape[-2:])


def _parts(side: int, number: int) -> list[slice]:
    """Cuts a side into so many parts, or fewer where it is shorter; the last ones get what is left over."""
    ends = [side * part // number for part in range(number + 1)]
    return [slice(start, end) for start, end in pairwise(ends) if end > start]
