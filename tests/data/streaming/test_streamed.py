"""Which image comes when is a function of the seed, the processes and the number, whoever reads and from where on."""

import http.server
import shutil
import threading
from collections import Counter
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from gansr.data.batches import paired_batches
from gansr.data.loading.lanes import LANES
from gansr.data.sampler import permutation
from gansr.data.sets.training_set import HrOnly, PairedFiles
from gansr.data.streaming import stream as module
from gansr.data.streaming.index import counts_of
from gansr.data.streaming.reader import Fit
from gansr.data.streaming.shards import Members
from gansr.data.streaming.stream import Stream
from gansr.data.streaming.streamed import HR, LR, Streamed
from gansr.errors import DataError

CPU = torch.device("cpu")
NOISY = (5, 3, 7, 4)  # images in each shard
PLAIN = Members()


def photos(shards, mixed=3, counts=True, members=PLAIN, crop=8, skip=False):
    """Crops with LR made."""

    def cut(held):
        if members.lr is not None:
            return PairedFiles([(LR, HR)], crop, 2, seed=1, source=held)
        return HrOnly([HR], crop, 2, seed=1, source=held)

    known = counts_of(shards, None) if counts else {}
    return Streamed(Stream(tuple(shards), members, 1, mixed, known), Fit(crop, 2, skip), {2: cut})


def batches(dataset, count, **settings):
    stream = paired_batches(dataset, **({"scale": 2, "batch": 4, "seed": 1, "device": CPU} | settings))
    taken = list(islice(stream, count))
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("loader")]
    return taken


def numbers(taken):
    """Which images the samples are from."""
    return [round(255 * value) for batch in taken for value in batch.hr[:, 0, 0, 0].tolist()]


def same(one, other):
    return len(one) == len(other) and all(
        torch.equal(a.hr, b.hr) and torch.equal(a.lr, b.lr) for a, b in zip(one, other, strict=True)
    )


def test_every_image_once_in_an_epoch_and_shards_in_another_order_each_time(shards):
    paths = shards(*NOISY)
    taken = numbers(batches(photos(paths, mixed=1), 19, batch=2))
    epochs = [taken[:19], taken[19:]]
    assert all(sorted(epoch) == list(range(19)) for epoch in epochs) and epochs[0] != epochs[1]
    firsts = np.cumsum((0, *NOISY))
    for number, epoch in enumerate(epochs):
        expected = [image for i in permutation(4, 1, number) for image in range(firsts[i], firsts[i + 1])]
        assert epoch == expected, "as stored within a shard, when nothing is mixed"


def test_mixing_shuffles_blocks(shards):
    paths = shards(*NOISY)
    plain, mixed = (numbers(batches(photos(paths, mixed=m), 5, batch=5)) for m in (1, 5))
    assert plain != mixed
    for begin in range(0, 25, 5):
        assert sorted(mixed[begin : begin + 5]) == sorted(plain[begin : begin + 5])


@pytest.mark.parametrize("crops", [1, 3])
def test_workers_change_nothing(shards, crops):
    paths = shards(*NOISY)
    one = batches(photos(paths), 12, crops=crops)
    for workers in (1, 3):
        assert same(one, batches(photos(paths), 12, crops=crops, workers=workers))


@pytest.mark.parametrize("crops", [1, 3])
@pytest.mark.parametrize("counts", [True, False])
def test_the_very_next_sample(shards, crops, counts):
    """From the middle of a block, of a shard, of an image's crops, and epochs later; with known counts and without."""
    paths = shards(*NOISY)
    whole = batches(photos(paths), 45, crops=crops)
    for start in (1, 4, 5, 17, 40):
        rest = batches(photos(paths, counts=counts), 45 - start, crops=crops, start=start, workers=2)
        assert same(whole[start:], rest), start


def test_shards_before_the_start_are_not_opened(shards, monkeypatch):
    paths, opened = shards(*NOISY), []
    read_shard = module.read_shard
    monkeypatch.setattr(module, "read_shard", lambda shard, members: opened.append(shard) or read_shard(shard, members))
    first, second, *_ = (paths[index] for index in permutation(4, 1, 0))
    start = counts_of(paths, None)[first] + 1
    batches(photos(paths, mixed=1), 1, batch=1, start=start)
    assert opened[0] == second and first not in opened


