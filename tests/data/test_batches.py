import threading
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from gansr.data.batches import paired_batches
from gansr.data.sampler import CounterSampler, ScaleDraw
from gansr.data.sets.training_set import HrOnly, PairedFiles, Scales
from gansr.data.sets.weighted import Weights
from gansr.errors import DataError
from gansr.imaging.resize import reduce_uint8

CPU = torch.device("cpu")


@pytest.fixture
def files(tmp_path):
    random = np.random.default_rng(0)
    files = [tmp_path / f"{number}.png" for number in range(5)]
    for file in files:
        Image.fromarray(random.integers(0, 256, (24, 26, 3), dtype=np.uint8)).save(file)
    return files


def batches(dataset, count, **settings):
    settings = {"scale": 2, "batch": 3, "seed": 1, "device": CPU} | settings
    stream = paired_batches(dataset, **settings)
    taken = list(islice(stream, count))
    stream.close()
    return taken


def same(first, second):
    return len(first) == len(second) and all(
        torch.equal(one.lr, other.lr) and torch.equal(one.hr, other.hr)
        for one, other in zip(first, second, strict=True)
    )


def test_floats_in_range_channels_first(files):
    (batch,) = batches(HrOnly(files, 8, 2, seed=1), 1)
    assert batch.lr.shape == (3, 3, 4, 4) and batch.hr.shape == (3, 3, 8, 8)
    for image in (batch.lr, batch.hr):
        assert image.dtype == torch.float32 and 0 <= image.min() < image.max() <= 1
        assert image.is_contiguous(memory_format=torch.channels_last)


def test_lr_is_that_of_the_whole_image(tmp_path):
    """One image, cropped to itself: the pair is the image and its MATLAB LR, exactly."""
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    dataset = HrOnly([tmp_path / "a.png"], 16, 4, seed=0, flips=False, rotations=False)
    (batch,) = batches(dataset, 1, scale=4, batch=1)
    hr = torch.from_numpy(image).permute(2, 0, 1)[None]
    assert torch.equal(batch.hr, hr / 255)
    assert torch.equal(batch.lr, reduce_uint8(hr, 4) / 255)


def test_pairs(files):
    dataset = PairedFiles([(file, file) for file in files], 8, 1, seed=1)
    (batch,) = batches(dataset, 1, scale=1)
    assert batch.lr.shape == (3, 3, 8, 8) and torch.equal(batch.lr, batch.hr)


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("crops", [1, 3])
def test_workers_change_nothing_and_end(files, workers, crops):
    dataset = HrOnly(files, 8, 2, seed=1)
    assert same(batches(dataset, 7, crops=crops), batches(dataset, 7, crops=crops, workers=workers))
    assert not loader_threads()


def loader_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("loader")]


@pytest.mark.parametrize("crops", [1, 3])
def test_the_very_next_sample_with_any_number_of_workers(files, crops):
    """Five images: a start in the middle of an epoch, of an image's crops, and of a round of lanes."""
    dataset = HrOnly(files, 8, 2, seed=1)
    whole = batches(dataset, 16, crops=crops, workers=2)
    for start, workers in ((1, 0), (7, 5), (12, 1)):
        assert same(whole[start:], batches(dataset, 16 - start, crops=crops, start=start, workers=workers))


def test_crops_of_one_image_differ_and_one_crop_is_as_ever(files):
    dataset = HrOnly(files, 8, 2, seed=1)
    assert same(batches(dataset, 5), batches(dataset, 5, crops=1))
    many = batches(HrOnly(files[:1], 8, 2, seed=1), 5, crops=4)
    seen = {batch.hr[place].numpy().tobytes() for batch in many for place in range(3)}
    assert len(seen) == 15


def test_start_equals_skipping(files):
    dataset = HrOnly(files, 8, 2, seed=1)
    assert same(batches(dataset, 7)[4:], batches(dataset, 3, start=4))


