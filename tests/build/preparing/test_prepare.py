"""From an archive to a set that is whole, or to a message and nothing else."""

import dataclasses
import hashlib
import io
import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image
from rich.console import Console

from gansr.build.preparing import prepare as module
from gansr.build.preparing.asked import How, Request, parse_how
from gansr.build.preparing.prepare import verify
from gansr.data.catalogue import CATALOGUE
from gansr.data.catalogue.manifest import read
from gansr.data.catalogue.prepared import prepared_parts
from gansr.data.files.folders import pair_lr
from gansr.data.files.images import read_image
from gansr.errors import DataError, OptionsError, StorageError
from gansr.imaging.benchmark_lr import blurred, noisy
from gansr.imaging.resize import reduce_uint8

from .conftest import IMAGES, packed, pixels, png


def tree(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def small(number: int, scale: int, height: int, width: int) -> np.ndarray:
    hr = torch.from_numpy(pixels(number, height, width)).permute(2, 0, 1)[None]
    hr = hr[..., : height - height % scale, : width - width % scale]
    return reduce_uint8(hr, scale)[0].permute(1, 2, 0).numpy()


def test_an_archive_becomes_two_parts(prepare, root, archive):
    done = prepare(sources=(archive,))
    assert [(one.part, one.folder, one.new) for one in done] == [
        ("train", root / "tiny/train", True),
        ("valid", root / "tiny/valid", True),
    ]
    assert tree(root / "tiny/train") == ["HR/t1.png", "HR/t2.png", "HR/t3.png", "manifest.json"]
    lr = [f"LRx{scale}/v{number}x{scale}.png" for scale in (2, 3, 4) for number in (1, 2)]
    assert tree(root / "tiny/valid") == ["HR/v1.png", "HR/v2.png", *lr, "manifest.json"]
    assert (root / "tiny/train/HR/t2.png").read_bytes() == IMAGES["Tiny/train/t2.png"]  # byte for byte
    for scale in (2, 3, 4):
        made = read_image(root / f"tiny/valid/LRx{scale}/v2x{scale}.png")
        assert np.array_equal(made, small(12, scale, 26, 36))
        pair_lr([root / "tiny/valid/HR"], [root / f"tiny/valid/LRx{scale}"], scale, "test")
    assert sorted(path.name for path in root.iterdir()) == [".tiny.lock", "tiny"] or not list(root.glob(".tiny.unf*"))
    assert archive.exists()


def test_the_manifest_says_all(prepare, root, archive, tiny):
    prepare(sources=(archive,), how=How((2,), ("bicubic", "dn"), seed=5))
    said = read(root / "tiny/valid")
    assert said["files"]["HR/v1.png"] == {
        "bytes": len(IMAGES["Tiny/valid/v1.png"]),
        "sha256": hashlib.sha256(IMAGES["Tiny/valid/v1.png"]).hexdigest(),
    }
    assert list(said["files"]) == [name for name in tree(root / "tiny/valid") if name != "manifest.json"]
    assert said["from"][0]["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert said["lr"] == {
        "LRx2": "MATLAB's bicubic of HR cut to a multiple of the scale",
        "LRDNx2": "bicubic, then Gaussian noise of level 30",
    }
    assert (said["seed"], said["mod_crop"], said["faults"], said["set"], said["part"]) == (5, None, [], "tiny", "valid")
    assert said["made"]["command"] == "gansr data prepare" and said["made"]["torch"] == torch.__version__
    (one, other) = prepared_parts(tiny()["tiny"], root)
    assert (one.name, one.images, other.images, other.lr, other.faults) == ("train", 3, 2, ("LRDNx2", "LRx2"), ())


def test_one_part_alone(prepare, root, tmp_path):
    half = packed(tmp_path / "half.zip", {name: content for name, content in IMAGES.items() if "valid" in name})
    prepare("tiny/valid", sources=(half,))
    assert [path.name for path in (root / "tiny").iterdir()] == ["valid"]


def test_archives_within_archives_and_several_of_them(prepare, root, tmp_path):
    inner = {
        part: packed(tmp_path / f"{part}.zip", {n: c for n, c in IMAGES.items() if part in n})
        for part in ("train", "valid")
    }
    outer = packed(
        tmp_path / "outer.zip", {"deep/train.zip": inner["train"].read_bytes(), "__MACOSX/deep/._train.zip": b"?"}
    )
    prepare(sources=(outer, inner["valid"]))
    assert len(tree(root / "tiny/train")) == 4
    nested = packed(
        tmp_path / "nested.zip", {"outer.zip": packed(tmp_path / "o.zip", {"i.zip": outer.read_bytes()}).read_bytes()}
    )
    with pytest.raises(DataError, match="unpack it yourself"):
        prepare("tiny/train", sources=(nested,), force=True)
    assert len(tree(root / "tiny/train")) == 4


def test_a_folder_is_copied_and_its_archives_are_looked_into(prepare, root, tmp_path, archive):
    folder = tmp_path / "mine"
    for name, content in IMAGES.items():
        if "train" in name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    packed(folder / "valid.zip", {name: content for name, content in IMAGES.items() if "valid" in name})
    before = tree(folder)
    prepare(sources=(folder,))
    assert tree(folder) == before and len(tree(root / "tiny/valid")) == 9
    prepare("tiny/train", sources=(folder,), force=True)  # complete as it is: the archive is not opened
    (folder / "valid.zip").write_bytes(b"no archive")
    prepare("tiny/train", sources=(folder,), force=True)


def test_missing_images_are_named_and_nothing_is_left(prepare, root, tmp_path):
    fewer = packed(tmp_path / "fewer.zip", dict(list(IMAGES.items())[1:]))
    with pytest.raises(
        DataError, match=r"Tiny is not complete: train: 2 images of 3.*With --allow-partial.*tiny/valid"
    ):
        prepare(sources=(fewer,))
    assert not (root / "tiny").exists() and not (root / ".tiny.unfinished").exists()
    prepare(sources=(fewer,), allow_partial=True)
    assert read(root / "tiny/train")["faults"] == ["train: 2 images of 3"] and read(root / "tiny/valid")["faults"] == []


def test_a_part_of_a_set_is_not_taken_for_the_set_later(prepare, root, tmp_path, archive, tiny):
    fewer = packed(tmp_path / "fewer.zip", dict(list(IMAGES.items())[1:]))
    prepare(sources=(fewer,), allow_partial=True)
    assert [one.lacks for one in prepared_parts(tiny()["tiny"], root)] == [("train: 2 images of 3",), ()]
    with pytest.raises(DataError, match=r"train was prepared before, of a part of the set: train: 2 images of 3\."):
        prepare(sources=(archive,))
    assert not any(one.new for one in prepare(sources=(fewer,), allow_partial=True))
    prepare(sources=(archive,), force=True)
    assert [one.lacks for one in prepared_parts(tiny()["tiny"], root)] == [(), ()]


def test_lr_beside_a_part_of_a_set_is_not_taken_for_hr(prepare, root, tmp_path, tiny):
    catalogue = tiny()
    part = dataclasses.replace(catalogue["tiny"].parts[0], name="test", images=5, where=("*/hr/*", "*"))
    catalogue["tiny"] = dataclasses.replace(catalogue["tiny"], parts=(part,))
    fewer = {f"Tiny/{folder}/{name}.png": png(n) for folder in ("HR", "LR") for n, name in enumerate("ab")}
    prepare(sources=(packed(tmp_path / "f.zip", fewer),), catalogue=catalogue, how=How(()), allow_partial=True)
    assert tree(root / "tiny/test") == ["HR/a.png", "HR/b.png", "manifest.json"]


def test_more_images_than_a_set_has_are_no_part_of_it(prepare, root, tmp_path):
    more = packed(tmp_path / "more.zip", IMAGES | {"Tiny/train/t4.png": png(4)})
    for allowed in (False, True):
        with pytest.raises(DataError, match=r"train: 4 images of 3\. These are more images than the set has"):
            prepare(sources=(more,), allow_partial=allowed)
    assert not (root / "tiny").exists()


def test_nothing_of_the_set_is_no_part_of_it(prepare, tmp_path):
    with pytest.raises(DataError, match="of the 1 images there, none lies where those of Tiny do"):
        prepare(sources=(packed(tmp_path / "other.zip", {"x/y.png": png(1)}),), allow_partial=True)


def test_other_sizes_and_damaged_images(prepare, root, tmp_path):
    huge = {**IMAGES, "Tiny/valid/v1.png": png(1, 26, 99)}
    with pytest.raises(DataError, match=r"Tiny, valid: v1.png is 99x26"):
        prepare(sources=(packed(tmp_path / "huge.zip", huge),))
    broken = {**IMAGES, "Tiny/valid/v1.png": IMAGES["Tiny/valid/v1.png"][:-500]}
    with pytest.raises(DataError, match=r"v1.png cannot be read"):
        prepare(sources=(packed(tmp_path / "broken.zip", broken),))
    assert not (root / "tiny").exists()


def test_a_bad_archive_leaves_nothing(prepare, root, tmp_path):
    with pytest.raises(DataError, match="leads out of the folder"):
        prepare(sources=(packed(tmp_path / "bad.zip", IMAGES | {"../../x.png": png(1)}),))
    assert not (root / "tiny").exists() and not (root / ".tiny.unfinished").exists()
    assert not list(tmp_path.rglob("x.png"))


def test_mod_crop_png_and_other_kinds(prepare, root, archive):
    prepare("tiny/valid", sources=(archive,), how=How((2, 3), ("bicubic", "bd", "dn"), mod_crop=12, seed=4))
    hr = read_image(root / "tiny/valid/HR/v1.png")
    assert np.array_equal(hr, pixels(11, 26, 36)[:24, :36])
    whole = torch.from_numpy(hr).permute(2, 0, 1)[None]
    for name, made in {
        "LRx3/v1x3.png": reduce_uint8(whole, 3),
        "LRBDx3/v1x3.png": blurred(whole, 3),
        "LRDNx3/v1x3.png": noisy(whole, 3, 4, "v1"),
    }.items():
        assert np.array_equal(read_image(root / "tiny/valid" / name), made[0].permute(1, 2, 0).numpy()), name
    assert read(root / "tiny/valid")["mod_crop"] == 12


def test_jpegs_are_kept_unless_png_is_asked_for(prepare, root, tmp_path, tiny):
    file = io.BytesIO()
    Image.fromarray(pixels(1)).save(file, "JPEG")
    members = {name.replace("1.png", "1.jpg"): file.getvalue() if "1" in name else png(2) for name in IMAGES}
    members = {name: content for name, content in members.items() if "train" in name}
    source = packed(tmp_path / "jpegs.zip", members)
    prepare("tiny/train", sources=(source,))
    assert (root / "tiny/train/HR/t1.jpg").read_bytes() == file.getvalue()
    prepare("tiny/train", sources=(source,), force=True, how=How(png=True))
    assert tree(root / "tiny/train")[0] == "HR/t1.png"


def test_what_is_prepared_is_left_alone(prepare, root, archive):
    prepare(sources=(archive,))
    before = (root / "tiny/valid/manifest.json").stat().st_mtime_ns
    assert [one.new for one in prepare(sources=(archive,))] == [False, False]
    assert (root / "tiny/valid/manifest.json").stat().st_mtime_ns == before
    with pytest.raises(DataError, match=r"was prepared before, without LRx8. --force prepares it anew"):
        prepare("tiny/valid", sources=(archive,), how=How((8,)))
    with pytest.raises(DataError, match="was prepared before, without mod_crop"):
        prepare("tiny/valid", sources=(archive,), how=How(mod_crop=12))
    prepare("tiny/valid", sources=(archive,), how=How((8,)), force=True)
    assert [path.name for path in (root / "tiny").iterdir() if path.name.startswith("v")] == ["valid"]
    assert "LRx8/v1x8.png" in tree(root / "tiny/valid") and "LRx2/v1x2.png" not in tree(root / "tiny/valid")


def test_a_part_that_was_missing_is_added(prepare, root, archive):
    prepare("tiny/valid", sources=(archive,))
    assert [(one.part, one.new) for one in prepare(sources=(archive,))] == [("valid", False), ("train", True)]


def test_changes_are_found(prepare, root, archive, tiny):
    prepare(sources=(archive,))
    asked, console = Request(("tiny",), root), Console(file=io.StringIO())
    assert verify(asked, console, tiny()) == 3 + 8
    hr = root / "tiny/train/HR/t1.png"
    hr.write_bytes(hr.read_bytes()[:-1] + b"!")  # of the same size
    assert prepared_parts(tiny()["tiny"], root)[0].faults == ()
    with pytest.raises(DataError, match=r"HR/t1.png was changed"):
        verify(asked, console, tiny())
    hr.unlink()
    (root / "tiny/train/HR/new.png").write_bytes(b"")
    assert prepared_parts(tiny()["tiny"], root)[0].faults == ("HR/t1.png is missing", "HR/new.png was added")
    with pytest.raises(DataError, match=r"tiny/train is not as it was prepared: HR/t1.png is missing. --force"):
        prepare(sources=(archive,))
    (root / "tiny/train/manifest.json").write_text("{")
    with pytest.raises(DataError, match=r"manifest.json is damaged"):
        verify(asked, console, tiny())
    with pytest.raises(DataError, match="Real was not prepared in"):
        verify(Request(("real",), root), console, tiny())


def test_another_process_at_the_same_set(prepare, root, archive):
    root.mkdir()
    with FileLock(root / ".tiny.lock"), pytest.raises(StorageError, match="another process prepares Tiny"):
        prepare(sources=(archive,))
    prepare(sources=(archive,))


def test_lr_that_comes_with_the_set(prepare, root, tmp_path):
    members = {"p/HR/a_HR.png": png(1, 24, 24), "p/LR/a_LR2.png": png(2, 12, 12)}
    prepare("pairs", sources=(packed(tmp_path / "pairs.zip", members),))
    assert tree(root / "pairs/train_x2") == ["HR/a_HR.png", "LRx2/a_LR2.png", "manifest.json"]
    assert read(root / "pairs/train_x2")["lr"] == {"LRx2": "came with the set"}
    with pytest.raises(OptionsError, match="comes with LR of its own"):
        prepare("pairs", sources=(tmp_path / "pairs.zip",), how=How((4,)))
    prepare("real", sources=(packed(tmp_path / "real.zip", {"real/1.png": png(1)}),))
    assert tree(root / "real/test") == ["LR/1.png", "manifest.json"]


def test_a_download(prepare, root, archive, tiny, web):
    page = web.serve("/tiny.zip", archive.read_bytes(), cuts=[2000])
    prepare(catalogue=tiny(f"{web.address}/tiny.zip"), download=True)
    assert len(tree(root / "tiny/valid")) == 9 and not (root / ".tiny.downloads").exists()
    assert read(root / "tiny/valid")["from"][0]["url"] == f"{web.address}/tiny.zip"
    page.body = page.body[:-1] + b"!"
    with pytest.raises(DataError, match="not the file that the catalogue knows"):
        prepare(catalogue=tiny(f"{web.address}/tiny.zip"), download=True, force=True)
    assert len(tree(root / "tiny/valid")) == 9
    page.body = archive.read_bytes()
    prepare(catalogue=tiny(f"{web.address}/tiny.zip"), download=True, force=True, keep_downloads=True)
    assert (root / ".tiny.downloads/tiny.zip").read_bytes() == archive.read_bytes()


def test_a_download_that_is_no_archive_is_not_kept_as_one(prepare, root, archive, tiny, web):
    page = web.serve("/tiny.zip", archive.read_bytes()[:2000], silent=True)  # cut, and nothing that could tell
    unknown = tiny(f"{web.address}/tiny.zip", sha256=None)
    with pytest.raises(DataError, match=r"damaged one: .* put aside, as .wrong, in .*sets/.tiny.downloads"):
        prepare(catalogue=unknown, download=True)
    assert [path.name for path in (root / ".tiny.downloads").iterdir()] == ["tiny.zip.wrong"]
    page.body = archive.read_bytes()
    prepare(catalogue=unknown, download=True)
    assert not (root / ".tiny.downloads").exists() and (root / "tiny/valid").is_dir()


def test_sets_with_a_form_are_not_fetched(prepare):
    with pytest.raises(
        OptionsError, match=r"Real cannot be downloaded by a program. Ask at https://ask.example. Then: "
    ):
        prepare("real", download=True)


def test_a_file_with_a_known_name_is_checked(prepare, archive, tiny):
    known = tiny()
    archive.write_bytes(archive.read_bytes()[:-1] + b"!")
    with pytest.raises(DataError, match=r"tiny.zip goes by the name of a file of the catalogue, but its sha256 is"):
        prepare(sources=(archive,), catalogue=known)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "in one way: --download, or --from FILE_OR_FOLDER. Its home page is https://tiny.example"),
        ({"sources": (Path("x"),), "download": True}, "in one way"),
        ({"sources": (Path("/no/such/file"),)}, "--from /no/such/file: there is no such file or folder"),
        ({"names": ("tiny", "real"), "sources": (Path("x"),)}, "expected one name with it"),
        ({"names": ("tinny",), "download": True}, "no data set 'tinny' in the catalogue. Did you mean 'tiny'"),
        ({"names": ("tiny/vaild",), "download": True}, "Tiny has no part 'vaild'. Did you mean 'valid'"),
    ],
)
def test_mistakes(prepare, asked, words):
    names = asked.pop("names", ())
    with pytest.raises(OptionsError, match=words):
        prepare(*names, **asked)


