"""Two sides of unpaired images: whatever is drawn of one says nothing about the other, whoever draws it, and when."""

from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gansr.data.batch import Unpaired
from gansr.data.sampler import CounterSampler, Ticket, real_side
from gansr.data.sets.training_set import HrOnly
from gansr.data.unpaired.sides import UnpairedFiles, unpaired_batches
from gansr.errors import DataError

SEED, CROP, SCALE = 3, 16, 2
Sides = Callable[..., UnpairedFiles]


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    """Image k of a side is called k.png on both; its red level is k, its other ones tell row and column."""

    def make(hr: int = 6, real_lr: int = 6, seed: int = SEED, margin: int = 0, **settings: bool) -> UnpairedFiles:
        made = []
        for side, count, pixels in (("hr", hr, 40), ("real_lr", real_lr, 30)):
            files = [tmp_path / side / f"{number}.png" for number in range(count)]
            (tmp_path / side).mkdir(exist_ok=True)
            for number, file in enumerate(files):
                rows, columns = np.mgrid[:pixels, :pixels]
                Image.fromarray(np.stack([np.full_like(rows, number), rows, columns], -1).astype(np.uint8)).save(file)
            made.append(files)
        return UnpairedFiles(
            HrOnly(made[0], CROP, SCALE, seed, **settings, margin=margin),
            HrOnly(made[1], CROP // SCALE, 1, real_side(seed), **settings, margin=0),
        )

    return make


def batches(dataset: UnpairedFiles, count: int, batch: int = 4, **settings: int) -> list[Unpaired]:
    stream = unpaired_batches(dataset, batch=batch, device=torch.device("cpu"), **settings)
    taken = list(islice(stream, count))
    stream.close()  # pyright: ignore[reportAttributeAccessIssue] - it is a generator
    return taken


def names(dataset: UnpairedFiles, count: int, seed: int = SEED) -> np.ndarray:
    """The numbers that the files of so many samples are called by: (count, 2)."""
    sampler = CounterSampler(len(dataset), 1, seed)
    tickets = (ticket for micro_batch in sampler for ticket in micro_batch)
    return np.array([[int(file.stem) for file in dataset.files(ticket)] for ticket in islice(tickets, count)])


def same(one: list[Unpaired], other: list[Unpaired]) -> bool:
    return len(one) == len(other) and all(
        torch.equal(first.hr, second.hr) and torch.equal(first.real_lr, second.real_lr)
        for first, second in zip(one, other, strict=True)
    )


def test_floats_in_range_in_proportion(sides: Sides) -> None:
    (batch,) = batches(sides(), 1)
    assert batch.hr.shape == (4, 3, CROP, CROP) and batch.real_lr.shape == (4, 3, CROP // SCALE, CROP // SCALE)
    assert batch.window is None
    for image in (batch.hr, batch.real_lr):
        assert image.dtype == torch.float32 and 0 <= image.min() < image.max() <= 1
        assert image.is_contiguous(memory_format=torch.channels_last)


def test_a_window_has_the_crop_in_its_middle(sides: Sides) -> None:
    plain, (batch,) = batches(sides(), 1), batches(sides(margin=6), 1)
    assert batch.window is not None and batch.window.shape[-1] == CROP + 12
    assert torch.equal(batch.hr, batch.window[..., 6:-6, 6:-6]) and same([batch], plain), "a margin moves no draw"
    assert batch.hr.is_contiguous(memory_format=torch.channels_last)


def test_grey_files_become_rgb(tmp_path: Path, sides: Sides) -> None:
    dataset = sides(real_lr=1)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 30), dtype=np.uint8)).save(dataset.real_lr.files[0])
    (batch,) = batches(dataset, 1)
    assert batch.real_lr.shape[1] == 3 and torch.equal(batch.real_lr[:, 0], batch.real_lr[:, 2])


@pytest.mark.parametrize(("hr", "real_lr"), [(7, 7), (7, 5), (4, 9), (3, 1)])
def test_each_side_has_epochs_of_its_own_with_every_image_once(sides: Sides, hr: int, real_lr: int) -> None:
    drawn = names(sides(hr, real_lr), 4 * hr * real_lr)
    for side, length in enumerate((hr, real_lr)):
        epochs = drawn[:, side].reshape(-1, length)
        assert (np.sort(epochs, axis=1) == np.arange(length)).all()
        assert length == 1 or len({tuple(epoch) for epoch in epochs}) > 1, "epochs are shuffled anew"


