"""Which images are copies of each other, or nearly: candidates by their hashes, then a closer look at each."""

from collections.abc import Iterator, Sequence

import numpy as np

from gansr.data.check.copies.fingerprint import SIDE, Fingerprint

NEAR = 18  # bits of 64 that may differ; two images of different things have 32, give or take 4
NEAR_OF_MANY = 12  # where more pairs are compared than MANY: each bit doubles how many are alike by chance
MANY = 200_000_000
ALIKE = 0.985  # correlation after one was moved and stretched onto the other; two shots of one scene: 0.97
WORTH_A_LOOK = 0.8  # the same at 16x16, after fewer rounds
FLAT = 4.0  # standard deviation in levels: images with less all look alike
ROUNDS, FIRST_ROUNDS = 8, 3
TOO_FAR = 0.18  # share of the side that one may have to be moved or stretched
BATCH = 2048
CHUNK = 4096
EDGE = 10  # one part in so many of the side, at each border, is not compared: a crop may have cut it off


def candidates(hashes: np.ndarray, others: np.ndarray | None = None, near: int = NEAR) -> Iterator[np.ndarray]:
    """Pairs of places (N, 2) whose hashes differ in at most `near` bits: all pairs are compared, chunk by chunk.

    Within `hashes` (first < second), or between `hashes` and `others`. Ten thousand images take a few hundredths of
    a second, a hundred thousand some seconds, and never more memory than a chunk needs.

    Args:
        hashes: (N,) of uint64
        others: (M,) of uint64
        near: bits
    """
    within = others is None
    second = hashes if others is None else others
    for top in range(0, len(hashes), CHUNK // 4):
        for left in range(top if within else 0, len(second), CHUNK):
            one, other = hashes[top : top + CHUNK // 4], second[left : left + CHUNK]
            rows, columns = np.nonzero(np.bitwise_count(one[:, None] ^ other[None]) <= near)
            pairs = np.stack([rows + top, columns + left], 1)
            if within:
                pairs = pairs[pairs[:, 0] < pairs[:, 1]]
            if len(pairs):
                yield pairs


def likeness(one: np.ndarray, other: np.ndarray, rounds: int = ROUNDS) -> np.ndarray:
    """Correlation of small images, (N, S, S) each, after the second was moved and stretched onto the first: (N,).

    Shift and stretch along both axes by least squares, a few rounds of Gauss and Newton, within what cropping some per
    cent of an image needs. 0 for flat images.
    """
    first, second = _normal(_soft(one)), _soft(other)
    moves = np.zeros((len(first), 4), np.float32)  # shift down and right, stretch down and right: shares of the side
    for _ in range(rounds):
        moves = (moves + _step(first, _normal(_warped(second, moves)))).clip(-TOO_FAR, TOO_FAR)
    plain, moved = _correlation(first, _normal(second)), _correlation(first, _normal(_warped(second, moves)))
    flat = np.minimum(one.std((1, 2)), other.std((1, 2))) < FLAT
    return np.where(flat, 0.0, np.maximum(plain, moved))


def _soft(images: np.ndarray) -> np.ndarray:
    """A little blurred: so that interpolation, which blurs as well, costs no correlation."""
    soft = images.astype(np.float32)
    for axis in (1, 2):
        padded = np.pad(soft, [(1, 1) if axis == place else (0, 0) for place in range(3)], "edge")
        size = soft.shape[axis]
        before, here, after = (padded.take(range(start, start + size), axis) for start in range(3))
        soft = (before + 2 * here + after) / 4
    return soft


def _grid(side: int) -> np.ndarray:
    return ((np.arange(side) + 0.5) / side - 0.5).astype(np.float32)


def _inside(images: np.ndarray) -> np.ndarray:
    edge = round(images.shape[-1] / EDGE)
    return images[..., edge:-edge, edge:-edge]


def _step(first: np.ndarray, warped: np.ndarray) -> np.ndarray:
    side = first.shape[-1]
    down, right, grid = np.gradient(warped, axis=1) * side, np.gradient(warped, axis=2) * side, _grid(side)
    slopes = _inside(np.stack([down, right, down * grid[:, None], right * grid], 1)).reshape(len(first), 4, -1)
    missing = _inside(first - warped).reshape(len(first), -1, 1)
    square = slopes @ slopes.transpose(0, 2, 1)
    steadied = square + np.eye(4, dtype=np.float32) * (
        1e-3 * np.trace(square, axis1=1, axis2=2)[:, None, None] / 4 + 1e-6
    )
    return np.linalg.solve(steadied, slopes @ missing)[..., 0]


def _warped(images: np.ndarray, moves: np.ndarray) -> np.ndarray:
    side = images.shape[-1]
    grid = _grid(side)
    rows = (grid * (1 + moves[:, 2:3]) + moves[:, 0:1] + 0.5) * side - 0.5
    columns = (grid * (1 + moves[:, 3:4]) + moves[:, 1:2] + 0.5) * side - 0.5
    return _weights(rows) @ images @ _weights(columns).transpose(0, 2, 1)


def _weights(places: np.ndarray) -> np.ndarray:
    """Linear interpolation at places (N, S) as matrices (N, S, S); beyond the border, the border."""
    side = places.shape[1]
    distance = np.abs(places.clip(0, side - 1)[..., None] - np.arange(side, dtype=np.float32))
    return np.maximum(np.float32(0), 1 - distance)


def _normal(images: np.ndarray) -> np.ndarray:
    part = _inside(images)
    mean, deviation = part.mean((1, 2), keepdims=True), part.std((1, 2), keepdims=True)
    return (images - mean) / np.maximum(deviation, 1e-3)


def _correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return _inside(one * other).mean((1, 2))


def find_alike(
    prints: Sequence[Fingerprint], others: Sequence[Fingerprint] | None = None
) -> Iterator[tuple[int, int, float]]:
    """(place, place, likeness) of images that are nearly the same: within `prints`, or between both.

    Copies, pixel by pixel, have the likeness 1; it is at least ALIKE for others.
    """
    second = prints if others is None else others
    if not prints or not second:
        return
    smalls, other_smalls = (np.stack([one.small for one in side]) for side in (prints, second))
    hashes = [np.array([one.hash for one in side], np.uint64) for side in (prints, second)]
    near = NEAR_OF_MANY if len(prints) * len(second) > MANY else NEAR
    for pairs in candidates(hashes[0], None if others is None else hashes[1], near):
        for start in range(0, len(pairs), BATCH):
            part = pairs[start : start + BATCH]
            for (one, other), value in zip(part.tolist(), _looked_at(smalls, other_smalls, part), strict=True):
                if prints[one].digest == second[other].digest:
                    yield one, other, 1.0
                elif value >= ALIKE:
                    yield one, other, min(float(value), 0.9999)


def _looked_at(first: np.ndarray, second: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    one, other = first[pairs[:, 0]], second[pairs[:, 1]]
    coarse = [side.reshape(-1, SIDE // 2, 2, SIDE // 2, 2).mean((2, 4)) for side in (one, other)]
    found = likeness(coarse[0], coarse[1], FIRST_ROUNDS)
    worth = np.nonzero(found >= WORTH_A_LOOK)[0]
    if len(worth):
        found[worth] = np.maximum(likeness(one[worth], other[worth]), likeness(other[worth], one[worth]))
    return np.where(found >= WORTH_A_LOOK, found, 0.0)