def test_how_is_read():
    assert parse_how("2, 4", "bd,DN", 12, True, 7) == How((2, 4), ("bd", "dn"), 12, True, 7)
    assert parse_how(None, None, None, False, 0) == How() and parse_how("none", None, None, False, 0).scales == ()
    for bad, words in {
        ("5", None, None): "expected numbers out of 2, 3, 4, 8",
        ("2,x", None, None): "expected numbers",
        (None, "bicubi", None): "there is no 'bicubi'. Did you mean 'bicubic'",
        ("2,8", None, 12): "--mod-crop 12: sides that are multiples of it are none of 8",
        (None, None, 8): "none of 3",
    }.items():
        with pytest.raises(OptionsError, match=words):
            parse_how(*bad, False, 0)


SLOW = """
import io, sys, time
from pathlib import Path
from rich.console import Console
from gansr.build.preparing import prepare
from gansr.build.preparing.asked import Request
from gansr.data.catalogue.record import DataSet, Part
write = prepare.manifest.write
def slow(folder, said):
    print("all but the end", flush=True)
    time.sleep(60)
prepare.manifest.write = slow
parts = (Part("train", 3, ("*/train/*",)), Part("valid", 2, ("*/valid/*",)))
record = DataSet("tiny", "Tiny", parts, *"......")
request = Request(("tiny",), Path(sys.argv[1]), (Path(sys.argv[2]),))
prepare.run(request, Console(file=io.StringIO()), {"tiny": record})
"""


