"""Archives that were made to do harm are refused as a whole; honest ones come out as they went in."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from gansr.data.fetching import archives, budget, zips
from gansr.data.fetching.archives import is_archive, unpack
from gansr.data.fetching.budget import Budget
from gansr.errors import DataError, StorageError

INSIDE = {"set/a.png": b"a" * 3000, "set/deep/er/b.png": bytes(range(256)) * 9000, "read me.txt": b"hello"}
ESCAPES = {
    "../evil.png": "leads out of the folder",
    "set/../../evil.png": "leads out of the folder",
    "set/..": "leads out of the folder",
    "/etc/evil.png": "an absolute path",
    "C:\\evil.png": "backslashes",
    "C:evil.png": "an absolute path",
    "..\\evil.png": "backslashes",
    "set\\evil.png": "backslashes",
    "set/ev\nil.png": "control characters",
    "x" * 256 + ".png": "too long",
    "/".join("d" * 40) + ".png": "folders within folders",
}


def zip_of(path: Path, members: dict[str, bytes], **attributes: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = attributes.get("mode", 0o644) << 16
            archive.writestr(info, content)
    return path


def tar_of(path: Path, members: dict[str, bytes], mode: str = "w", **changes: object) -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in changes.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return path


def made(kind: str, folder: Path, members: dict[str, bytes]) -> Path:
    return (zip_of if kind == "zip" else tar_of)(folder / f"set.{kind}", members)


def written(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "room" / "target"
    folder.mkdir(parents=True)
    return folder


def refused(archive: Path, target: Path, words: str, limit: Budget | None = None) -> None:
    """The archive is refused, and nothing lies beside the target."""
    beside = sorted(target.parent.parent.rglob("*"))
    with pytest.raises(DataError, match=words):
        unpack(archive, target, limit or Budget())
    assert [path for path in sorted(target.parent.parent.rglob("*")) if target not in path.parents] == beside


@pytest.mark.parametrize("suffix", ["zip", "tar", "tgz", "tar.gz", "tar.bz2", "tar.xz", "bin", "tarbin"])
def test_honest_archives(tmp_path, target, suffix):
    archive = tmp_path / f"set.{suffix}"
    if suffix in ("zip", "bin"):  # the latter is known by its contents
        zip_of(archive, INSIDE)
    else:
        tar_of(archive, INSIDE, "w:" + {"tgz": "gz", "tar.gz": "gz", "tar.bz2": "bz2", "tar.xz": "xz"}.get(suffix, ""))
    told: list[int] = []
    limit = Budget()
    unpack(archive, target, limit, told=told.append)
    assert written(target) == INSIDE
    assert sum(told) == limit.spent_bytes == sum(map(len, INSIDE.values())) and limit.spent_files == 3


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_only_what_is_wanted_is_written(tmp_path, target, kind):
    unpack(made(kind, tmp_path, INSIDE), target, Budget(), lambda path: path.endswith("b.png"))
    assert list(written(target)) == ["set/deep/er/b.png"]


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("name", ESCAPES)
def test_names_that_lead_elsewhere(tmp_path, target, kind, name):
    archive = made(kind, tmp_path, {"first.png": b"1", name: b"evil"})
    refused(archive, target, ESCAPES[name])
    with pytest.raises(DataError, match=ESCAPES[name]):  # even if nobody wants it
        unpack(archive, target, Budget(), lambda path: False)


def test_a_name_that_ends_early(tmp_path, target):
    archive = zip_of(tmp_path / "set.zip", {"goodXpng": b"1"})
    archive.write_bytes(archive.read_bytes().replace(b"goodXpng", b"good\0png"))
    refused(archive, target, "control characters")


def test_a_second_name_in_the_extra_field_is_looked_at_too(tmp_path, target):
    archive = tmp_path / "set.zip"
    evil = b"../evil.png"
    extra = struct.pack("<HHBI", 0x7075, 5 + len(evil), 1, zlib.crc32(b"good.png")) + evil
    with zipfile.ZipFile(archive, "w") as opened:
        info = zipfile.ZipInfo("good.png")
        info.extra = extra
        opened.writestr(info, b"1")
    try:
        unpack(archive, target, Budget())
    except DataError as error:
        assert "leads out" in str(error)
    assert not list(target.parent.glob("*.png"))


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ("Set/A.png", "Set/a.png", "are one on some file systems"),
        ("Set/A.png", "set/b.png", "are one on some file systems"),
        ("set/\u00e9.png", "set/e\u0301.png", "are one on some file systems"),
        ("set", "set/b.png", "twice"),
        ("set/b.png", "set", "twice"),
    ],
)
def test_names_that_hide_each_other(tmp_path, target, kind, one, other, words):
    refused(made(kind, tmp_path, {one: b"1", other: b"2"}), target, words)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_are_there_twice(tmp_path, target):
    for kind in ("zip", "tar"):
        path = made(kind, tmp_path, {"set/aa.png": b"1", "set/ab.png": b"2"})
        if kind == "zip":
            path.write_bytes(path.read_bytes().replace(b"set/ab.png", b"set/aa.png"))
        else:
            with tarfile.open(path, "w") as archive:
                for content in (b"1", b"2"):
                    info = tarfile.TarInfo("set/aa.png")
                    info.size = 1
                    archive.addfile(info, io.BytesIO(content))
        refused(path, target, "'set/aa.png' twice")


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "a.png"),
        (tarfile.LNKTYPE, "../../x"),
        (tarfile.LNKTYPE, "a"),
    ],
)
def test_links_in_tars(tmp_path, target, kind, link):
    archive = tar_of(tmp_path / "set.tar", {"set/link.png": b""}, type=kind, linkname=link)
    refused(archive, target, "holds a link")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE])
def test_devices_in_tars(tmp_path, target, kind):
    archive = tar_of(tmp_path / "set.tar", {"set/null.png": b""}, type=kind)
    with pytest.raises(DataError, match=r"device or the like|damaged"):
        unpack(archive, target, Budget())
    assert written(target) == {}


@pytest.mark.parametrize(
    ("mode", "words"), [(stat.S_IFLNK, "a link"), (stat.S_IFIFO, "a device"), (stat.S_IFCHR, "a d")]
)
def test_links_and_devices_in_zips(tmp_path, target, mode, words):
    refused(zip_of(tmp_path / "set.zip", {"set/x.png": b"/etc/passwd"}, mode=mode | 0o777), target, words)


def test_encrypted_zips(tmp_path, target):
    archive = zip_of(tmp_path / "set.zip", {"a.png": b"1"})
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    archive.write_bytes(content)
    refused(archive, target, "encrypted: unpack it yourself, with its password")


def test_bombs_of_one_member(tmp_path, target):
    zeros = bytes(8 * budget.MEGABYTE)
    refused(zip_of(tmp_path / "set.zip", {"a.png": zeros}), target, "unpacks to 8 MB from .* as in a zip bomb")
    assert written(target) == {}
    tight = Budget(times=30, spare=budget.MEGABYTE)
    with pytest.raises(DataError, match="taken for a bomb"):
        unpack(tar_of(tmp_path / "set.tgz", {"a.png": zeros}, "w:gz"), target, tight)
    assert written(target) == {}
    with pytest.raises(DataError, match="taken for a bomb"):  # what is skipped has to be unpacked as well
        unpack(tmp_path / "set.tgz", target, Budget(spare=budget.MEGABYTE), lambda path: False)


def test_bombs_of_many_members(tmp_path, target):
    many = {f"{number}.png": bytes(3 * budget.MEGABYTE) for number in range(4)}
    tight = Budget(times=30, spare=6 * budget.MEGABYTE)
    refused(zip_of(tmp_path / "set.zip", many), target, "30 times what it is packed", tight)
    assert written(target) == {}


def test_bombs_of_small_files(tmp_path, target):
    for kind in ("zip", "tar"):
        archive = made(kind, tmp_path, {f"{number}.png": b"" for number in range(12)})
        refused(archive, target, "more than 10 files", Budget(files=10))
    assert Budget(files=10).files < 12


def test_bombs_within_the_archives_of_one_set_count_together(tmp_path, target):
    limit = Budget(files=4)
    unpack(zip_of(tmp_path / "one.zip", INSIDE), target, limit)
    with pytest.raises(DataError, match="more than 4 files"):
        unpack(zip_of(tmp_path / "two.zip", {f"x/{name}": b"" for name in INSIDE}), target, limit)


def test_members_that_overlap(tmp_path, target):
    archive = zip_of(tmp_path / "set.zip", {"aa.png": bytes(range(256)) * 64, "ab.png": b"2"})
    content = archive.read_bytes()
    with zipfile.ZipFile(archive) as opened:
        size = opened.getinfo("aa.png").compress_size
    at = content.index(b"PK\1\2", content.index(b"PK\1\2") + 1)  # the second entry claims much of the first one's bytes
    changed = bytearray(content)
    changed[at + 20 : at + 24] = struct.pack("<I", size + len(content))
    archive.write_bytes(changed)
    refused(archive, target, "overlap")


@pytest.mark.parametrize("claimed", [10, 5000])
def test_zips_that_lie_about_sizes(tmp_path, target, claimed):
    archive = zip_of(tmp_path / "set.zip", {"a.png": b"a" * 3000})
    content = bytearray(archive.read_bytes())
    at = content.index(b"PK\1\2")
    content[at + 24 : at + 28] = struct.pack("<I", claimed)
    archive.write_bytes(content)
    refused(archive, target, "damaged|and the archive says")


def test_a_tar_header_without_end(tmp_path, target):
    archive = tmp_path / "set.tgz"
    with tarfile.open(archive, "w:gz", format=tarfile.PAX_FORMAT, pax_headers={"comment": "x" * 3 * budget.MEGABYTE}):
        pass
    refused(archive, target, "one of its headers has 3 MB")


@pytest.mark.parametrize("keep", [0.3, 0.9])
@pytest.mark.parametrize("suffix", ["zip", "tar", "tgz", "tar.bz2", "tar.xz"])
def test_archives_that_are_cut(tmp_path, target, suffix, keep):
    archive = tmp_path / f"set.{suffix}"
    random = {f"{number}.png": zlib.compress(bytes(range(number, 250)) * 50, 0) for number in range(3)}
    if suffix == "zip":
        zip_of(archive, random)
    else:
        tar_of(archive, random, "w:" + {"tgz": "gz", "tar.bz2": "bz2", "tar.xz": "xz"}.get(suffix, ""))
    content = archive.read_bytes()
    size = int(len(content) * keep) if suffix != "tar" else 700 if keep < 0.5 else 20_000
    archive.write_bytes(content[:size])
    with pytest.raises(DataError, match="or a damaged one"):
        unpack(archive, target, Budget())


def test_a_tar_damaged_in_the_middle_is_not_taken_for_a_short_one(tmp_path, target):
    archive = tar_of(tmp_path / "set.tar", {"a.png": b"1" * 512, "b.png": b"2" * 512})
    content = bytearray(archive.read_bytes())
    content[1024:1034] = b"\xff" * 10
    archive.write_bytes(content)
    with pytest.raises(DataError, match="behind byte 1,024 is no header"):
        unpack(archive, target, Budget())


def test_wrong_checksums_in_zips(tmp_path, target):
    archive = tmp_path / "set.zip"
    with zipfile.ZipFile(archive, "w") as opened:  # stored, so that a byte can be changed
        opened.writestr("a.png", b"image")
    archive.write_bytes(archive.read_bytes().replace(b"image", b"imagf", 1))
    with pytest.raises(DataError, match="damaged one: Bad CRC-32"):
        unpack(archive, target, Budget())


@pytest.mark.parametrize("name", ["set.rar", "set.7z", "set.gz", "set.txt"])
def test_kinds_that_only_others_unpack(tmp_path, target, name):
    (tmp_path / name).write_bytes(b"Rar!\x1a\x07\x00 and so on")
    refused(tmp_path / name, target, "unpack it with another program and give the folder")
    assert not is_archive(name)


@pytest.mark.parametrize("name", ["set.zip", "set.tgz", "set.tar"])
def test_what_only_seems_to_be_an_archive(tmp_path, target, name):
    (tmp_path / name).write_bytes(b"<!DOCTYPE html>" * 99)
    refused(tmp_path / name, target, "damaged one")


def test_a_full_disk_is_said_before_anything_is_written(tmp_path, target, monkeypatch):
    monkeypatch.setattr(budget.shutil, "disk_usage", lambda folder: SimpleNamespace(free=2_000_000))
    for archive in (zip_of(tmp_path / "set.zip", INSIDE), tar_of(tmp_path / "set.tar", INSIDE)):
        with pytest.raises(StorageError, match="room/target has 2 MB left"):
            unpack(archive, target, Budget())
        assert "set/deep/er/b.png" not in written(target)
        for file in target.rglob("*.png"):
            file.unlink()


def test_the_tables_of_openers_know_what_python_writes():
    assert gzip.compress(b"").startswith(b"\x1f\x8b") and bz2.compress(b"").startswith(b"BZh")
    assert lzma.compress(b"").startswith(b"\xfd7zXZ\x00")
    assert zips.RATIO > 1 and archives.OTHERS