def test_two_processes_have_shards_of_their_own(shards):
    paths = shards(4, 4, 4, 4)
    halves = [numbers(batches(photos(paths, mixed=4), 4, batch=2, rank=rank, world=2)) for rank in (0, 1)]
    assert sorted(halves[0] + halves[1]) == list(range(16))
    assert len({number // 4 for number in halves[0]}) == 2, "two whole shards each"


def test_fewer_shards_than_processes(shards):
    with pytest.raises(DataError, match="2 shards cannot be shared among 3 processes"):
        batches(photos(shards(2, 2)), 1, rank=0, world=3)


def test_several_crops_of_each_image_decode_it_once(shards, monkeypatch):
    from gansr.data.streaming import reader

    read, read_image = [], reader.read_image
    monkeypatch.setattr(reader, "read_image", lambda path: read.append(path) or read_image(path))
    taken = numbers(batches(photos(shards(60, 60, 60, 60)), 40, batch=8, crops=4, workers=2))
    times = Counter(taken)
    assert len(read) <= len(times) + 2 * 2 * 8 and len(read) < len(taken) / 2
    for begin in range(0, 300 - LANES, 8):
        assert len(set(taken[begin : begin + LANES])) == LANES


def test_nothing_is_held_that_is_done(shards):
    from gansr.data.sampler import CounterSampler

    dataset, sampler = photos(shards(60, 60)), CounterSampler(2, 4, 1, crops=3)
    with dataset.opened(sampler) as row:
        for tickets in islice(sampler, 100):
            for ticket in tickets:
                row[ticket]
        visits = row.reader.visits
        assert len(visits) <= 2 * LANES
        assert all(not visit.block[visit.place].hr for visit in visits.values() if visit.decoding)
        folder = Path(row.reader.folder.name)
        assert not list(folder.iterdir())
    assert not folder.exists()


@pytest.fixture
def pairs(tmp_path, png, write_tar):
    """Makes a shard of four pairs and more."""

    def make(**more):
        members = {}
        for n in range(4):
            members |= {f"{n}.lr.png": png(100 + n, 6, 7), f"{n}.hr.png": png(n), f"{n}.json": b"{}"}
        return [str(write_tar(tmp_path / "pairs" / "0.tar", members | more))]

    return make


def test_pairs(pairs):
    taken = batches(photos(pairs(), members=Members("hr", "lr"), mixed=4), 2)
    for batch in taken:
        assert batch.lr.shape == (4, 3, 4, 4) and batch.hr.shape == (4, 3, 8, 8)
        assert torch.equal((batch.lr[:, 0, 0, 0] * 255).round(), (batch.hr[:, 0, 0, 0] * 255).round() + 100)
    assert sorted(numbers(taken[:1])) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("more", "members", "said"),
    [
        ({"hr.png": ()}, Members("hr", "lr"), r"0\.tar/4: expected one image with the ending lr\.png .* found hr"),
        ({"hr.png": (), "hr.jpg": ()}, Members("hr"), r"0\.tar/4: expected one image .* found hr\.png, hr\.jpg"),
        ({"hr.png": None}, Members("hr"), r"0\.tar/4 cannot be read: it is not an image"),
        ({"hr.png": (), "lr.png": ()}, Members("hr", "lr"), r"LR is 14x12 and HR is 14x12 .* LR of 7x6"),
        ({"hr.png": (7, 14)}, Members("hr"), r"0\.tar/4 is 14x7 \(width x height\), smaller than the crop of 8"),
    ],
)
def test_samples_that_do_not_fit(pairs, png, more, members, said):
    """Told in their place, with their names."""
    fifth = {f"4.{key}": b"no image" if size is None else png(4, *size) for key, size in more.items()}
    with pytest.raises(DataError, match=said) as caught:
        batches(photos(pairs(**fifth), members=members, mixed=1), 4, workers=2)
    assert str(caught.value).startswith("data.train.streaming: ") and "\n" not in str(caught.value)


def test_small_images_can_be_left_out(tmp_path, png, write_tar):
    shard = str(write_tar(tmp_path / "0.tar", {f"{n}.png": png(n, 7 if n in (1, 2) else 12) for n in range(6)}))
    dataset = photos([shard], mixed=3, skip=True)
    whole = batches(dataset, 6)
    assert set(numbers(whole)) == {0, 3, 4, 5}
    (told,) = dataset.news
    assert told.startswith(shard) and "is 14x7 (width x height), smaller than the crop of 8, and left out" in told
    assert same(whole[3:], batches(photos([shard], mixed=3, skip=True), 3, start=3, workers=2))
    only = str(write_tar(tmp_path / "1.tar", {f"{n}.png": png(n, 7) for n in range(3)}))
    with pytest.raises(DataError, match=r"of 3 images around .* none is as large"):
        batches(photos([only], skip=True), 1)


@pytest.mark.parametrize("left", [3 * 1024, 3 * 1024 + 100, 3 * 1024 + 540])
def test_a_torn_shard(shards, left):
    """Between two members, in a header, and in an image."""
    paths = shards(5)
    content = Path(paths[0]).read_bytes()
    counts = counts_of(paths, None)
    Path(paths[0]).write_bytes(content[:left])
    torn = photos(paths, counts=False)
    torn.stream.counts.update(counts)
    with pytest.raises(DataError, match=r"00\.tar (cannot be read|holds 3 samples; expected 5)"):
        batches(torn, 2)


@pytest.mark.parametrize("content", [b"", b"this is no tar file, whatever its name says" * 40])
def test_no_tar_file(tmp_path, content):
    (tmp_path / "0.tar").write_bytes(content)
    with pytest.raises(DataError, match=r"0\.tar cannot be read"):
        batches(photos([str(tmp_path / "0.tar")], counts=False), 1)
    with pytest.raises(DataError, match=r"gone\.tar cannot be read: No such file"):
        batches(photos([str(tmp_path / "gone.tar")], counts=False), 1)


@pytest.mark.skipif(shutil.which("curl") is None, reason="webdataset reads from servers by curl")
def test_from_a_server(shards, tmp_path):
    paths = shards(3, 4)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "shards")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        there = [f"http://127.0.0.1:{server.server_port}/{Path(path).name}" for path in paths]
        whole = batches(photos(paths), 6)
        assert same(whole, batches(photos(there), 6, workers=2))
        assert same(whole[3:], batches(photos(there), 3, start=3)), "counted while it is read once more"
        with pytest.raises(DataError, match=r"gone\.tar cannot be read"):
            batches(photos([there[0].replace("00", "gone")]), 1)
    finally:
        server.shutdown()
        server.server_close()