def test_a_kill_leaves_nothing_half(process, prepare, root, archive, tiny):
    started = process("-c", SLOW, root, archive)
    assert started.stdout.readline() == "all but the end\n"
    os.kill(started.pid, signal.SIGKILL)
    started.wait(10)
    assert (root / ".tiny.unfinished/parts/train/HR/t1.png").exists()
    assert not (root / "tiny").exists() and prepared_parts(tiny()["tiny"], root) == []
    prepare(sources=(archive,))
    assert not (root / ".tiny.unfinished").exists() and len(tree(root / "tiny/valid")) == 9


def test_a_kill_while_a_part_is_replaced(prepare, root, archive):
    prepare(sources=(archive,))
    (root / "tiny/valid").rename(root / "tiny/.valid.old")  # the new one did not get its name
    assert [one.new for one in prepare(sources=(archive,))] == [False, False]
    (root / "tiny/.valid.old").mkdir()  # the old one was not removed any more
    prepare(sources=(archive,))
    assert sorted(path.name for path in (root / "tiny").iterdir()) == ["train", "valid"]


def test_a_full_disk(prepare, small_disk, tmp_path, monkeypatch, tiny):
    noise = {f"Tiny/train/t{number}.png": png(number, 300, 400) for number in (1, 2, 3)}
    source = packed(tmp_path / "noise.zip", noise)
    assert source.stat().st_size > 2**20
    request = Request(("tiny/train",), small_disk / "sets", (source,))
    with pytest.raises(StorageError, match="MB left"):
        module.run(request, Console(file=io.StringIO()), tiny())
    assert not (small_disk / "sets/tiny").exists() and tree(small_disk / "sets") in ([], [".tiny.lock"])


