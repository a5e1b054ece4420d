"""Operations that make real-world LR of HR, by name: makers of functions of a canvas and the batch's randomness."""

from collections.abc import Callable

from gansr.data.degradations import learned
from gansr.data.degradations.blurs import blur
from gansr.data.degradations.canvas import Operation
from gansr.data.degradations.looks import colour, jpeg, sharpen
from gansr.data.degradations.noises import bank, noise, patches
from gansr.data.degradations.sizes import resize

OPERATIONS: dict[str, Callable[..., Operation]] = {
    "blur": blur.blur,
    "gaussian": blur.gaussian,
    "bsrgan_blur": blur.bsrgan_blur,
    "sinc": blur.sinc,
    "motion": blur.motion,
    "defocus": blur.defocus,
    "kernel_bank": blur.kernel_bank,
    "sharpen": sharpen.sharpen,
    "resize": resize.resize,
    "resize_to_scale": resize.resize_to_scale,
    "shrink": resize.shrink,
    "decimate": resize.decimate,
    "matlab_bicubic": resize.matlab_bicubic,
    "gaussian_noise": noise.gaussian_noise,
    "poisson_noise": noise.poisson_noise,
    "gaussian_or_poisson": noise.gaussian_or_poisson,
    "bsrgan_noise": noise.bsrgan_noise,
    "speckle_noise": noise.speckle_noise,
    "camera_noise": noise.camera_noise,
    "noise_patches": patches.noise_patches,
    "noise_bank": bank.noise_bank,
    "learned": learned.learned,
    "jpeg": jpeg.jpeg,
    "webp": jpeg.webp,
    "colour_shift": colour.colour_shift,
    "quantise": colour.quantise,
    "to_8_bit": colour.to_8_bit,
    "interlace": colour.interlace,
    "halftone": colour.halftone,
}
