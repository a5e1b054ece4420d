"""Is an LR what its HR becomes by bicubic? If not: in what do they differ?"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image

from gansr.data.calibration.blocks import luma
from gansr.data.calibration.compression import find_compression
from gansr.data.check.findings import Finding
from gansr.data.check.pairs.kernels import BICUBIC, bicubic, kernels
from gansr.data.check.pairs.shift import find_shift, shifted

WINDOW = 160  # LR pixels of a side that are compared
EDGE = 4  # LR pixels at its border that are not: programs differ in what they do there
FEWEST = 48  # LR pixels of a side, in which traces of JPEG are sought
EXACT = 0.9  # levels: root mean square error of the same kernel, rounded differently
SAME = 0.5  # correlation, below which two images show different things
SURE = 0.85  # correlation, from which on they show the same
FLAT = 2.0  # levels
FOUND = 0.7  # times the error, that is left when a cause was found
NEARER = 0.5  # the same for a kernel: kernels resemble each other
SHIFTED = 0.04  # LR pixels, from which on it is worth mentioning
FAR = 1.0  # LR pixels of shift, from which on training may not start
TINY = 24  # pixels of the side at which whole images are compared
GAIN, OFFSET, GAMMA = 0.02, 2.0, 0.03  # what of brightness is worth mentioning

TURNS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mirrored left to right": lambda image: image[:, ::-1],
    "mirrored top to bottom": lambda image: image[::-1],
    "turned by 180 degrees": lambda image: image[::-1, ::-1],
    "turned by 90 degrees": np.rot90,
    "turned by 270 degrees": lambda image: np.rot90(image, 3),
    "transposed": lambda image: image.swapaxes(0, 1),
    "transposed and turned by 180 degrees": lambda image: np.rot90(image.swapaxes(0, 1), 2),
}
ORDERS = {"BGR": (2, 1, 0), "RBG": (0, 2, 1), "GRB": (1, 0, 2), "GBR": (1, 2, 0), "BRG": (2, 0, 1)}


@dataclass(frozen=True)
class Pair:
    """A pair's windows.

    Args:
        lr: float (h, w, C), levels
        made: the same, by bicubic from HR
        hr: uint8 (scale * h, scale * w, C); None when the pair was moved since
    """

    lr: np.ndarray
    made: np.ndarray
    hr: np.ndarray | None


def compare(lr: np.ndarray, hr: np.ndarray, scale: int) -> list[Finding]:
    """Findings without files: what tells this pair from HR and its LR by bicubic.

    Args:
        lr: uint8 (h, w, C)
        hr: uint8 (at least scale * h, scale * w, C), the rest is cut off
        scale: of both
    """
    if scale == 1 or min(lr.shape[:2]) < 3 * EDGE:
        return []
    pair = _window(lr, hr[: lr.shape[0] * scale, : lr.shape[1] * scale], scale)
    if min(luma_of(pair.lr).std(), luma_of(pair.made).std()) < FLAT:
        return []
    error = _error(pair.lr, pair.made)
    if error < EXACT:
        return []
    different = _different(lr, hr)
    if different and not (different.kind == "mismatch" and _far(pair, scale)):
        return [different]
    return _explained(pair, scale)


def _far(pair: Pair, scale: int) -> bool:
    """Whether a shift explains why small images have little in common."""
    moved = _shift(pair, scale)
    return moved is not None and _error(moved[1].lr, moved[1].made) < FOUND * _error(pair.lr, pair.made)


def luma_of(levels: np.ndarray) -> np.ndarray:
    """Brightness of (H, W, C)."""
    return luma(levels) if levels.shape[2] == 3 else levels[..., 0].astype(float)


def _window(lr: np.ndarray, hr: np.ndarray, scale: int) -> Pair:
    """Of large images, the window in which most happens."""
    if lr.shape[2] != hr.shape[2]:
        lr, hr = (np.repeat(one, 3, 2) if one.shape[2] == 1 else one for one in (lr, hr))
    height, width = (min(side, WINDOW) for side in lr.shape[:2])
    tops = sorted({round(place * (lr.shape[0] - height)) for place in (0, 0.25, 0.5, 0.75, 1)})
    lefts = sorted({round(place * (lr.shape[1] - width)) for place in (0, 0.25, 0.5, 0.75, 1)})
    places = [(top, left) for top in tops for left in lefts]

    def lively(place: tuple[int, int]) -> float:
        part = lr[place[0] : place[0] + height, place[1] : place[1] + width].astype(np.float32).mean(2)
        return float(np.abs(np.diff(part, axis=0)).mean() + np.abs(np.diff(part, axis=1)).mean())

    top, left = max(places, key=lively)
    part = lr[top : top + height, left : left + width].astype(float)
    around = hr[top * scale : (top + height) * scale, left * scale : (left + width) * scale]
    return Pair(part, bicubic(around, scale), around)


def _error(one: np.ndarray, other: np.ndarray) -> float:
    inside = (one - other)[EDGE:-EDGE, EDGE:-EDGE]
    return float(np.sqrt((inside**2).mean()))


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    if one.shape != other.shape:
        return 0.0
    first, second = one - one.mean(), other - other.mean()
    return float((first * second).mean() / max(first.std() * second.std(), 1e-9))


def _different(lr: np.ndarray, hr: np.ndarray) -> Finding | None:
    """Something else altogether, or the same turned: of whole images, small enough that a shift does not matter."""
    small, made = (_tiny(luma_of(image).astype(np.float32)) for image in (lr, hr))
    plain = _correlation(small, made)
    if plain > SURE:
        return None
    # Turned by a quarter, an image of other proportions still has the size that was asked for only if it is square.
    square = lr.shape[0] == lr.shape[1]
    likest, how = max(
        (_correlation(turn(small), made), how) for how, turn in TURNS.items() if square or "90" not in how
    )
    if likest > SURE and likest > plain + (1 - plain) / 2:
        return Finding("turned", (), f"LR is {how}", likest)
    return Finding("mismatch", (), f"their correlation is {plain:.2f}", plain) if plain < SAME else None


def _tiny(plane: np.ndarray) -> np.ndarray:
    """(TINY, TINY): means of what each covers, whatever the image's proportions."""
    return np.asarray(Image.fromarray(plane).resize((TINY, TINY), Image.Resampling.BOX), float)