@pytest.mark.parametrize(("hr", "real_lr"), [(10, 10), (10, 7)])
def test_equal_names_meet_by_chance_alone(sides: Sides, hr: int, real_lr: int) -> None:
    """Every pair of images comes as often as any other one; equal names too, and in every epoch anew."""
    rounds = 2000 * hr
    drawn = names(sides(hr, real_lr), rounds)
    counts = Counter(map(tuple, drawn))
    expected = rounds / (hr * real_lr)
    cells = np.array([counts[one, other] for one in range(hr) for other in range(real_lr)])
    chi_squared = ((cells - expected) ** 2 / expected).sum()
    freedom = (hr - 1) * (real_lr - 1)
    assert abs(chi_squared - freedom) < 5 * np.sqrt(2 * freedom)
    equal = (drawn[:, 0] == drawn[:, 1]).mean()
    assert equal == pytest.approx(1 / max(hr, real_lr), abs=0.01)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.03
    by_epoch = (drawn[:, 0] == drawn[:, 1]).reshape(-1, hr).sum(1)
    assert by_epoch.max() < hr, "no epoch pairs all equal names"


def test_the_same_seed_on_both_sides_would_lock_names_together_and_is_refused(sides: Sides) -> None:
    """What the real side's own key is for: the test above fails without it."""
    dataset = sides()
    locked = HrOnly(dataset.real_lr.files, CROP // SCALE, 1, SEED, margin=0)
    with pytest.raises(AssertionError, match="independent"):
        UnpairedFiles(dataset.hr, locked)
    dataset.real_lr = locked
    drawn = names(dataset, 60)
    assert (drawn[:, 0] == drawn[:, 1]).all()


def test_places_flips_and_turns_of_the_sides_have_nothing_in_common(sides: Sides) -> None:
    dataset, count = sides(), 4000
    cuts = np.array(
        [
            [*dataset.hr.cutter.cut(number, 46, 46), *dataset.real_lr.cutter.cut(number, 23, 23)]
            for number in range(count)
        ],
        float,
    )  # both sides have 16 places along each axis
    assert (cuts[:, :2].max(0) == 15).all() and (cuts[:, 5:7].max(0) == 15).all()
    correlation = np.corrcoef(cuts.T)[:5, 5:]
    assert np.abs(correlation).max() < 4.5 / np.sqrt(count)
    assert (cuts[:, :5] == cuts[:, 5:]).all(1).mean() < 0.01, "1 in 2048 is the share of chance"


def test_the_hr_side_is_what_it_is_without_the_other_one(sides: Sides) -> None:
    alone = sides().hr
    for number in range(9):
        ticket = Ticket(number % 6, number)
        assert np.array_equal(sides(real_lr=2)[ticket].hr, alone[ticket])


def test_no_run_has_the_seed_of_a_real_side() -> None:
    assert real_side(0) > 2**31 and len({real_side(seed) for seed in range(100)}) == 100


def test_workers_change_nothing(sides: Sides) -> None:
    dataset = sides(6, 5)
    assert same(batches(dataset, 7), batches(dataset, 7, workers=2))


def test_start_equals_skipping(sides: Sides) -> None:
    dataset = sides(6, 5)
    assert same(batches(dataset, 9)[4:], batches(dataset, 5, start=4))


def test_two_processes_see_what_one_sees(sides: Sides) -> None:
    dataset = sides(6, 5)
    one = batches(dataset, 5, batch=4)
    halves = [batches(dataset, 5, batch=2, rank=rank, world=2) for rank in (0, 1)]
    for whole, first, second in zip(one, *halves, strict=True):
        assert torch.equal(whole.hr, torch.cat([first.hr, second.hr]))
        assert torch.equal(whole.real_lr, torch.cat([first.real_lr, second.real_lr]))


def test_batches_hold_the_files_that_samples_are_said_to_come_from(sides: Sides) -> None:
    dataset = sides(6, 5)
    drawn = names(dataset, 12)
    taken = batches(dataset, 3)
    for side, images in enumerate(zip(*[(batch.hr, batch.real_lr) for batch in taken], strict=True)):
        levels = (torch.cat(images)[:, 0, 0, 0] * 255).round().int()
        assert levels.tolist() == drawn[:, side].tolist()


@pytest.mark.parametrize("side", ["hr", "real_lr"])
def test_damaged_file_is_one_sentence(sides: Sides, side: str) -> None:
    dataset = sides()
    file = getattr(dataset, side).files[2]
    file.write_bytes(file.read_bytes()[:60])
    with pytest.raises(DataError, match="cannot be read") as caught:
        batches(dataset, 4, workers=1)
    assert str(caught.value).startswith(str(file))


def test_all_crops_of_an_hr_image_come_with_those_of_one_real_lr_image(sides: Sides) -> None:
    dataset = sides(6, 5)
    partners: dict[int, set[tuple[Path, Path]]] = {}
    for tickets in islice(CounterSampler(len(dataset), 8, SEED, crops=4), 80):
        for ticket in tickets:
            partners.setdefault(ticket.nth_image, set()).add(dataset.files(ticket))
    assert all(len(found) == 1 for found in partners.values())
    real = Counter(lr for found in partners.values() for _, lr in found)
    assert max(real.values()) - min(real.values()) <= 1 + 32 // 5  # some lanes are ahead of others
