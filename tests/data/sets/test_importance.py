import hashlib
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from gansr.data.batches import paired_batches
from gansr.data.files.folders import find_images, names_of
from gansr.data.files.roots import Root, files_of, find_roots
from gansr.data.sampler import Ticket
from gansr.data.sets.importance import FLOOR, Remembered, draw_importance, open_importance
from gansr.data.sets.training_set import HrOnly, PairedFiles, Weighted
from gansr.errors import DataError

WHERE = "data.train.importance"


@pytest.fixture
def house(tmp_path):
    """HR images whose red channel is their map, in nested folders; maps with another extension."""
    random = np.random.default_rng(0)
    for name in ("a", "sub/b"):
        pixels = random.integers(0, 256, (21, 26, 3), dtype=np.uint8)
        for folder in ("hr", "maps"):
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "hr" / f"{name}.png")
        Image.fromarray(pixels[..., 0]).save(tmp_path / "maps" / f"{name}.bmp")
    return tmp_path


def hr_files(house):
    return find_images([house / "hr"], "data.train.hr")


def opened(house, path="maps", **settings):
    found = find_roots([Root(house / "hr")], "data.train.hr")
    return open_importance(house / path, names_of(found, hr_files(house), WHERE), WHERE, **settings)


def csv(house, names=("a.png", "sub/b.png"), points=((5, 5), (15, 5), (10, 15))):
    header = ",".join(f"part_{i}_{axis}" for i in range(len(points)) for axis in "xy")
    cells = ",".join(f"{x},{y}" for x, y in points)
    lines = [f"image_name,{header}", *(f"{name},{cells}" for name in names)]
    (house / "faces.csv").write_text("\n".join(lines) + "\n")
    return "faces.csv"


@pytest.mark.parametrize("megabytes", [0, 1])
def test_map_is_cut_and_laid_as_the_crop_is(house, megabytes):
    dataset = HrOnly(hr_files(house), 8, 2, seed=0, importance=opened(house, megabytes=megabytes))
    for number in range(40):
        window, levels = dataset[Ticket(number % 2, number)]
        assert levels.shape == (8, 8) and levels.dtype == np.uint8 and levels.flags.writeable
        np.testing.assert_array_equal(levels, window[4:-4, 4:-4, 0])


def test_map_of_pairs_is_the_hr_files(house):
    pairs = [(file, file) for file in hr_files(house)]
    dataset = PairedFiles(pairs, 8, 1, seed=0, importance=opened(house))
    for number in range(20):
        (lr, hr), levels = dataset[Ticket(number % 2, number)]
        np.testing.assert_array_equal(levels, hr[..., 0])
        assert lr.shape == (8, 8, 3)


