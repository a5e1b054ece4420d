from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from gansr.data.sampler import Ticket, sample_generator
from gansr.data.sets.landmark_set import FaceSet, all_faces, face_batches, mirror, place, spoiled
from gansr.data.sets.landmarks import FLIP_68
from gansr.errors import DataError

CPU = torch.device("cpu")
SPOTS = np.array([[40.0, 30.0], [70.0, 35.0], [52.0, 66.0]])


@pytest.fixture
def faces(tmp_path):
    """Three pictures, each with a red, a green and a blue spot, and where the spots are."""
    rows, columns = np.mgrid[:96, :112]
    landmarks = {}
    for number in range(3):
        points = SPOTS + number
        spots = [np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18) for x, y in points]
        Image.fromarray((255 * np.stack(spots, axis=-1)).round().astype(np.uint8)).save(tmp_path / f"{number}.png")
        landmarks[f"{number}.png"] = points
    return tmp_path, landmarks


def centre(levels):
    """Where the spot of one colour lies."""
    rows, columns = np.mgrid[: levels.shape[0], : levels.shape[1]]
    weight = np.where(levels > 60, levels, 0).astype(float)
    return (weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()


def test_points_follow_whatever_is_done_to_the_face(faces):
    folder, landmarks = faces
    (image, points), *_ = FaceSet(folder, landmarks, ["0.png"], 80, framing="fan").faces
    seen = []
    for number in range(20):
        placed, moved = place(image, points, 40, 1.0, sample_generator(0, number))
        assert placed.shape == (40, 40, 3)
        inside = (moved > 8).all(axis=1) & (moved < 31).all(axis=1)  # spots that are whole
        for colour in np.flatnonzero(inside):
            np.testing.assert_allclose(moved[colour], centre(placed[..., colour]), atol=0.2)
        seen.append(inside.sum())
    assert sum(seen) > 30


def test_mirrored_points_change_places():
    image = np.zeros((10, 20, 3), dtype=np.uint8)
    image[3, 4] = 255
    points = np.tile([[15.0, 6.0]], (68, 1))
    points[36] = 4, 3  # the outer corner of the eye on the left
    mirrored, moved = mirror(image, points, FLIP_68)
    np.testing.assert_array_equal(moved[45], [15, 3])
    assert (mirrored[3, 15] == 255).all()


def test_samples_depend_on_seed_and_number_alone(faces):
    folder, landmarks = faces
    first, again, other = (FaceSet(folder, landmarks, list(landmarks), 32, seed, spoil=True) for seed in (1, 1, 2))
    image, points = first[Ticket(0, 5)]
    assert image.shape == (32, 32, 3) and image.dtype == np.uint8 and points.dtype == np.float32
    for one, same in zip(first[Ticket(0, 5)], again[Ticket(0, 5)], strict=True):
        np.testing.assert_array_equal(one, same)
    for different in (first[Ticket(0, 6)], other[Ticket(0, 5)]):
        assert not np.array_equal(image, different[0]) and not np.array_equal(points, different[1])


def test_spoiling_keeps_bytes_and_spoils():
    image = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    results = [spoiled(image, sample_generator(0, number)) for number in range(30)]
    assert all(one.shape == image.shape and one.dtype == np.uint8 for one in results)
    smoother = [one for one in results if np.abs(np.diff(one.astype(int), axis=1)).mean() < 40]
    assert 5 < len(smoother) < 30  # white noise steps by 85 on average: some lost their detail, not all
    assert len({one.tobytes() for one in results}) == 30


def test_batches_start_anywhere(faces):
    folder, landmarks = faces
    dataset = FaceSet(folder, landmarks, list(landmarks), 32, spoil=True)

    def take(count, **settings):
        stream = face_batches(dataset, batch=2, seed=3, device=CPU, **settings)
        taken = list(islice(stream, count))
        stream.close()
        return taken

    whole, late = take(4), take(2, start=2)
    assert whole[0].image.shape == (2, 3, 32, 32) and whole[0].points.shape == (2, 3, 2)
    assert whole[0].image.dtype == torch.float32 and 0 <= whole[0].image.min() < whole[0].image.max() <= 1
    for one, other in zip(whole[2:], late, strict=True):
        assert torch.equal(one.image, other.image) and torch.equal(one.points, other.points)


def test_unspoilt_faces_are_framed(faces):
    folder, landmarks = faces
    batch = all_faces(FaceSet(folder, landmarks, ["2.png", "0.png"], 26), CPU)
    assert batch.image.shape == (2, 3, 26, 26)
    low, high = batch.points.amin(1), batch.points.amax(1)
    assert torch.allclose((high - low).amax(1), torch.tensor([20.0, 20.0]))  # 26 / 1.3
    assert torch.allclose((high + low) / 2, torch.tensor(12.5), atol=1e-4)
    assert torch.equal(batch.points[0], batch.points[1])


def test_mistakes_are_found_at_once(faces):
    folder, landmarks = faces
    with pytest.raises(DataError, match=r"9.png: there are no landmarks of this image"):
        FaceSet(folder, landmarks, ["9.png"], 32)
    with pytest.raises(DataError, match=r"0.png is 112x96 .* around \(555, 485\)"):
        FaceSet(folder, {"0.png": SPOTS * 10 + 5}, ["0.png"], 32)
    with pytest.raises(DataError, match=r"gone.png cannot be read"):
        FaceSet(folder, {"gone.png": SPOTS}, ["gone.png"], 32)
