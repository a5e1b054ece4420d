"""The layers of CycleGAN's residual network, for a generator and for a degrader."""

from typing import Literal

from torch import Tensor, nn

from gansr.imaging.resize import surround
from gansr.models.layers.blocks.residual import Residual
from gansr.models.layers.chain import Chain
from gansr.models.layers.upsampling import Interpolation

Enlarging = Literal["transposed", "resize"]
HALVINGS = 2
LEAST = 8
"""Pixels a side, so that instance normalisation has more than one value after two halvings."""


def cyclegan_layers(inputs: int, outputs: int, features: int, blocks: int, upsampling: Enlarging) -> Chain:
    """c7s1-64, d128, d256, residual blocks, u128, u64, c7s1-3 and tanh (Zhu et al. 2017, appendix 7.2).

    (B, inputs, H, W) in [-1, 1] -> (B, outputs, H, W) in (-1, 1); sides that 4 divides, from 8 on. Under the name
    model, weights have the names of the authors' code (`junyanz/pytorch-CycleGAN-and-pix2pix`), and begin as there:
    normal, of deviation 0.02. Instance normalisation has no weights, so convolutions have biases.

    Args:
        inputs: channels
        outputs: channels
        features: channels of the first layer, doubled by each halving
        blocks: residual blocks
        upsampling: transposed: convolutions with a kernel of 3, as the authors', which can leave a checkerboard;
            resize: nearest neighbour and a convolution, which cannot (Odena et al. 2016)
    """
    layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, features, 7), *_normalised(features)]
    width = features
    for _ in range(HALVINGS):
        layers += [nn.Conv2d(width, 2 * width, 3, 2, padding=1), *_normalised(2 * width)]
        width *= 2
    layers += [_block(width) for _ in range(blocks)]
    for _ in range(HALVINGS):
        layers += [_doubling(width, upsampling), *_normalised(width // 2)]
        width //= 2
    model = Chain(*layers, nn.ReflectionPad2d(3), nn.Conv2d(features, outputs, 7), nn.Tanh())
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
    return model


def translate(model: nn.Module, image: Tensor) -> Tensor:
    """An image in [0, 1] through such layers: (B, C, H, W) -> (B, C, H, W) in (0, 1).

    Sides that do not fit are extended by mirrored pixels, and the result is cut.
    """
    height, width = image.shape[-2:]
    bottom, right = (max(side + -side % 2**HALVINGS, LEAST) - side for side in (height, width))
    extended = image
    if bottom or right:
        around = max(bottom, right)
        extended = surround(image, around)[..., around : around + height + bottom, around : around + width + right]
    return (model(2 * extended - 1)[..., :height, :width] + 1) / 2


def _normalised(features: int) -> list[nn.Module]:
    return [nn.InstanceNorm2d(features), nn.ReLU()]


def _block(features: int) -> Residual:
    half = [nn.ReflectionPad2d(1), nn.Conv2d(features, features, 3)]
    other = [nn.ReflectionPad2d(1), nn.Conv2d(features, features, 3)]
    return Residual(conv_block=nn.Sequential(*half, *_normalised(features), *other, nn.InstanceNorm2d(features)))


def _doubling(features: int, upsampling: Enlarging) -> nn.Module:
    if upsampling == "transposed":
        return nn.ConvTranspose2d(features, features // 2, 3, 2, padding=1, output_padding=1)
    return nn.Sequential(Interpolation(2, "nearest"), nn.Conv2d(features, features // 2, 3, padding=1))