@pytest.mark.parametrize("workers", [0, 1])
def test_importance_arrives_with_the_batch(house, workers):
    files = hr_files(house)
    hr_only = HrOnly(files, 8, 2, seed=0, importance=opened(house))
    pairs = PairedFiles([(file, file) for file in files], 8, 1, seed=0, importance=opened(house))
    for dataset, scale in ((hr_only, 2), (pairs, 1)):
        stream = paired_batches(dataset, scale=scale, batch=3, seed=0, workers=workers, device=torch.device("cpu"))
        for batch in islice(stream, 3):
            assert batch.importance is not None and batch.importance.shape == (3, 1, 8, 8)
            assert batch.importance.dtype == torch.float32
            assert torch.equal(batch.importance, batch.hr[:, :1])
            assert batch.lr.shape == (3, 3, 8 // scale, 8 // scale)
        stream.close()


def digest(samples):
    code = hashlib.sha256()
    for sample in samples:
        for image in sample if isinstance(sample, tuple) else (sample,):
            code.update(image.tobytes())
    return code.hexdigest()[:16]


def test_samples_are_what_they_were_before_there_was_importance(tmp_path):
    """The digests were made by the version before, and importance leaves the images alone."""
    image = np.random.default_rng(0).integers(0, 256, (27, 30, 3), dtype=np.uint8)
    hr, lr = tmp_path / "hr.png", tmp_path / "lr.png"
    Image.fromarray(image).save(hr)
    Image.fromarray(image[:13, :15]).save(lr)
    plain, pairs = HrOnly([hr], 8, 2, seed=4), PairedFiles([(lr, hr)], 8, 2, seed=4)
    assert digest(plain[Ticket(0, number)] for number in range(50)) == "5c716f24a2c91565"
    assert digest(pairs[Ticket(0, number)] for number in range(50)) == "f1f046244662ebd1"

    class Flat:
        def of(self, file, height, width):
            return np.full((height, width), 7, dtype=np.uint8)

    weighted = HrOnly([hr], 8, 2, seed=4, importance=Flat())
    samples = [weighted[Ticket(0, number)] for number in range(50)]
    assert all(isinstance(sample, Weighted) and (sample.importance == 7).all() for sample in samples)
    assert digest(sample.images for sample in samples) == "5c716f24a2c91565"


def test_without_importance_there_is_none(house):
    stream = paired_batches(HrOnly(hr_files(house), 8, 2, 0), scale=2, batch=2, seed=0, device=torch.device("cpu"))
    assert next(stream).importance is None
    stream.close()


def face():
    """68 points: a round jaw and parts in their places, eyes 60 pixels apart."""
    points = np.zeros((68, 2))
    angles = np.linspace(0, np.pi, 17)
    points[:17] = np.stack([80 - 60 * np.cos(angles), 70 + 70 * np.sin(angles)], axis=1)
    for part, (x, y) in {17: (55, 50), 22: (105, 50)}.items():
        points[part : part + 5] = np.stack([x + np.linspace(-10, 10, 5), np.full(5, y)], axis=1)
    points[27:31] = np.stack([np.full(4, 80), np.linspace(65, 85, 4)], axis=1)
    points[31:36] = np.stack([np.linspace(72, 88, 5), np.full(5, 90)], axis=1)
    turn = np.linspace(np.pi, -np.pi, 7)[:6]
    for part, x in ((36, 58), (42, 102)):
        points[part : part + 6] = np.stack([x + 8 * np.cos(turn), 65 + 3 * np.sin(turn)], axis=1)
    ring = np.linspace(np.pi, -np.pi, 21)[:20]
    points[48:] = np.stack([80 + 20 * np.cos(ring), 110 + 8 * np.sin(ring)], axis=1)
    points[36], points[45] = (50, 65), (110, 65)
    return points


def test_parts_of_a_face_matter_and_the_rest_is_floor():
    levels = draw_importance(face(), 160, 170, floor=0.2)
    assert levels.shape == (160, 170) and levels.dtype == np.uint8
    for x, y in ((58, 65), (102, 65), (80, 75), (80, 110), (55, 50), (105, 50)):  # eyes, nose, mouth, brows
        assert levels[y, x] > 240, (x, y)
    for x, y in ((2, 2), (160, 80), (80, 139), (30, 100), (130, 100)):  # background, chin on the jaw, cheeks
        assert levels[y, x] == 51, (x, y)
    assert 0.1 < (levels > 51).mean() < 0.5


def test_any_number_of_points_are_spots():
    points = np.array([[20.0, 20.0], [60.0, 20.0], [40.0, 60.0]])
    levels = draw_importance(points, 80, 80, floor=0.0)
    assert all(levels[int(y), int(x)] > 200 for x, y in points)
    assert levels[35, 40] == 0 and levels[20, 40] == 0  # between the points


def test_landmarks_name_images_by_path_or_by_name(house):
    expected = draw_importance(np.array([[5.0, 5.0], [15.0, 5.0], [10.0, 15.0]]), 21, 26)
    for names in (("a.png", "sub/b.png"), ("a.png", "b.png")):
        maps = opened(house, csv(house, names))
        for file in hr_files(house):
            np.testing.assert_array_equal(maps.of(file, 21, 26), expected)
    assert expected.min() == round(255 * FLOOR)


def test_one_name_for_two_images_is_refused(house):
    folders = [house / "hr", house / "hr2"]
    (house / "hr2").mkdir()
    Image.new("RGB", (26, 21)).save(house / "hr2/a.png")
    found = find_roots([Root(folder) for folder in folders], "data.train.hr")
    with pytest.raises(DataError, match=r"data.train.importance: .*hr/a.png and .*hr2/a.png would go by the same name"):
        names_of(found, files_of(found), WHERE)


def test_a_bare_name_must_mean_one_image(house):
    Image.new("RGB", (26, 21)).save(house / "hr/sub/a.png")
    with pytest.raises(DataError, match=r"faces.csv has no line for 2 of 3 HR images: .*hr/a.png, .*hr/sub/a.png\."):
        opened(house, csv(house, names=("x/a.png", "b.png")))
    name = csv(house, names=("a.png", "b.png"))
    with pytest.raises(DataError, match=r"no line for 1 of 3 HR images: .*hr/sub/a.png\."):
        opened(house, name)


def test_maps_are_remembered_up_to_a_limit(house):
    files, asked = hr_files(house), []

    class Counting:
        def of(self, file, height, width):
            asked.append(file)
            return np.zeros((800, 1000), dtype=np.uint8)

    remembered = Remembered(Counting(), megabytes=1)
    maps = [remembered.of(file, 800, 1000) for file in files * 2]
    assert asked == [files[0], files[1], files[1]]  # 0.8 MB each: the second does not fit
    assert maps[0] is maps[2] and not maps[0].flags.writeable


def test_missing_map_is_found_before_training(house):
    (house / "maps/sub/b.bmp").unlink()
    with pytest.raises(DataError, match=r"data.train.importance: .*maps has nothing for 1 of 2 HR images: .*b.png"):
        opened(house)


def test_other_size_is_found_before_training(house):
    Image.new("L", (26, 20)).save(house / "maps/sub/b.bmp")
    with pytest.raises(DataError, match=r"b.bmp is 26x20 and .*b.png is 26x21 \(width x height\). Expected the same"):
        opened(house)


def test_two_maps_for_one_image(house):
    Image.new("L", (26, 21)).save(house / "maps/a.png")
    with pytest.raises(DataError, match=r"both .*a.bmp and .*a.png could belong to .*a.png; expected one"):
        opened(house)


def test_coloured_map_is_refused(house):
    Image.new("RGB", (26, 21), "red").save(house / "maps/a.bmp")
    with pytest.raises(DataError, match=r"a.bmp: expected a grey image of 26x21"):
        opened(house).of(hr_files(house)[0], 21, 26)
    Image.new("RGB", (26, 21), (9, 9, 9)).save(house / "maps/a.bmp")  # grey, stored as RGB
    assert (opened(house).of(hr_files(house)[0], 21, 26) == 9).all()


def test_image_without_landmarks_is_found_before_training(house):
    with pytest.raises(DataError, match=r"faces.csv has no line for 1 of 2 HR images: .*b.png"):
        opened(house, csv(house, names=("a.png",)))


def test_landmarks_of_another_size_are_found_before_training(house):
    name = csv(house, points=((500, 50), (60, 700), (90, 90)))
    with pytest.raises(DataError, match=r"a.png is 26x21 \(width x height\), and none of its landmarks"):
        opened(house, name)


@pytest.mark.parametrize("path", ["nowhere", "nowhere.csv"])
def test_missing_path(house, path):
    with pytest.raises(DataError, match="nowhere"):
        opened(house, path)