def _explained(pair: Pair, scale: int) -> list[Finding]:
    """Channels first, then place, brightness and kernel, each on what those before leave."""
    found: list[Finding] = []
    if swapped := _channels(pair):
        found.append(swapped[0])
        pair = swapped[1]
        if _error(pair.lr, pair.made) < EXACT:
            return found
    # A kernel that fits exactly explains its own shift: nearest neighbours lie beside the middle.
    kernel = _kernel(pair, scale)
    if kernel and kernel[1] < EXACT:
        return [*found, kernel[0]]
    causes = 0
    for cause in (partial(_shift, scale=scale), _tone):
        if explained := cause(pair):
            found.append(explained[0])
            pair = explained[1]
            causes += 1
    if causes and _error(pair.lr, pair.made) < 2 * EXACT:
        return found
    return [*found, kernel[0] if kernel and not causes else _unknown(pair)]


def _channels(pair: Pair) -> tuple[Finding, Pair] | None:
    if pair.lr.shape[2] == 1:
        return None
    plain = _error(pair.lr, pair.made)
    error, name = min((_error(pair.lr[..., order], pair.made), name) for name, order in ORDERS.items())
    if error > FOUND * plain:
        return None
    back = pair.lr[..., ORDERS[name]]
    return Finding("channels", (), f"LR is {name}"), Pair(back, pair.made, pair.hr)


