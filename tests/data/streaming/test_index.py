import json
from pathlib import Path

import pytest

from gansr.data.streaming import index as module
from gansr.data.streaming.index import counts_of
from gansr.data.streaming.shards import expanded
from gansr.errors import DataError, OptionsError


def test_counted_once_and_kept_beside(shards, monkeypatch):
    paths = shards(3, 5)
    assert counts_of(paths, None) == dict(zip(paths, (3, 5), strict=True))
    kept = json.loads((Path(paths[0]).parent / "shards.json").read_text())
    assert [(one["url"], one["nsamples"]) for one in kept["shardlist"]] == [("00.tar", 3), ("01.tar", 5)]
    monkeypatch.setattr(module, "count_samples", lambda shard: pytest.fail("counted again"))
    assert counts_of(paths, None) == dict(zip(paths, (3, 5), strict=True))


def test_a_shard_of_another_size_is_counted_anew(shards):
    paths = shards(3, 5)
    counts_of(paths, None)
    assert counts_of(shards(40, 5), None) == dict(zip(paths, (40, 5), strict=True))
    assert counts_of(paths, None)[paths[0]] == 40


def test_remote_shards_are_known_from_an_index_alone(tmp_path):
    there = ["http://example.org/a/00.tar", "http://example.org/a/01.tar"]
    assert counts_of(there, None) == {}
    index = tmp_path / "index.json"
    index.write_text(json.dumps({"wids_version": 1, "shardlist": [{"url": "00.tar", "nsamples": 7}]}))
    assert counts_of(there, index) == {there[0]: 7}
    with pytest.raises(DataError, match=r"streaming\.index: there is no file"):
        counts_of(there, tmp_path / "gone.json")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"shardlist": [{"url": "00.tar"}]}', '{"shardlist": [{"url": 3, "nsamples": 1}]}']
)
def test_an_index_that_cannot_be_used(tmp_path, text):
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(DataError, match=r"index\.json cannot be used: .* Expected JSON as"):
        counts_of(["http://example.org/00.tar"], tmp_path / "index.json")


def test_an_empty_shard_and_a_missing_one(shards, tmp_path):
    with pytest.raises(DataError, match=r"00\.tar holds no sample"):
        counts_of(shards(0), None)
    with pytest.raises(DataError, match=r"gone\.tar cannot be read: No such file"):
        counts_of([str(tmp_path / "gone.tar")], None)


def test_ranges():
    assert expanded(["a/{08..11}.tar", "b.tar"]) == ["a/08.tar", "a/09.tar", "a/10.tar", "a/11.tar", "b.tar"]
    with pytest.raises(OptionsError, match="named twice"):
        expanded(["a/{0..3}.tar", "a/2.tar"])
