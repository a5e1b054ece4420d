"""How often does `gansr data check` find what was planted, and how often does it cry for nothing?

usage: python scripts/experiments/data_check.py FOLDER... [--half test] [--most 40] [--parts single pairs] [-o FILE.md]

FOLDER holds sharp photos (HR). Of each folder's photos, in the order of their names, every second one belongs to the
half `fit`, for choosing thresholds, and the others to `test`. Faults are planted in the photos that nothing is said of;
what is said of the untouched ones is listed by name. JPEG files are halved first, which removes traces of their
compression. Prints a table in Markdown.
"""

import argparse
import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

from gansr.data.check.copies.alike import find_alike
from gansr.data.check.copies.fingerprint import Fingerprint, fingerprint
from gansr.data.check.files.tears import TORN, torn
from gansr.data.check.findings import Finding
from gansr.data.check.pairs.compare import compare
from gansr.data.check.pairs.shift import shifted
from gansr.data.check.pixels.exposure import exposure
from gansr.data.check.pixels.quality import quality
from gansr.data.files.folders import find_images
from gansr.data.files.images import read_image, to_rgb
from gansr.errors import UserError
from gansr.imaging.resize import mod_crop, reduce_uint8

PARTS = ("single", "torn", "copies", "pairs")
LEAST = 96  # pixels of a side: smaller photos are left out
Change = Callable[[np.ndarray], np.ndarray]
KERNELS = ("NEAREST", "BILINEAR", "BOX", "HAMMING", "LANCZOS", "BICUBIC")


@dataclass(frozen=True)
class Row:
    """A fault: what it is, how strong, what should be found, and in how many of how many it was."""

    fault: str
    strength: str
    wanted: str
    found: int
    count: int
    instead: Counter[str]


def read(file: Path) -> np.ndarray:
    image = to_rgb(read_image(file))
    if file.suffix.lower() in (".jpg", ".jpeg"):
        image = reduced(mod_crop(image, 2), 2)
    return image


def reduced(image: np.ndarray, scale: int) -> np.ndarray:
    return reduce_uint8(torch.from_numpy(image.copy()).permute(2, 0, 1)[None], scale)[0].permute(1, 2, 0).numpy()


def bytes_of(levels: np.ndarray) -> np.ndarray:
    return np.round(levels).clip(0, 255).astype(np.uint8)


def resized(image: np.ndarray, factor: float, kernel: str) -> np.ndarray:
    size = (int(image.shape[1] * factor), int(image.shape[0] * factor))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling[kernel]))


def jpeg(image: np.ndarray, quality_: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=quality_)
    return np.asarray(Image.open(stream).convert("RGB"))


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(sigma)))


def noisy(image: np.ndarray, sigma: float) -> np.ndarray:
    return bytes_of(image + np.random.default_rng(0).normal(0, sigma, image.shape))


def framed(image: np.ndarray, width: int, level: int) -> np.ndarray:
    image = image.copy()
    image[:width], image[-width:] = level, level
    return image


def single(image: np.ndarray) -> list[Finding]:
    return [*exposure(image), *quality(image, None)]


def singles() -> Iterator[tuple[str, str, str, Change]]:
    """(fault, strength, wanted, how it is planted)."""
    for factor in (1.5, 2.0, 3.0, 4.0):
        for kernel in ("BILINEAR", "BICUBIC", "LANCZOS"):
            yield (
                "enlarged",
                f"x{factor:g} {kernel.lower()}",
                "enlarged",
                lambda x, f=factor, k=kernel: resized(x, f, k),
            )
    yield "enlarged, then JPEG 95", "x2 bicubic", "enlarged|low_detail", lambda x: jpeg(resized(x, 2, "BICUBIC"), 95)
    yield "enlarged, then noise of 2", "x2 bicubic", "enlarged|low_detail", lambda x: noisy(resized(x, 2, "BICUBIC"), 2)
    for sigma in (0.7, 1.0, 1.5, 2.0, 3.0):
        yield "blurred", f"{sigma:g} pixels", "low_detail|enlarged", lambda x, s=sigma: blurred(x, s)
    for level in (98, 95, 90, 80, 60, 30):
        yield "JPEG, saved as PNG", f"quality {level}", "compressed", lambda x, q=level: jpeg(x, q)
    for level in (95, 90, 80, 60):
        yield "the same, cut by 3, 5", f"quality {level}", "compressed", lambda x, q=level: jpeg(x, q)[3:, 5:]
    for sigma in (5, 10, 15, 25):
        yield "noise", f"{sigma} levels", "noisy", lambda x, s=sigma: noisy(x, s)
    for width in (3, 12):
        yield "black frame", f"{width} pixels", "frame", lambda x, w=width: framed(x, w, 0)
        yield "white frame", f"{width} pixels", "frame", lambda x, w=width: framed(x, w, 255)
    yield "range of 1/6", "", "narrow", lambda x: bytes_of(x / 6 + 100)


