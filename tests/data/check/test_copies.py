"""Copies and near copies."""

import io

import numpy as np
import pytest
from PIL import Image

from gansr.data.check.copies.alike import ALIKE, candidates, find_alike, likeness
from gansr.data.check.copies.fingerprint import fingerprint, perceptual_hash

from .conftest import leaves


def changed(image: np.ndarray, how: str) -> np.ndarray:
    picture = Image.fromarray(image)
    height, width = image.shape[:2]
    if how == "jpeg":
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=30)
        return np.asarray(Image.open(stream))
    if how == "half":
        return np.asarray(picture.resize((width // 2, height // 2)))
    if how == "grey":
        return np.asarray(picture.convert("L"))[..., None]
    if how == "darker":
        return (image * 0.7).astype(np.uint8)
    return image[height * 4 // 100 : height * 97 // 100, width * 3 // 100 : width * 96 // 100]


@pytest.mark.parametrize("how", ["jpeg", "half", "grey", "darker", "cropped"])
def test_near_copies_are_found(photo: np.ndarray, how: str) -> None:
    prints = [fingerprint(leaves(seed, 96, 112)) for seed in range(2, 6)] + [fingerprint(photo)]
    ((one, other, value),) = find_alike([*prints, fingerprint(changed(photo, how))])
    assert (one, other) == (4, 5) and ALIKE <= value < 1


def test_exact_copies_are_told_from_near_ones(photo: np.ndarray) -> None:
    almost = photo.copy()
    almost[0, 0, 0] ^= 1
    found = sorted(find_alike([fingerprint(photo), fingerprint(photo.copy()), fingerprint(almost)]))
    assert [pair[:2] for pair in found] == [(0, 1), (0, 2), (1, 2)]
    assert found[0][2] == 1 and found[1][2] < 1


def test_different_images_are_not_alike() -> None:
    prints = [fingerprint(leaves(seed, 96, 112)) for seed in range(2, 12)]
    assert list(find_alike(prints)) == [] and list(find_alike(prints[:5], prints[5:])) == []


def test_between_two_sets(photo: np.ndarray, another: np.ndarray) -> None:
    train, test = [fingerprint(another), fingerprint(photo)], [fingerprint(changed(photo, "half"))]
    assert [pair[:2] for pair in find_alike(train, test)] == [(1, 0)]
    assert list(find_alike([], test)) == [] == list(find_alike(train, []))


def test_flat_images_are_not_alike_but_when_equal() -> None:
    one, other = np.full((40, 40, 3), 90, np.uint8), np.full((40, 40, 3), 91, np.uint8)
    assert list(find_alike([fingerprint(one), fingerprint(other)])) == []
    assert [pair[2] for pair in find_alike([fingerprint(one), fingerprint(one)])] == [1.0]


def test_candidates_are_all_pairs_within_a_distance() -> None:
    """Against the plain double loop, over several chunks."""
    random = np.random.default_rng(0)
    hashes = random.integers(0, 2**63, 60, dtype=np.uint64)
    hashes[30:] = hashes[:30] ^ np.uint64(0b1011)
    expected = {
        (one, other)
        for one in range(60)
        for other in range(one + 1, 60)
        if bin(int(hashes[one]) ^ int(hashes[other])).count("1") <= 20
    }
    found = np.concatenate(list(candidates(hashes, near=20)))
    assert {tuple(pair) for pair in found.tolist()} == expected and len(found) == len(expected) >= 30
    between = np.concatenate(list(candidates(hashes[:30], hashes[30:], near=3)))
    assert between.tolist() == [[place, place] for place in range(30)]


def test_candidates_beyond_one_chunk() -> None:
    hashes = np.random.default_rng(0).integers(0, 2**63, 9000, dtype=np.uint64)
    hashes[8999] = hashes[2] ^ np.uint64(1)
    hashes[8000] = hashes[7000]
    assert np.concatenate(list(candidates(hashes, near=3))).tolist() == [[2, 8999], [7000, 8000]]


def test_likeness_follows_a_shift_and_a_stretch() -> None:
    """Of a smooth function that is known everywhere, so that nothing is resampled."""
    rows, columns = np.mgrid[:32, :32] / 32 + 1 / 64

    def seen(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return 128 + 60 * np.sin(9 * rows + 2 * columns) + 50 * np.cos(8 * columns - 3 * rows)

    one = seen(rows, columns)[None]
    other = seen((rows - 0.5) * 0.92 + 0.53, (columns - 0.5) * 0.95 + 0.48)[None]
    plain = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert plain < 0.97 and likeness(one, other)[0] > 0.995


def test_a_hash_does_not_depend_on_brightness_and_contrast() -> None:
    small = np.random.default_rng(0).integers(50, 150, (32, 32)).astype(np.uint8)
    assert perceptual_hash(small) == perceptual_hash(small + 40) and perceptual_hash(small) != perceptual_hash(small.T)
    assert bin(perceptual_hash(small)).count("1") == 31  # of 63 frequencies, those above the median
