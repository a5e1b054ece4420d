"""Channel attention: how much each map counts, by its mean."""

from torch import Tensor, nn

from gansr.errors import OptionsError


class ChannelAttention(nn.Module):
    """Each channel times a factor in (0, 1) that two layers draw from all channels' means (Zhang et al. 2018, RCAN).

    s = sigmoid(W_u relu(W_d mean(x))), x * s (equations 9 to 11). Names of weights are those of the authors' code.

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
        """(B, features, H, W) -> the same shape."""
        return x * self.conv_du(x.mean((-2, -1), keepdim=True))


def excitation(features: int, reduction: int = 16) -> nn.Sequential:
    """What makes factors in (0, 1) of one number a channel: (B, features, 1, 1) -> the same shape.

    A layer of features / reduction channels, ReLU, a layer of all channels, sigmoid (Hu et al. 2018, equation 3).

    Raises:
        OptionsError: a reduction that leaves no channel.
    """
    if not 1 <= reduction <= features:
        raise OptionsError(f"channel attention: reduction is {reduction}; expected 1 to {features} (features).")
    return nn.Sequential(
        nn.Conv2d(features, features // reduction, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(features // reduction, features, 1),
        nn.Sigmoid(),
    )
