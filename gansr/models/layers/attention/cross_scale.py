"""Each patch's large version, made of the large patches whose small versions look like it."""

from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.features.precision import at_least_single, without_autocast
from gansr.models.layers.attention.non_local import attend

SIDE = 3
"""Of the patches that are compared, in pixels."""
SHARPNESS = 10.0
"""Similarities are multiplied by this before the softmax."""
OVERLAP = 6.0
"""What sums of overlapping patches are divided by. It is the authors' number, although 9 patches meet."""
LEAST_NORM = 1e-4


class CrossScaleAttention(nn.Module):
    """Enlarges maps by what they show at another size (CS-NL attention; Mei et al. 2020, CSNLN).

    Patches of 3x3 are compared with those of the map shrunk by `factor` (bilinear), which are normalised to length 1:
    s_ij = softmax_j(10 * query_i . key_j / |key_j|). In the place of each patch comes the mean, weighted by s, of the
    patches of 3 * factor pixels that the keys show small; where such patches overlap they are added, and divided by 6.

    All pairs of pixels and keys are in memory: (H * W)^2 / factor^2 numbers for each image, and as many products of
    9 * factor^2 * features. Names of weights, and the numbers above, are those of the authors' code (`attention.py`).

    Args:
        features: channels; half of them are compared
        factor: of the enlargement, which divides both sides of the map
    """

    def __init__(self, features: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.conv_match_1 = projection(features, matched(features))
        self.conv_match_2 = projection(features, matched(features))
        self.conv_assembly = projection(features, features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) -> (B, features, factor * H, factor * W)."""
        height, width = x.shape[-2:]
        factor = self.factor
        small = F.interpolate(x, size=(height // factor, width // factor), mode="bilinear", align_corners=False)
        queries = F.unfold(self.conv_match_1(x), SIDE, padding=1)  # (B, matched * 9, H * W)
        keys = F.unfold(self.conv_match_2(small), SIDE, padding=1)  # (B, matched * 9, keys)
        large = F.unfold(self.conv_assembly(x), SIDE * factor, padding=factor, stride=factor)  # (B, ..., keys)
        size = (factor * height, factor * width)
        return F.fold(large @ _weights(keys, queries), size, SIDE * factor, padding=factor, stride=factor) / OVERLAP


def _weights(keys: Tensor, queries: Tensor) -> Tensor:
    """(B, C, keys), (B, C, queries) -> (B, keys, queries): what each key counts for a query.

    In at least single precision: of a logit near 100, which is common, a half keeps steps of 0.06 and bfloat16 of 0.5.
    """
    with without_autocast(keys):
        normed = F.normalize(at_least_single(keys), dim=1, eps=LEAST_NORM)
        similar = SHARPNESS * (normed.transpose(1, 2) @ at_least_single(queries))
        return similar.softmax(1).to(queries.dtype)


class InScaleAttention(nn.Module):
    """Each pixel from all pixels that look like it: no more than that, so nothing is added (Mei et al. 2020, CSNLN).

    An embedded Gaussian as in `NonLocal`, with PReLUs, half the channels compared and all of them averaged. Names of
    weights are those of the authors' `NonLocalAttention`.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv_match1 = projection(features, matched(features))
        self.conv_match2 = projection(features, matched(features))
        self.conv_assembly = projection(features, features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) -> the same shape."""
        return attend(self.conv_match1(x), self.conv_match2(x), self.conv_assembly(x))


def projection(inputs: int, outputs: int) -> nn.Sequential:
    """What looks at each pixel alone: (B, inputs, H, W) -> (B, outputs, H, W)."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.PReLU())


def matched(features: int) -> int:
    """How many channels are compared."""
    return max(features // 2, 1)
