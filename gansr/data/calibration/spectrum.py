"""Power spectra of images, and the blur that tells two sets of images apart.

Frequencies are in cycles per LR pixel, so 0.5 is the highest. Power is in squared levels of 255, so that white noise of
standard deviation s has s^2 everywhere.
"""

import numpy as np

TILE = 64
FREQUENCIES = (np.arange(1, TILE // 2 + 1)) / TILE
"""Of the rings of `radial`, (32,)."""

CONTRAST = (0.03, 0.15)  # frequencies by which images of more or less contrast are made comparable
FITTED = (0.03, 0.4)  # frequencies that tell blur: those beyond have passed through every kernel's tail
SECTORS = 6  # of half a turn, in which rings are cut where blur may have a direction
LOUD = 0.5  # times the noise: what the image must have at a frequency for it to count


def power(plane: np.ndarray) -> np.ndarray:
    """Mean power of overlapping windows of 64x64 pixels: (H, W) becomes (64, 33), as of `numpy.fft.rfft2`.

    Windows are Hann's, less their mean.
    """
    tiles = np.lib.stride_tricks.sliding_window_view(plane, (TILE, TILE))[:: TILE // 2, :: TILE // 2]
    tiles = tiles.reshape(-1, TILE, TILE)
    line = np.sin(np.pi * (np.arange(TILE) + 0.5) / TILE) ** 2
    window = line[:, None] * line
    window /= np.sqrt((window**2).mean())
    mean = (tiles * window).sum((1, 2), keepdims=True) / window.sum()
    return (np.abs(np.fft.rfft2((tiles - mean) * window, norm="ortho")) ** 2).mean(0)


def radial(spectrum: np.ndarray) -> np.ndarray:
    """Mean over rings: (64, 33) becomes (32,), at FREQUENCIES."""
    rings = np.round(_radius() * TILE).astype(int)
    weight = np.full(spectrum.shape, 2.0)  # a real image's spectrum has each column twice, but for the first and last
    weight[:, [0, -1]] = 1
    sums = np.bincount(rings.ravel(), (spectrum * weight).ravel())
    return (sums / np.bincount(rings.ravel(), weight.ravel()))[1 : TILE // 2 + 1]


def contrast(spectrum: np.ndarray, noise: float) -> float:
    """Mean power at low frequencies, without that of white noise of this standard deviation; more than 0."""
    low = (_radius() >= CONTRAST[0]) & (_radius() <= CONTRAST[1])
    return float(max(spectrum[low].mean() - noise**2, 1e-3))


def blur_between(sharp: np.ndarray, blurred: np.ndarray, sharp_noise: float = 0.0, noise: float = 0.0) -> np.ndarray:
    """The covariance, in squared pixels, of the Gaussian that leads from one spectrum to the other: (2, 2) of x and y.

    |blurred|^2 = c |sharp|^2 exp(-4 pi^2 f' S f), so S is linear in the logarithm of the ratio: weighted least
    squares, where frequencies weigh less as noise drowns them. Negative where the second is the sharper one.

    Args:
        sharp: (64, 33)
        blurred: (64, 33)
        sharp_noise: standard deviation of white noise in the first, which is taken away
        noise: the same in the second
    """
    share = (1 - noise**2 / np.maximum(_smooth(blurred), 1e-9)).clip(0)
    used = _fitted() & (share > LOUD / (1 + LOUD))
    if used.sum() < 12:
        return np.zeros((2, 2))
    before = np.maximum(sharp - sharp_noise**2, 0.1 * sharp)[used]
    after = np.maximum(blurred - noise**2, 0.1 * blurred)[used]
    unknowns = _unknowns()[used] * share[used][:, None]
    found, *_ = np.linalg.lstsq(unknowns, np.log(after / before) * share[used], rcond=None)
    return _covariance(found)


def left_over(
    sharp: np.ndarray, covariance: np.ndarray, made: np.ndarray, real: np.ndarray
) -> tuple[np.ndarray, float]:
    """What is missing to a known blur and to noise so that one spectrum becomes the other.

    For images in which noise is not white, since compression took a part of it that nobody knows. Where a share w of
    the power is signal, more blur takes away as much less: log(real / made) = w (c - 4 pi^2 f' S f) + (1 - w) n, with
    the constants c and n and the covariance S by least squares. Returns S, (2, 2), squared pixels, and n, the natural
    logarithm of the ratio of the noises' power.

    Args:
        sharp: (64, 33), before all
        covariance: of the blur that `made` has
        made: after blur, noise and compression
        real: what it should become
    """
    used, unknowns = _fitted(), _unknowns()
    signal = sharp * np.exp(-4 * np.pi**2 * unknowns[..., 1:] @ covariance[[0, 1, 0], [0, 1, 1]])
    signal *= contrast(made, 0.0) / contrast(signal, 0.0)
    share = (signal / np.maximum(_smooth(made), 1e-9)).clip(0, 1)[used][:, None]
    ratio = np.log(np.maximum(real, 1e-9) / np.maximum(made, 1e-9))[used]
    found, *_ = np.linalg.lstsq(np.concatenate([unknowns[used] * share, 1 - share], 1), ratio, rcond=None)
    return _covariance(found[:4]), float(found[4])


def _smooth(spectrum: np.ndarray) -> np.ndarray:
    """Means over the sectors of rings: single frequencies would be chosen for being accidentally loud.

    Not over whole rings: what is blurred along one axis only is loud along the other.
    """
    rows, columns = _grid()
    sectors = np.round(np.arctan2(rows, columns) / np.pi * SECTORS).astype(int) % SECTORS
    cells = (np.round(_radius() * TILE).astype(int) * SECTORS + sectors).ravel()
    return (np.bincount(cells, spectrum.ravel()) / np.maximum(np.bincount(cells), 1))[cells].reshape(spectrum.shape)


def _fitted() -> np.ndarray:
    return (_radius() >= FITTED[0]) & (_radius() <= FITTED[1])


def _unknowns() -> np.ndarray:
    """What the constant and xx, yy, xy of the covariance are multiplied with at each frequency: (64, 33, 4)."""
    v, u = np.broadcast_arrays(*_grid())
    return np.stack([np.ones_like(u), u * u, v * v, 2 * u * v], 2)


def _covariance(found: np.ndarray) -> np.ndarray:
    _, xx, yy, xy = found
    return -np.array([[xx, xy], [xy, yy]]) / (4 * np.pi**2)


def _grid() -> tuple[np.ndarray, np.ndarray]:
    """Vertical (64, 1) and horizontal (1, 33) frequencies."""
    return np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None]


def _radius() -> np.ndarray:
    return np.hypot(*_grid())
