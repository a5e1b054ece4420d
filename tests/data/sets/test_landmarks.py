import numpy as np
import pytest
import torch

from gansr.data.files.images import read_image, to_rgb
from gansr.data.sets.landmarks import FLIP_68, PARTS_68, Box, crop_face, face_box, flip_order, heatmaps, read_landmarks
from gansr.errors import DataError

HEADER = "image_name,part_0_x,part_0_y,part_1_x,part_1_y\n"


def write(tmp_path, text):
    file = tmp_path / "faces.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_reads_names_and_points(tmp_path):
    file = write(tmp_path, "\ufeff" + HEADER + "a.jpg,1,2,3.5,-4\r\n\r\nsub/b.png, 5,6,7,8\r\n")
    found = read_landmarks(file)
    assert list(found) == ["a.jpg", "sub/b.png"]
    np.testing.assert_array_equal(found["a.jpg"], [[1, 2], [3.5, -4]])
    assert found["sub/b.png"].dtype == np.float64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"faces.csv, line 1: found 0 columns; expected image_name,part_0_x"),
        ("name,part_0_x,part_0_y\n", r"line 1: found 'name'; expected image_name"),
        ("image_name,part_0_x,part_0_y,part_1_x\n", r"line 1: found 4 columns"),
        (HEADER, r"no landmarks follow the first line"),
        (HEADER + "a.jpg,1,2,3,4\nb.jpg,1,2,3\n", r"line 3: 4 cells; expected 5: a name and 2 points"),
        (HEADER + "a.jpg,1,2,x,4\n", r"line 2: could not convert string to float: 'x'; expected numbers"),
        (HEADER + "a.jpg,1,2,nan,4\n", r"line 2: a coordinate is not finite"),
        (HEADER + "a.jpg,1,2,3,4\n\na.jpg,1,2,3,4\n", r"line 4: 'a.jpg' has had a line before"),
        (b"image_name,part_0_x,part_0_y\n\xff,1,2\n", r"is not a readable CSV of landmarks"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read_landmarks(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"none.csv cannot be read: No such file or directory"):
        read_landmarks(tmp_path / "none.csv")


def test_face_boxes_by_hand():
    points = np.array([[10.0, 20.0], [50.0, 30.0], [30.0, 100.0]])  # 40 wide, 80 high, around (30, 60)
    assert face_box(points) == pytest.approx((30, 60, 104))
    assert face_box(points, "fan") == pytest.approx((30, 60 - 0.12 * 80, 164))
    assert face_box(points[:1]) == pytest.approx((10, 20, 1.3))  # a single point has a box too


@pytest.mark.parametrize("box", [Box(31.5, 23.5, 32.0), Box(40.3, 20.7, 51.0), Box(5.0, 4.0, 30.0)])
def test_points_stay_on_what_they_mark(box):
    """A bright spot and its point come out of the crop at the same place."""
    rows, columns = np.mgrid[:48, :64]
    point = np.array([[34.0, 22.0]]) if box.x > 10 else np.array([[8.0, 9.0]])
    spot = np.exp(-((columns - point[0, 0]) ** 2 + (rows - point[0, 1]) ** 2) / 8)
    image = np.repeat((255 * spot)[..., None], 3, axis=2).round().astype(np.uint8)
    cut, moved = crop_face(image, point, box, size=40)
    assert cut.shape == (40, 40, 3)
    weight = cut[..., 0].astype(float)
    rows, columns = np.mgrid[:40, :40]
    centre = (weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()
    np.testing.assert_allclose(moved[0], centre, atol=0.1)


def test_crop_of_the_whole_image_is_the_image():
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    cut, moved = crop_face(image, np.array([[3.0, 4.0]]), Box(7.5, 7.5, 16.0), 16)
    np.testing.assert_array_equal(cut, image)
    np.testing.assert_allclose(moved, [[3, 4]])


def test_beyond_the_border_its_pixels_are_repeated():
    image = np.zeros((10, 10, 3), dtype=np.uint8)
    image[:, 0] = 200
    cut, _ = crop_face(image, np.zeros((1, 2)), Box(-20.5, 4.5, 10.0), 10)
    assert (cut == 200).all()


def test_mirroring_twice_is_nothing_and_keeps_the_parts():
    assert sorted(FLIP_68) == list(range(68))
    assert [FLIP_68[other] for other in FLIP_68] == list(range(68))
    for left, right in (("brow on the left", "brow on the right"), ("eye on the left", "eye on the right")):
        assert sorted(FLIP_68[PARTS_68[left]]) == list(range(68))[PARTS_68[right]]
    for middle in (8, 27, 30, 33, 51, 57, 62, 66):  # chin, nose, lips
        assert FLIP_68[middle] == middle
    assert FLIP_68[36] == 45 and FLIP_68[39] == 42 and FLIP_68[48] == 54 and FLIP_68[37] == 44 and FLIP_68[41] == 46
    assert flip_order(68) == FLIP_68 and flip_order(5) is None


def test_real_faces_are_nearly_their_own_mirror_image(shared):
    """The mean face, mirrored and renamed, is the mean face: within 3 % of the distance of its eyes."""
    faces = read_landmarks(shared / "data/FaceLandmarks69/face_landmarks.csv")
    assert len(faces) == 69
    scaled = [(p - p.mean(axis=0)) / np.linalg.norm(p[36] - p[45]) for p in faces.values()]
    mean = np.mean(scaled, axis=0)
    assert np.abs(mean[list(FLIP_68)] * (-1, 1) - mean).max() < 0.03


def test_real_face_fills_its_crop(shared):
    folder = shared / "data/FaceLandmarks69"
    name, points = next(iter(read_landmarks(folder / "face_landmarks.csv").items()))
    _, moved = crop_face(to_rgb(read_image(folder / name)), points, face_box(points), 64)
    assert np.ptp(moved, axis=0).max() == pytest.approx(64 / 1.3)
    assert (moved > 0).all() and (moved < 63).all()


def test_heatmaps_by_hand():
    points = torch.tensor([[[1.5, 5.5], [100.0, 100.0]]])  # (1.5, 5.5) of 16 pixels is pixel (0, 1) of 4
    maps = heatmaps(points, size=16, side=4, sigma=1.0)
    assert maps.shape == (1, 2, 4, 4)
    assert maps[0, 0, 1, 0] == 1
    assert maps[0, 0, 1, 1] == pytest.approx(np.exp(-0.5)) and maps[0, 0, 3, 2] == pytest.approx(np.exp(-4))
    assert maps[0, 1].max() < 1e-6  # a point far outside leaves no trace
