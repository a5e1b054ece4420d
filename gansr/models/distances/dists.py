"""DISTS: structure and texture of features, compared by their means and correlations."""

from pathlib import Path

import torch
from torch import Tensor, nn

from gansr.errors import WeightsError
from gansr.models import weights as files
from gansr.models.distances.lpips import package_file
from gansr.models.features.dists_network import dists_network
from gansr.models.features.lens import Lens, Lenses
from gansr.models.features.precision import at_least_single

CHANNELS = {"relu1_2": 64, "relu2_2": 128, "relu3_3": 256, "relu4_3": 512, "relu5_3": 512}
"""Layers that are compared after the image itself, with the number of their channels."""

EPS = 1e-6
"""c1 and c2 of the paper: keep the quotients finite where a map is constant or zero."""


class DISTS(nn.Module):
    """1 - sum over layers and channels of alpha * similarity of means + beta * similarity of structure.

    Args:
        lens: VGG-16 with L2 pooling; has all layers of `CHANNELS`
        alpha, beta: (1, 1475, 1, 1), weights of texture and structure for 3 colours and then the layers' channels;
            scaled here so that all together sum to 1
    """

    alpha: Tensor
    beta: Tensor

    def __init__(self, lens: Lens, alpha: Tensor, beta: Tensor) -> None:
        super().__init__()
        self.lens = lens.need(tuple(CHANNELS))
        total = alpha.sum() + beta.sum()
        self.register_buffer("alpha", alpha / total, persistent=False)
        self.register_buffer("beta", beta / total, persistent=False)

    def forward(self, sr: Tensor, target: Tensor) -> Tensor:
        """Distance of `sr` to `target`, (B, 3, H, W) both; no gradient reaches `target`."""
        found, wanted = self.lens.pair(sr, target)
        pairs = [(sr, target.detach()), *((found[layer], wanted[layer]) for layer in CHANNELS)]
        differences = [differ(at_least_single(one), at_least_single(other)) for one, other in pairs]
        texture = torch.cat([texture for texture, _ in differences], dim=1)
        structure = torch.cat([structure for _, structure in differences], dim=1)
        return (self.alpha * texture + self.beta * structure).sum(1).mean()


def differ(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """1 - the similarities of texture (means) and of structure (covariance), (B, C, 1, 1) each: 0 for equal maps.

    In this form, (m - n)^2 / (m^2 + n^2 + c) and var(x - y) / (var x + var y + c), nothing cancels: 1 minus a
    similarity close to 1 would leave only rounding.
    """
    one_mean, other_mean = one.mean((2, 3), keepdim=True), other.mean((2, 3), keepdim=True)
    texture = (one_mean - other_mean).square() / (one_mean.square() + other_mean.square() + EPS)
    one, other = one - one_mean, other - other_mean
    variances = one.square().mean((2, 3), keepdim=True) + other.square().mean((2, 3), keepdim=True)
    return texture, (one - other).square().mean((2, 3), keepdim=True) / (variances + EPS)


def dists_of(weights: str, alpha_beta: str, lenses: Lenses | None = None) -> DISTS:
    """DISTS, Ding et al. 2020, of images in the size that they have.

    alpha and beta are the file that torchmetrics carries. Its own DISTS is not used: it can only download its
    backbone, builds it anew in each call, and in float32 its 1 - similarity of nearly equal images is all rounding.

    Args:
        weights: of VGG-16: imagenet (torchvision's download), random, or the path of a file in torchvision's layout
        alpha_beta: package (the published weights of channels), or the path of a file with `alpha` and `beta`
        lenses: shares the network with others

    Raises:
        WeightsError: weights, alpha or beta cannot be had or do not fit.
    """

    def make(layers: tuple[str, ...]) -> nn.Module:
        return dists_network(layers, weights)

    lens = lenses.lens(("vgg16 with L2 pooling", weights), make) if lenses is not None else Lens(make)
    return DISTS(lens, *read_weights(alpha_beta))


def read_weights(alpha_beta: str) -> tuple[Tensor, Tensor]:
    """alpha and beta, (1, 1475, 1, 1) each, on the default device.

    Raises:
        WeightsError: there is no such file, or it holds something else.
    """
    path = package_file("dists_models/weights.pt") if alpha_beta == "package" else Path(alpha_beta)
    state = files.read(path).state
    shape = (1, 3 + sum(CHANNELS.values()), 1, 1)
    for name in ("alpha", "beta"):
        if name not in state or state[name].shape != shape:
            found = f"has the shape {list(state[name].shape)}" if name in state else "is absent"
            raise WeightsError(f"{path}: these are not the weights of DISTS: {name} {found}; expected {list(shape)}.")
    device = torch.get_default_device()
    return state["alpha"].to(device), state["beta"].to(device)
