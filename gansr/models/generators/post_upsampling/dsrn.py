"""The dual-state recurrent network."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.layers.blocks.residual import plain_residual
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_residual, check_scale
from gansr.models.layers.resizing import bicubic
from gansr.models.shapes import Shapes, channels

SCALES = (2, 3, 4, 8)


class DSRN(nn.Module):
    """DSRN: a state at each of two sizes, which inform each other again and again (Han et al. 2018).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear. In each step the small state
    goes through a residual block and takes in the large one, shrunk (delayed feedback); the large one goes through
    another and takes in the small one, enlarged. A 1x1 convolution makes of the large state after each step what is
    added to the bicubically enlarged input, and the mean of these images is the result. The authors supervise the mean
    alone; with `intermediate` losses see each of them.

    After the authors' TensorFlow code (WeiHan3/dsrn, model_recurrent_s2_u128_avg_t7.py; data.py makes the targets
    residuals), which has x2: means of pixels shrink, a transposed convolution without overlap enlarges. Here both have
    the scale for a factor.

    Args:
        scale: 2, 3, 4 or 8
        features: channels of both states
        steps: of the unrolled recurrence, T; in the first there is no large state yet
        in_channels: of the small image
        out_channels: of the large image, as many

    Raises:
        OptionsError: an unknown scale, a number below 1, an odd number of features, fewer than three steps, or other
            channels out than in.
    """

    def __init__(
        self, scale: int, features: int = 128, steps: int = 7, in_channels: int = 3, out_channels: int = 3
    ) -> None:
        super().__init__()
        check_scale("dsrn", scale, SCALES)
        check_positive("dsrn", features=features, in_channels=in_channels, out_channels=out_channels)
        check_residual("dsrn", in_channels, out_channels)
        if steps < 3:
            raise OptionsError(f"dsrn: steps is {steps}; expected at least 3, so that both states go on once.")
        if features % 2:
            raise OptionsError(f"dsrn: features is {features}; expected an even number.")
        self.scale, self.steps = scale, steps
        self.input = nn.Sequential(
            nn.Conv2d(in_channels, features // 2, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(features // 2, features, 3, padding=1),
        )
        self.small = Chain(plain_residual(features))
        self.large = Chain(plain_residual(features))
        self.up = nn.ConvTranspose2d(features, features, scale, stride=scale)
        self.output = nn.Conv2d(features, out_channels, 1)

    def forward(self, lr: Tensor, intermediate: bool = False) -> Tensor | list[Tensor]:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W), or with it the image after each step."""
        enlarged = bicubic(lr, self.scale)
        small, large, images = F.relu(self.input(lr)), None, []
        for _ in range(self.steps - 1):
            next_small, next_large = self.small(small), self.up(small)
            if large is not None:
                next_small = next_small + F.avg_pool2d(large, self.scale)
                next_large = next_large + self.large(large)
            small, large = F.relu(next_small), F.relu(next_large)
            images.append(enlarged + self.output(large))
        sr = sum(images[1:], images[0]) / len(images)
        return [*images, sr] if intermediate else sr

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """The kernel that enlarges tells the scale; the number of steps is not in the weights."""
        features = shapes["output.weight"][1]
        sizes = {"features": features, "steps": 7}
        return shapes["up.weight"][-1], sizes | channels(shapes["input.0.weight"][1], shapes["output.weight"][0])