def _shift(pair: Pair, scale: int) -> tuple[Finding, Pair] | None:
    down, right = find_shift(luma_of(pair.made), luma_of(pair.lr))
    distance = float(np.hypot(down, right))
    if distance < SHIFTED:
        return None
    # Either LR was moved, or HR before it was reduced, which leaves other aliases.
    ways = [_moved(pair.made, down, right)]
    if pair.hr is not None:
        hr = np.round(_moved(pair.hr.astype(float), down * scale, right * scale)).clip(0, 255).astype(np.uint8)
        ways.append(bicubic(hr, scale))
    moved = min(ways, key=lambda way: _error(pair.lr, way))
    edge = int(np.ceil(max(abs(down), abs(right)))) + 1
    inside = (slice(edge, -edge), slice(edge, -edge))
    before, after = _error(pair.lr[inside], pair.made[inside]), _error(pair.lr[inside], moved[inside])
    if after > FOUND * before and distance < FAR:
        return None
    if after > 0.95 * before:
        return None
    where = [f"{abs(down):.2f} {'down' if down > 0 else 'up'}", f"{abs(right):.2f} {'right' if right > 0 else 'left'}"]
    said = f"by {' and '.join(where)} (LR pixels)"
    graver = "error" if distance >= FAR else None
    return Finding("shift", (), said, distance, graver), Pair(pair.lr[inside], moved[inside], None)


def _moved(image: np.ndarray, down: float, right: float) -> np.ndarray:
    return np.stack([shifted(image[..., one], down, right) for one in range(image.shape[2])], 2)


def _tone(pair: Pair) -> tuple[Finding, Pair] | None:
    """Gain and offset of each channel, or one gamma."""
    lr, made = pair.lr, pair.made
    before = _error(lr, made)
    fits = [np.polyfit(made[..., one].ravel(), lr[..., one].ravel(), 1) for one in range(lr.shape[2])]
    linear = np.stack([np.polyval(fit, made[..., one]) for one, fit in enumerate(fits)], 2)
    gamma = _gamma(made, lr)
    curved = 255 * (made.clip(0, 255) / 255) ** gamma
    if _error(lr, curved) < min(0.9 * _error(lr, linear), FOUND * before) and abs(gamma - 1) > GAMMA:
        return Finding("colour", (), f"LR has a gamma of {gamma:.2f} against HR", gamma), Pair(lr, curved, pair.hr)
    gains, offsets = (
        np.array([fit[0] for fit in fits]),
        np.array([lr[..., one].mean() - made[..., one].mean() for one in range(lr.shape[2])]),
    )
    little = np.abs(gains - 1).max() < GAIN and np.abs(offsets).max() < OFFSET
    if little or _error(lr, linear) > FOUND * before:
        return None
    contrast, mean = "/".join(f"{one:.2f}" for one in gains), "/".join(f"{one:+.0f}" for one in offsets)
    said = f"LR's contrast is {contrast} times HR's, its mean {mean} levels from HR's"
    return Finding("colour", (), said, float(np.abs(offsets).max())), Pair(lr, linear, pair.hr)


def _gamma(made: np.ndarray, lr: np.ndarray) -> float:
    fit = (made > 16) & (made < 240) & (lr > 4) & (lr < 251)
    if fit.sum() < 100:
        return 1.0
    x, y = np.log(made[fit] / 255), np.log(lr[fit] / 255)
    return float((x @ y) / (x @ x))


def _kernel(pair: Pair, scale: int) -> tuple[Finding, float] | None:
    """The known kernel that comes much nearer than bicubic, and its error."""
    assert pair.hr is not None
    plain = _error(pair.lr, pair.made)
    errors = {name: _error(pair.lr, make(pair.hr, scale)) for name, make in kernels(scale).items()}
    name = min(errors, key=errors.__getitem__)
    if name == BICUBIC or errors[name] > NEARER * plain:
        return None
    said = f"nearest to {name} (an error of {errors[name]:.1f} levels, bicubic {plain:.1f})"
    return Finding("kernel", (), said, plain), errors[name]


def _unknown(pair: Pair) -> Finding:
    error = _error(pair.lr, pair.made)
    said = f"an error of {error:.1f} levels against bicubic"
    rgb = np.repeat(pair.lr, 3, 2) if pair.lr.shape[2] == 1 else pair.lr
    compression = find_compression(rgb) if min(rgb.shape[:2]) >= FEWEST else None
    if compression is not None:
        said += f", and LR has traces of JPEG of quality {compression.quality}"
    return Finding("real_pair", (), said, error)
