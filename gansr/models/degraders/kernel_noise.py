"""The probabilistic degradation model: a blur kernel and noise, each drawn by a small network."""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansr.errors import OptionsError
from gansr.imaging.filters import blur, full_precision, gaussian
from gansr.imaging.jpeg import compress
from gansr.imaging.resize import surround
from gansr.models.degraders.degraded import Degraded
from gansr.models.features.precision import without_autocast
from gansr.models.layers.blocks.residual import Residual
from gansr.models.layers.checks import check_positive

Norm = Literal["batch", "none"]
NORMS = {"batch": nn.BatchNorm2d, "none": nn.Identity}
Phase = Literal["centre", "corner"]
BLOCK = 16  # of JPEG, with colours at half the resolution


class KernelNoise(nn.Module):
    """Blur by a kernel, shrink, add noise: LR = (HR * k) at every scale-th pixel + n (PDM-SR, Luo et al. 2022, eq. 3).

    (B, 3, H, W) in [0, 1] -> `Degraded`: LR (B, 3, H/scale, W/scale), the kernels (B, k, k) and the noise. k is the
    softmax of what a network of 1x1 convolutions makes of a normal code z, one kernel for each image; n is white noise
    of a level that is learned for each channel, and what a network of 3x3 convolutions makes of that noise and of the
    blurred LR, through which no gradient goes back to the kernel. All is drawn anew for each image, from PyTorch's
    random numbers.

    The sizes are those of the authors' code (`greatlog/UnpairedSR`). Eight things are not as there:

    * The kernel begins as a narrow Gaussian, in the logarithm. There its centre begins with logit 1 among 440 zeros,
      which the softmax makes 0.6 %: a blur over 21x21 pixels, out of which training has to find first.
    * There is noise from the first step, and the kernel learns more slowly than it: `start_noise`, `kernel_pace`. Where
      real images are noisy and made ones not yet, the sharpest kernel looks most real, and a softmax that has become a
      single point has no gradient to come back by.
    * Kernels are smooth: what the network adds to the logits is blurred, since the optics that it stands for have no
      isolated points. Without, in two of three runs of a trial, it became four points that a discriminator liked.
    * Noise is noise: with `centred` only what changes its sign with the white noise is taken of the network, so that
      the mean of n is 0 at each pixel, whatever is seen there. Else n can carry what is no noise: of 20 real photos it
      learned to shift colours by three levels. Where noise was clipped to 0..255, as in a trial, it costs 0.1 dB.
    * Kernels are symmetric, k(x) = k(-x), unless `symmetric` is false. Nothing in unpaired images tells a kernel from
      the same one shifted, so it would drift, and LR with it, while HR stays where it is.
    * LR pixels lie where bicubic reduction has them, in the middle of scale x scale HR pixels. For even scales that
      takes an even number of taps, `kernel` - 1. With phase: corner they lie on each first pixel, as there.
    * Where real LR is JPEG, made LR may be: `jpeg`. Blocks begin anywhere in a crop, as in crops of real LR. Gradients
      pass it as if rounding were soft (Shin and Song 2017).
    * No normalisation. Theirs is over the batch: it ties the kernels of a batch to each other, and needs two of them.

    Args:
        scale: HR pixels for each LR pixel, along one side
        kernel: side of the kernel in HR pixels, odd
        kernel_features: channels of the network that draws kernels
        kernel_blocks: its residual blocks
        kernel_codes: numbers in the code of an image
        noise_features: channels of the network that draws noise
        noise_blocks: its residual blocks
        noise_codes: numbers drawn for each pixel, at least one for each channel
        start_width: sigma of the first kernel, in HR pixels
        start_noise: deviation of the first noise, in levels of 255
        kernel_pace: factor on what the network adds to the first kernel's logits
        smoothness: sigma of a Gaussian, in HR pixels, that blurs what the network adds to the logits; 0: it does not
        centred: is the mean of the noise 0 at each pixel? It takes the noise network's time twice
        symmetric: are kernels symmetric about their centre?
        phase: where LR pixels lie
        jpeg: range of the quality, 1..100, of the JPEG that comes last; measured: as the run's real LR has; null: none
        norm: after the first convolution, and within residual blocks
        channels: of the images

    Raises:
        OptionsError: a number below 1, a kernel that is even or smaller than twice the scale, a width below 0.1, or
            qualities that are no range in 1..100 or of images without three channels.
    """

    start: Tensor

    def __init__(
        self,
        scale: int,
        kernel: int = 21,
        kernel_features: int = 64,
        kernel_blocks: int = 8,
        kernel_codes: int = 3,
        noise_features: int = 64,
        noise_blocks: int = 8,
        noise_codes: int = 3,
        start_width: float = 0.7,
        start_noise: float = 5.0,
        kernel_pace: float = 0.2,
        smoothness: float = 1.0,
        centred: bool = True,
        symmetric: bool = True,
        phase: Phase = "centre",
        jpeg: tuple[float, float] | Literal["measured"] | None = None,
        norm: Norm = "none",
        channels: int = 3,
    ) -> None:
        super().__init__()
        check_positive(
            "kernel_noise", kernel_features=kernel_features, kernel_codes=kernel_codes,
            noise_features=noise_features, noise_codes=noise_codes, channels=channels,
        )  # fmt: skip
        if kernel % 2 == 0 or kernel < 2 * scale + 1:
            raise OptionsError(
                f"kernel_noise: kernel is {kernel}; expected an odd number, at least {2 * scale + 1} at scale {scale}."
            )
        if start_width < 0.1:
            raise OptionsError(f"kernel_noise: start_width is {start_width:g} HR pixels; expected at least 0.1.")
        if noise_codes < channels or start_noise < 0 or kernel_pace <= 0:
            raise OptionsError(
                f"kernel_noise: noise_codes is {noise_codes}, start_noise {start_noise:g} and kernel_pace "
                f"{kernel_pace:g}; expected at least {channels}, at least 0, and more than 0."
            )
        if jpeg == "measured":
            raise OptionsError(
                "kernel_noise: jpeg is measured, for which it takes a run with real LR; expected numbers."
            )
        if jpeg is not None and not (1 <= jpeg[0] <= jpeg[1] <= 100 and channels == 3):
            raise OptionsError(
                f"kernel_noise: jpeg is {list(jpeg)}, of {channels} channels; expected qualities in 1..100, the lower "
                f"one first, and 3 channels."
            )
        self.scale, self.symmetric, self.kernel_pace, self.jpeg = scale, symmetric, kernel_pace, jpeg
        self.centred = centred
        self.kernel_codes, self.noise_codes = kernel_codes, noise_codes
        self.smooth = gaussian(2 * math.ceil(3 * smoothness) + 1, smoothness) if smoothness else None
        self.taps = kernel - 1 if phase == "centre" and scale % 2 == 0 else kernel
        self.margin = (self.taps - scale) // 2 if phase == "centre" else kernel // 2
        self.kernel_net = _network(kernel_codes, self.taps**2, kernel_features, kernel_blocks, 1, norm)
        self.noise_net = _network(channels + noise_codes, channels, noise_features, noise_blocks, 3, norm)
        self.register_buffer("start", _gaussian_logits(self.taps, start_width), persistent=False)
        self.noise_level = nn.Parameter(torch.full((channels, 1, 1), start_noise / 255))

    def forward(self, hr: Tensor) -> Degraded:
        """(B, C, H, W) -> LR (B, C, H/scale, W/scale), with the kernels and the noise that made it."""
        kernel = self.kernel(torch.randn(len(hr), self.kernel_codes, 1, 1, device=hr.device))
        blurred = self.blur(hr, kernel)
        code = torch.randn(len(hr), self.noise_codes, *blurred.shape[-2:], device=hr.device)
        noise = self.noise(blurred.detach(), code)
        lr = blurred + noise
        return Degraded(lr if self.jpeg is None else compressed(lr, self.jpeg), kernel, noise)

    def kernel(self, code: Tensor) -> Tensor:
        """Codes (B, kernel_codes, 1, 1) -> kernels (B, k, k) that add up to 1."""
        added = full_precision(self.kernel_net(code)).view(-1, 1, self.taps, self.taps)
        if self.smooth is not None:
            added = blur(added, self.smooth)
        logits = self.start + self.kernel_pace * added.flatten(1)
        if self.symmetric:
            logits = (logits + logits.flip(1)) / 2
        return logits.softmax(1).view(-1, self.taps, self.taps)

    def blur(self, hr: Tensor, kernel: Tensor) -> Tensor:
        """Correlate each image with its kernel, at the places of LR pixels alone; mirrored at the border."""
        batch, channels, height, width = hr.shape
        planes = batch * channels
        weights = kernel[:, None].expand(-1, channels, -1, -1).reshape(planes, 1, self.taps, self.taps)
        # One group for each plane, contiguous: PyTorch has kernels of its own for those, in full float32, while cuDNN's
        # convolutions have 10 bits (TF32), as matrix products may, and autocast's 7.
        with without_autocast(hr):
            around = surround(full_precision(hr), self.margin)
            around = around.reshape(1, planes, *around.shape[-2:]).contiguous()
            blurred = F.conv2d(around, weights.to(around.dtype), stride=self.scale, groups=planes)
        return blurred.view(batch, channels, height // self.scale, width // self.scale)

    def noise(self, blurred: Tensor, code: Tensor) -> Tensor:
        """Blurred LR (B, C, h, w) and codes (B, noise_codes, h, w) -> noise (B, C, h, w); at first it is white."""
        white = code.to(blurred.dtype)
        if self.centred:
            one, other = self.noise_net(
                torch.cat([torch.cat([blurred, white], 1), torch.cat([blurred, -white], 1)])
            ).chunk(2)
            shaped = (full_precision(one) - full_precision(other)) / 2
        else:
            shaped = full_precision(self.noise_net(torch.cat([blurred, white], 1)))
        return self.noise_level * code[:, : blurred.shape[1]] + shaped


def compressed(image: Tensor, quality: tuple[float, float]) -> Tensor:
    """JPEG of (B, 3, H, W), each image with a quality of its own; blocks begin at a random place, the same for all."""
    qualities = quality[0] + (quality[1] - quality[0]) * torch.rand(len(image), device=image.device)
    first = torch.randint(BLOCK, (2,), device=image.device)  # of the image within its first block
    before, after = [], []
    for side, offset in zip(image.shape[-2:], first, strict=True):
        places = torch.arange(side + BLOCK - 1, device=image.device) - offset
        before.append(places.clamp(0, side - 1))
        after.append(torch.arange(side, device=image.device) + offset)
    whole = full_precision(image).clamp(0, 1)[..., before[0], :][..., before[1]]
    soft = compress(whole, qualities, tables="libjpeg", differentiable=True)
    hard = compress(whole.detach(), qualities, tables="libjpeg")
    coded = soft + (hard - soft).detach()  # the gradient of the one, the numbers of the other
    return coded[..., after[0], :][..., after[1]]


def _network(inputs: int, outputs: int, features: int, blocks: int, size: int, norm: Norm) -> nn.Sequential:
    """A convolution, residual blocks, and a 1x1 convolution that begins with 0."""

    def convolution(first: int, second: int) -> nn.Conv2d:
        return nn.Conv2d(first, second, size, padding=size // 2)

    layer = NORMS[norm]
    network = nn.Sequential(
        convolution(inputs, features),
        layer(features),
        nn.ReLU(inplace=True),
        *(
            Residual(convolution(features, features), layer(features), nn.ReLU(True), convolution(features, features))
            for _ in range(blocks)
        ),
        nn.Conv2d(features, outputs, 1),
    )
    last = network[-1]
    assert isinstance(last, nn.Conv2d) and last.bias is not None
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return network


def _gaussian_logits(taps: int, width: float) -> Tensor:
    """(taps * taps,): -r^2 / (2 sigma^2) around the middle."""
    centre = (taps - 1) / 2
    squares = [(row - centre) ** 2 + (column - centre) ** 2 for row in range(taps) for column in range(taps)]
    return torch.tensor([-square / (2 * width**2) for square in squares])