def pair_faults(scale: int) -> Iterator[tuple[str, str, str, Callable[[np.ndarray, np.ndarray], np.ndarray]]]:
    """(fault, strength, wanted, LR of HR and of its bicubic LR)."""
    for kernel in KERNELS:
        wanted = "" if kernel == "BICUBIC" else "kernel"
        yield "kernel", kernel.lower(), wanted, lambda hr, lr, k=kernel: resized(hr, 1 / scale, k)[: len(lr)]
    yield "kernel", "first pixel of each block", "kernel", lambda hr, lr: hr[::scale, ::scale]
    yield (
        "blur, then bicubic",
        f"{0.4 * scale:g} pixels",
        "kernel",
        lambda hr, lr: reduced(blurred(hr, 0.4 * scale), scale),
    )
    for down, right in ((0.05, 0.0), (0.1, 0.0), (0.25, 0.25), (0.5, -0.5), (2.0, 1.0)):
        place = f"{down:g}, {right:g} LR pixels"
        yield (
            "shift",
            place,
            "shift",
            lambda hr, lr, d=down, r=right: bytes_of(
                np.stack([shifted(lr[..., one].astype(float), d, r) for one in range(3)], 2)
            ),
        )
    yield (
        "shift of HR by one pixel",
        f"{1 / scale:g} LR pixels",
        "shift",
        lambda hr, lr: reduced(np.roll(hr, 1, 0), scale),
    )
    yield "BGR", "", "channels", lambda hr, lr: lr[..., ::-1]
    yield "mirrored", "", "turned", lambda hr, lr: lr[:, ::-1]
    yield "turned by 180 degrees", "", "turned", lambda hr, lr: lr[::-1, ::-1]
    yield "brighter", "4 levels", "colour", lambda hr, lr: bytes_of(lr + 4.0)
    yield "less contrast", "0.95", "colour", lambda hr, lr: bytes_of(lr * 0.95)
    yield "gamma", "1.1", "colour", lambda hr, lr: bytes_of(255 * (lr / 255) ** 1.1)
    yield "warmer", "+5, 0, -5", "colour", lambda hr, lr: bytes_of(lr + np.array((5.0, 0, -5)))
    yield "LR compressed", "quality 60", "real_pair", lambda hr, lr: jpeg(lr, 60)
    yield "LR with noise", "5 levels", "real_pair", lambda hr, lr: noisy(lr, 5)


def row(fault: str, strength: str, wanted: str, results: Sequence[list[Finding]]) -> Row:
    found, instead = 0, Counter[str]()
    for one in results:
        kinds = {finding.kind for finding in one}
        if kinds & set(wanted.split("|")) if wanted else not kinds:
            found += 1
        else:
            instead["+".join(sorted(kinds)) or "nothing"] += 1
    return Row(fault, strength, wanted or "nothing", found, len(results), instead)


def single_rows(images: Sequence[np.ndarray]) -> Iterator[Row]:
    for fault, strength, wanted, change in singles():
        yield row(fault, strength, wanted, [single(change(image)) for image in images])


def pair_rows(images: Sequence[np.ndarray], scale: int) -> Iterator[Row]:
    whole = [mod_crop(image, scale) for image in images]
    small = [reduced(image, scale) for image in whole]
    for fault, strength, wanted, change in pair_faults(scale):
        results = [
            compare(np.ascontiguousarray(change(hr, lr)), hr, scale) for hr, lr in zip(whole, small, strict=True)
        ]
        yield row(f"x{scale}: {fault}", strength, wanted, results)
    other = [resized_to(small[number - 1], lr.shape) for number, lr in enumerate(small)]
    results = [compare(lr, hr, scale) for hr, lr in zip(whole, other, strict=True)]
    yield row(f"x{scale}: another photo", "", "mismatch", results)


def resized_to(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((shape[1], shape[0])))