def test_two_processes_see_what_one_sees(files):
    dataset = HrOnly(files, 8, 2, seed=1)
    one = batches(dataset, 3, batch=4)
    halves = [batches(dataset, 3, batch=2, rank=rank, world=2) for rank in (0, 1)]
    for batch, first, second in zip(one, *halves, strict=True):
        assert torch.equal(batch.hr, torch.cat([first.hr, second.hr]))
        assert torch.equal(batch.lr, torch.cat([first.lr, second.lr]))


def test_own_randomness_only(files):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = batches(HrOnly(files, 8, 2, seed=1), 2)
    assert torch.equal(torch.random.get_rng_state(), before)
    np.random.seed(99)
    torch.manual_seed(99)
    assert same(first, batches(HrOnly(files, 8, 2, seed=1), 2))


@pytest.mark.parametrize("workers", [0, 1])
def test_damaged_file_reaches_the_user_as_one_sentence(files, workers):
    files[2].write_bytes(files[2].read_bytes()[:600])
    with pytest.raises(DataError) as caught:
        batches(HrOnly(files, 8, 2, seed=1), 4, workers=workers)
    assert str(caught.value).startswith(f"{files[2]} cannot be read: ")
    assert "\n" not in str(caught.value) and "Traceback" not in str(caught.value)
    assert not loader_threads()


def test_order_is_the_samplers(tmp_path):
    files = [tmp_path / f"{number}.png" for number in range(6)]
    for number, file in enumerate(files):
        Image.fromarray(np.full((8, 8, 3), number, dtype=np.uint8)).save(file)
    taken = batches(HrOnly(files, 8, 2, seed=0), 4, seed=3)
    expected = [[ticket.index for ticket in batch] for batch in islice(CounterSampler(6, 3, 3), 4)]
    assert [(batch.hr[:, 0, 0, 0] * 255).round().int().tolist() for batch in taken] == expected


SEVERAL = ScaleDraw((2, 4), seed=1)


def several(files):
    """x2 and x4 with LR crops of one size."""
    return Scales({scale: HrOnly(files, 4 * scale, scale, seed=1) for scale in (2, 4)}, SEVERAL)


def test_each_step_draws_a_scale(files):
    taken = batches(several(files), 8, scale=SEVERAL)
    assert [batch.scale for batch in taken] == [SEVERAL(position) for position in range(8)]
    assert {batch.scale for batch in taken} == {2, 4}
    for batch in taken:
        assert batch.lr.shape[-2:] == (4, 4) and batch.hr.shape[-1] == 4 * batch.scale
    alone = batches(HrOnly(files, 16, 4, seed=1), 8, scale=4)
    assert all(torch.equal(b.hr, a.hr) for b, a in zip(taken, alone, strict=True) if b.scale == 4)
    assert alone[0].scale is None


def test_all_processes_workers_and_resumed_runs_draw_the_same_scale(files):
    dataset = several(files)
    one = batches(dataset, 6, scale=SEVERAL, batch=4)
    halves = [batches(dataset, 6, scale=SEVERAL, batch=2, rank=rank, world=2) for rank in (0, 1)]
    for batch, first, second in zip(one, *halves, strict=True):
        assert batch.scale == first.scale == second.scale
        assert torch.equal(batch.hr, torch.cat([first.hr, second.hr]))
    later = batches(dataset, 3, scale=SEVERAL, batch=4, start=3, workers=2)
    assert same(one[3:], later) and [b.scale for b in one[3:]] == [b.scale for b in later]


def test_crops_of_one_image_are_of_one_image_also_by_weight(files):
    """Three images that share one place of an epoch take turns in it; an epoch counts images, not crops."""
    weighted = HrOnly(files, 8, 2, seed=1, weights=Weights([2, 3], [1.0, 1 / 3], seed=1))
    cut = {}
    for tickets in islice(CounterSampler(len(weighted), 4, 1, crops=3), 200):
        for ticket in tickets:
            cut.setdefault(ticket.visit, set()).add(weighted.file(ticket))
    assert all(len(found) == 1 for found in cut.values())
    assert {file for found in cut.values() for file in found} == set(files)
