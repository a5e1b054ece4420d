"""Degradations that learners may not know. NumPy and Pillow alone: who makes the exam does not sit it."""

import io
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from PIL import Image

REACH = 4  # sigmas on either side


@dataclass(frozen=True)
class Hidden:
    """Blur, every scale-th pixel, noise, JPEG, 8 bits. LR pixels lie where bicubic reduction has them.

    Uint8 (H, W, 3), sides multiples of the scale -> uint8 (H/scale, W/scale, 3).
    """

    scale: int
    blur: float  # sigma of a Gaussian in HR pixels
    across: float | None = None  # sigma at right angles to `angle`; None: as `blur`
    angle: float = 0.0  # of the direction that `blur` is along, in degrees from the rows
    noise: float = 0.0  # deviation in levels of 255, the same everywhere
    poisson: float = 0.0  # deviation of shot noise at white, in levels; it falls with the root of brightness
    jpeg: int | None = None  # quality

    def __post_init__(self) -> None:
        if self.scale not in {2, 3, 4, 8} or self.blur <= 0 or (self.across is not None and self.across <= 0):
            raise ValueError(f"expected a scale of 2, 3, 4 or 8 and blurs above 0, found {self}")
        if min(self.noise, self.poisson) < 0 or (self.jpeg is not None and not 1 <= self.jpeg <= 100):
            raise ValueError(f"expected noise and poisson of at least 0 and jpeg from 1 to 100, found {self}")

    def __call__(self, hr: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Degrade one image."""
        seen = self._blurred(hr.astype(np.float64))
        if self.poisson:
            electrons = (255 / self.poisson) ** 2  # that white has; N of them deviate by the root of N
            seen = 255 * random.poisson(seen.clip(0, 255) / 255 * electrons) / electrons
        if self.noise:
            seen = seen + random.normal(0, self.noise, seen.shape)
        lr = seen.round().clip(0, 255).astype(np.uint8)
        return lr if self.jpeg is None else _compressed(lr, self.jpeg)

    def _blurred(self, hr: np.ndarray) -> np.ndarray:
        if self.across is None:
            rows, columns = (places(side, self.scale, self.blur) for side in hr.shape[:2])
            return np.einsum("hH,HWc,wW->hwc", rows, hr, columns, optimize=True)
        kernel, before = self._kernel(self.across)
        around = np.pad(hr, ((before, before), (before, before), (0, 0)), mode="symmetric")
        spectrum = np.fft.rfft2(kernel, around.shape[:2])[..., None].conj()  # conjugate: a correlation
        whole = np.fft.irfft2(np.fft.rfft2(around, axes=(0, 1)) * spectrum, around.shape[:2], axes=(0, 1))
        height, width = (side // self.scale for side in hr.shape[:2])
        return whole[:: self.scale, :: self.scale][:height, :width]

    def _kernel(self, across: float) -> tuple[np.ndarray, int]:
        """A Gaussian around the middle of scale x scale pixels, and how many pixels lie before the first of them."""
        before = int(np.ceil(REACH * max(self.blur, across)))
        offsets = np.arange(-before, before + self.scale) - (self.scale - 1) / 2
        y, x = np.meshgrid(offsets, offsets, indexing="ij")
        turn = np.deg2rad(self.angle)
        along, aside = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        values = np.exp(-((along / self.blur) ** 2 + (aside / across) ** 2) / 2)
        return values / values.sum(), before

    def __str__(self) -> str:
        changed = [(one.name, getattr(self, one.name)) for one in fields(self)]
        return ",".join(f"{name}={value:g}" for name, value in changed if value)


A = Hidden(scale=2, blur=1.2, noise=20)
B = Hidden(scale=2, blur=2.0, across=1.0, angle=30, noise=10, jpeg=60)
C = Hidden(scale=4, blur=2.0, noise=3, poisson=11)  # 8 levels at mid-grey
NAMED = {"a": A, "b": B, "c": C}


def parse(text: str) -> Hidden:
    """A name, or `scale=2,blur=1.5,across=0.8,angle=20,noise=5,poisson=6,jpeg=70`, the first two of which must be.

    Raises:
        ValueError: an unknown name, a number that is none or makes no sense, no scale or no blur.
    """
    if text in NAMED:
        return NAMED[text]
    given = {part.partition("=")[0]: part.partition("=")[2] for part in text.split(",")}
    if strange := given.keys() - asdict(A).keys():
        choices = ", ".join([*NAMED, *(f"{name}=" for name in asdict(A))])
        raise ValueError(f"no degradation has '{strange.pop()}'; choices: {choices}")
    if missing := {"scale", "blur"} - given.keys():
        raise ValueError(f"'{text}' has no {missing.pop()}=")
    whole = {"scale", "jpeg"}
    numbers: dict[str, Any] = {name: int(one) if name in whole else float(one) for name, one in given.items()}
    return Hidden(**numbers)


def places(length: int, scale: int, sigma: float) -> np.ndarray:
    """(length / scale, length): a Gaussian around the middle of each `scale` pixels; mirrored at the border."""
    centres = (np.arange(length // scale) + 0.5) * scale - 0.5
    weights = np.zeros((len(centres), length))
    reach = int(np.ceil(REACH * sigma)) + scale
    for row, centre in enumerate(centres):
        taps = np.arange(int(centre) - reach, int(centre) + reach + 2)
        values = np.exp(-((taps - centre) ** 2) / (2 * sigma**2))
        mirrored = np.where(taps < 0, -1 - taps, np.where(taps >= length, 2 * length - 1 - taps, taps))
        np.add.at(weights[row], mirrored, values / values.sum())
    return weights


def _compressed(lr: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(lr).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