def copy_rows(images: Sequence[np.ndarray]) -> Iterator[Row]:
    def cropped(image: np.ndarray, share: float) -> np.ndarray:
        height, width = (int(side * share) for side in image.shape[:2])
        return image[height : image.shape[0] - height, width : image.shape[1] - width]

    changes: dict[tuple[str, str], Change] = {
        ("copy", "JPEG of quality 20"): lambda x: jpeg(x, 20),
        ("copy", "half the size"): lambda x: resized(x, 0.5, "BICUBIC"),
        ("copy", "1.5 times the size"): lambda x: resized(x, 1.5, "BILINEAR"),
        ("copy", "0.8 times as bright + 20"): lambda x: bytes_of(x * 0.8 + 20),
        ("copy", "grey"): lambda x: np.repeat(bytes_of(x.mean(2))[..., None], 3, 2),
    }
    for share in (0.02, 0.05, 0.08, 0.1):
        changes["copy", f"{share:.0%} cut off each side"] = lambda x, s=share: cropped(x, s)
    known = [fingerprint(image) for image in images]
    for (fault, strength), change in changes.items():
        found = matches(known, [fingerprint(np.ascontiguousarray(change(image))) for image in images])
        right = sum((number, number) in found for number in range(len(images)))
        wrong = Counter({"another image": sum(one != other for one, other in found)})
        yield Row(fault, strength, "near_duplicate", right, len(images), +wrong)


def matches(one: Sequence[Fingerprint], other: Sequence[Fingerprint]) -> set[tuple[int, int]]:
    return {(first, second) for first, second, _ in find_alike(one, other)}


def torn_rows(images: Sequence[np.ndarray]) -> Iterator[Row]:
    """Damage in the middle of JPEG files: of those that still decode, and do visibly look otherwise."""
    random = np.random.default_rng(0)
    for count in (1, 8, 64):
        told, damaged = 0, 0
        for image in images:
            stream = io.BytesIO()
            Image.fromarray(image).save(stream, "JPEG", quality=90)
            coded = bytearray(stream.getvalue())
            start = int(len(coded) * random.uniform(0.25, 0.8))
            coded[start : start + count] = random.integers(0, 256, count, dtype=np.uint8).tobytes()
            try:
                decoded = np.asarray(Image.open(io.BytesIO(coded)))
            except OSError:
                told, damaged = told + 1, damaged + 1
                continue
            if np.abs(decoded.astype(int) - image).mean() > 6:
                damaged, told = damaged + 1, told + int(torn(decoded)[0] >= TORN)
        yield Row("wrong bytes in a JPEG, visible", f"{count}", "corrupt", told, damaged, Counter())


def table(rows: Sequence[Row]) -> str:
    lines = ["| fault | strength | wanted | found | instead |", "|---|---|---|---|---|"]
    for one in rows:
        instead = ", ".join(f"{count} {name}" for name, count in one.instead.most_common(3))
        wanted = one.wanted.replace("|", " or ")
        lines.append(f"| {one.fault} | {one.strength} | {wanted} | {one.found} of {one.count} | {instead} |")
    return "\n".join(lines)


def chosen(folders: Sequence[Path], half: str, most: int) -> list[tuple[Path, np.ndarray]]:
    files = [file for folder in folders for file in find_images([folder], "FOLDER")[half == "test" :: 2]]
    step = max(1, len(files) // most)
    images = [(file, read(file)) for file in files[::step]]
    return [(file, image) for file, image in images if min(image.shape[:2]) >= LEAST]


def report(folders: Sequence[Path], half: str, most: int, parts: Sequence[str]) -> str:
    photos = chosen(folders, half, most)
    said = [(file, found) for file, image in photos if (found := single(image))]
    spoken = {file for file, _ in said}
    images = [image for file, image in photos if file not in spoken]
    lines = [f"{len(photos)} photos of the half `{half}`; something is said of {len(said)} of them:", ""]
    lines += [
        f"* `{file.parent.parent.name}/{file.name}`: {one.kind} ({one.said})" for file, found in said for one in found
    ]
    makers: dict[str, Callable[[], Iterator[Row]]] = {
        "single": lambda: single_rows(images),
        "torn": lambda: torn_rows(images),
        "copies": lambda: copy_rows(images),
        "pairs": lambda: chain(pair_rows(images, 2), pair_rows(images, 4)),
    }
    rows = []
    for part in parts:
        for one in makers[part]():
            print(f"{part}: {one.fault} {one.strength}: {one.found} of {one.count}", file=sys.stderr, flush=True)
            rows.append(one)
    return "\n".join([*lines, "", f"Faults planted in the other {len(images)}:", "", table(rows), ""])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--half", choices=["fit", "test"], default="test")
    parser.add_argument("--most", type=int, default=40, help="photos")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("-o", "--output", type=Path)
    asked = parser.parse_args(arguments)
    try:
        text = report(asked.folders, asked.half, asked.most, asked.parts)
    except UserError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    print(text)
    if asked.output:
        asked.output.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