@pytest.mark.parametrize("name", ["set5", "set14"])
def test_lr_equals_matlabs(shared, root, name):
    """The LR beside the shared images was made by MATLAB."""
    photos = shared / "data" / {"set5": "Set5", "set14": "Set14"}[name]
    start = time.monotonic()
    module.run(Request((name,), root, (photos / "HR",)), Console(file=io.StringIO()), CATALOGUE)
    for scale in (2, 3, 4):
        theirs = sorted((photos / f"LRx{scale}").glob("*.png"))
        assert len(theirs) == CATALOGUE[name].images
        for file in theirs:
            ours = root / name / "test" / f"LRx{scale}" / file.name
            with Image.open(ours) as one, Image.open(file) as other:
                assert np.array_equal(np.asarray(one), np.asarray(other)), file.name
    assert time.monotonic() - start < 60


def test_the_archive_may_have_been_made_by_any_program(prepare, root, tmp_path):
    """A top folder that is not the authors', and files of Macs."""
    odd = {name.replace("Tiny", "my copy/data"): content for name, content in IMAGES.items()}
    prepare(sources=(packed(tmp_path / "odd.zip", odd | {"__MACOSX/my copy/train/._t1.png": b"?", ".DS_Store": b"?"}),))
    assert json.loads((root / "tiny/train/manifest.json").read_text())["format"] == 1
