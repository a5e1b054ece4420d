import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from gansr.data.streaming import index as module
from gansr.data.streaming.index import counts_of
from gansr.data.streaming.shards import Members, count_samples, expanded, read_shard
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
    for wrong in ("a/{00..2.tar", "${NOT_SET}/a.tar"):
        with pytest.raises(OptionsError, match=r"streaming\.shards: "):
            expanded([wrong])


def test_what_an_index_says_of_other_shards_stays(shards):
    """Whoever wrote it, it is not only this run's."""
    paths = shards(3, 5)
    index = Path(paths[0]).parent / "mine.json"
    remote = {"url": "http://example.org/07.tar", "nsamples": 7, "tags": ["sky"]}
    old = {"url": "00.tar", "nsamples": 9, "filesize": 1}
    index.write_text(json.dumps({"wids_version": 1, "name": "photos", "shardlist": [remote, old]}))
    there = [*paths, "http://example.org/07.tar"]
    assert counts_of(there, index) == dict(zip(there, (3, 5, 7), strict=True))
    kept = json.loads(index.read_text())
    assert kept["name"] == "photos" and remote in kept["shardlist"]
    assert [(one["url"], one["nsamples"]) for one in kept["shardlist"] if one != remote] == [
        ("00.tar", 3),
        ("01.tar", 5),
    ]


def test_shards_of_one_name_in_two_folders(shards, tmp_path, monkeypatch):
    """Their tar files may well be of one size too."""
    (one,), (other,) = shards(3), shards(5, folder="others")
    assert Path(one).stat().st_size == Path(other).stat().st_size
    counts_of([one], None)
    for _ in range(2):
        assert counts_of([one, other], None) == {one: 3, other: 5}
    assert counts_of([other, one], None) == {one: 3, other: 5}
    first, second = shards(3, 4, folder="more")
    counts_of([first], None)
    assert counts_of([second, other], None) == {second: 4, other: 5}, "another folder's 00.tar is another shard"
    index = tmp_path / "index.json"
    index.write_text(json.dumps({"shardlist": [{"url": "00.tar", "nsamples": 3}]}))
    assert counts_of([one, other], index) == {one: 3, other: 5}, "which of them it is, nobody knows"
    monkeypatch.setattr(module, "count_samples", lambda shard: pytest.fail("counted again"))
    assert counts_of([one, other], index) == counts_of([one, other], None) == {one: 3, other: 5}


def test_members_count_as_they_are_read(tmp_path, png, write_tar):
    names = ("__a.png", "__b__", "__c__/d.png", "e/__f__.png", "g.png", ".h.png")
    shard = write_tar(tmp_path / "00.tar", {name: png(number) for number, name in enumerate(names)})
    read = [one.name.rpartition("tar/")[2] for one in read_shard(str(shard), Members())]
    assert read == ["__a", "e/__f__", "g"] and count_samples(shard) == 3


def test_a_header_that_is_damaged_is_no_end(shards):
    (path,) = shards(5)
    whole = Path(path).read_bytes()
    place = whole.index(b"0003.png")
    Path(path).write_bytes(whole[:place] + bytes(range(1, 201)) + whole[place + 200 :])
    with pytest.raises(DataError, match=r"00\.tar cannot be read: .*damaged"):
        counts_of([path], None)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_compressed_shards(tmp_path, png, kind):
    path = tmp_path / f"00.tar.{kind}"
    with tarfile.open(path, f"w:{kind}") as tar:
        for number in range(40):
            content = np.random.default_rng(number).bytes(3000)
            member = tarfile.TarInfo(f"{number}.png")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    assert counts_of([str(path)], None) == {str(path): 40} == {str(path): len([*read_shard(str(path), Members())])}
    whole = path.read_bytes()
    half = len(whole) // 2
    for damaged in (whole[:half], whole[:half] + bytes(300) + whole[half + 300 :]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"00\.tar\.\w+ cannot be read: "):
            count_samples(path)
