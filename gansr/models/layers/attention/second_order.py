"""Channel attention by how channels vary together, not by their means alone."""

import torch
from torch import Tensor, nn

from gansr.models.features.precision import at_least_single, without_autocast
from gansr.models.layers.attention.channel import excitation

STEPS = 5
"""Newton-Schulz steps, as many as in the authors' code: enough for the large eigenvalues, and no more than that."""
LEAST_TRACE = 1e-12
"""Channels that vary less than this do not vary: one pixel, or a map of one colour."""


class SecondOrderAttention(nn.Module):
    """Each channel times a factor in (0, 1) drawn from all channels' covariance (Dai et al. 2019, SAN, section 3.3).

    The covariance's square root Y is averaged over its rows, z_c = mean_k Y_kc, and then goes the way of channel
    attention: s = sigmoid(W_u relu(W_d z)), x * s. The root gives large variances less of a say. The authors' code
    looks at no more than the middle of a large map (1000x1000, in a later version 200x200 pixels), because it
    multiplies by a matrix of pixels x pixels; here the cost is linear in the pixels, and every pixel counts.
    Covariance and root are computed in at least single precision. Names of weights are those of the authors' code.

    Args:
        features: channels
        reduction: the hidden layer has 1/reduction of them

    Raises:
        OptionsError: a reduction that leaves no channel.
    """

    def __init__(self, features: int, reduction: int = 16) -> None:
        super().__init__()
        self.conv_du = excitation(features, reduction)

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) -> the same shape. One pixel has no covariance: there z is 0."""
        with without_autocast(x):
            pooled = square_root(covariance(at_least_single(x))).mean(1)  # (B, features)
        return x * self.conv_du(pooled.to(x.dtype)[..., None, None])


def covariance(x: Tensor) -> Tensor:
    """Of the channels over all pixels, divided by their number: (B, C, H, W) -> (B, C, C)."""
    values = x.flatten(2)
    centred = values - values.mean(2, keepdim=True)
    return centred @ centred.transpose(1, 2) / values.shape[2]


def square_root(matrices: Tensor, steps: int = STEPS) -> Tensor:
    """Of positive semidefinite matrices, by coupled Newton-Schulz iteration (Li et al. 2018, iSQRT-COV): (B, C, C).

    Y_n = Y_(n-1) (3 I - Z_(n-1) Y_(n-1)) / 2 and Z_n = (3 I - Z_(n-1) Y_(n-1)) Z_(n-1) / 2, from Y_0 = A / tr(A) and
    Z_0 = I, converge to the root of Y_0 and its inverse, since the trace bounds the eigenvalues by 1. Times the root
    of the trace, Y is the root of A. Nothing but products: autograd differentiates it, and no eigenvalues are divided
    by, whose differences may be 0. Eigenvalues below about 2.25^-steps of the trace remain smaller than their root.
    """
    # Of 0 the root has no finite gradient. With a least trace it is a constant there, and all that follows is 0.
    trace = matrices.diagonal(dim1=1, dim2=2).sum(1)[:, None, None].clamp(min=LEAST_TRACE)
    three = 3 * torch.eye(matrices.shape[1], dtype=matrices.dtype, device=matrices.device)
    root = matrices / trace
    half = (three - root) / 2
    root, inverse = root @ half, half
    for step in range(1, steps):
        half = (three - inverse @ root) / 2
        root = root @ half
        if step < steps - 1:
            inverse = half @ inverse
    return root * trace.sqrt()
