"""Which files a run learns from, by names that a moved folder does not change."""

import hashlib
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gansr.build.watching.order import Order, file_names
from gansr.data.sampler import ScaleDraw, real_side
from gansr.data.sets.mixed_set import WithPairs
from gansr.data.sets.training_set import HrOnly, PairedFiles, Scales
from gansr.data.streaming.reader import Fit
from gansr.data.streaming.shards import Members
from gansr.data.streaming.stream import Stream
from gansr.data.streaming.streamed import Streamed
from gansr.data.unpaired.sides import UnpairedFiles
from gansr.errors import DataError, WeightsError

HR = [Path("/photos/a/1.png"), Path("/photos/b/2.png")]
LR = [Path("/small/1.png"), Path("/small/2.png")]


def photos(files=HR, crop=8, scale=2, seed=0, **settings):
    return HrOnly(files, crop, scale, seed, **settings)


KINDS = {
    "photos": (photos(), ["a/1.png", "b/2.png"]),
    "pairs": (PairedFiles(list(zip(LR, HR, strict=True)), 8, 2, 0), ["1.png", "2.png", "a/1.png", "b/2.png"]),
    "scales": (
        Scales({2: photos(), 4: photos(crop=16, scale=4)}, ScaleDraw((2, 4), 0)),
        ["a/1.png", "b/2.png"],
    ),
    "mixed": (
        WithPairs(photos(), [(LR[0], HR[0])], lambda _: 0.5, 0),
        ["a/1.png", "b/2.png", "1.png", "1.png"],
    ),
    "sides": (
        UnpairedFiles(photos(), photos(LR, 4, 1, real_side(0), margin=0)),
        ["a/1.png", "b/2.png", "1.png", "2.png"],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_names_within_their_folders(kind):
    images, names = KINDS[kind]
    assert file_names(images) == names


def test_a_set_of_another_kind_is_known_by_its_size():
    class Other:
        def __len__(self):
            return 3

        def __getitem__(self, ticket):
            raise AssertionError

    assert file_names(Other()) == ["0", "1", "2"]


ORDER = Order(images=2, names="x", processes=1, batch=4, accumulate=1, crops=1)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ({"batch": 8}, "other images in a batch: 8 -> 4"),
        ({"accumulate": 2, "processes": 3}, "other processes: 3 -> 1, batches in a step: 2 -> 1"),
        ({"crops": 4}, "other crops of each image: 4 -> 1"),
        ({}, None),
    ],
)
def test_what_is_told(tmp_path, before, said):
    (tmp_path / "order.json").write_text(json.dumps(json.loads(ORDER.files()["order.json"]) | before))
    found = ORDER.changes(tmp_path, "auto")
    assert [text.partition("because of ")[2] for text in found] == ([said] if said else [])


@pytest.mark.parametrize("resume", ["auto", "changed_data"])
def test_other_names(tmp_path, resume):
    (tmp_path / "order.json").write_text(json.dumps(json.loads(ORDER.files()["order.json"]) | {"names": "y"}))
    if resume == "auto":
        with pytest.raises(DataError, match="2 as before, but other names"):
            ORDER.changes(tmp_path, resume)
    else:
        assert ORDER.changes(tmp_path, resume)[0].endswith("other images: 2 as before, but other names")


def test_damaged(tmp_path):
    (tmp_path / "order.json").write_text("[")
    with pytest.raises(WeightsError, match=r"order\.json: damaged"):
        ORDER.changes(tmp_path, "auto")


def test_names_that_are_no_text():
    data = SimpleNamespace(train=SimpleNamespace(streaming=None, crops_per_image=1))
    options: Any = SimpleNamespace(train=SimpleNamespace(batch=4, accumulate=1), data=data)
    names = [Path(os.fsdecode(name)) for name in (b"/photos/\xff.png", b"/photos/\xfe.png")]
    first, second = (Order.of(photos([name]), options, 1).names for name in names)
    assert first == hashlib.sha256(b"\xff.png").hexdigest() != second


def test_shards_by_their_names_within_their_folder(tmp_path, monkeypatch):
    def names(*shards):
        return [name.partition(" ")[0] for name in file_names(Streamed(Stream(shards, Members(), 0, 8), Fit(8, 1), {}))]

    remote = "https://example.org/tar/07.tar"
    for folder in (tmp_path, tmp_path / "moved"):
        assert names(f"{folder}/a/00.tar", f"{folder}/b/01.tar", remote) == ["a/00.tar", "b/01.tar", remote]
    monkeypatch.chdir(tmp_path)
    assert names("a/00.tar", "a/01.tar") == names(f"{tmp_path}/a/00.tar", "a/01.tar") == ["00.tar", "01.tar"]
    assert names(remote) == [remote]
