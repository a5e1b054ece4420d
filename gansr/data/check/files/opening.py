"""What a file says of itself, before any pixel is decoded: can it be opened, and what is strange about it?"""

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from PIL import ExifTags, Image, ImageCms

from gansr.data.check.findings import Finding

FORMATS = {
    ".png": {"PNG"},
    ".jpg": {"JPEG", "MPO"},
    ".jpeg": {"JPEG", "MPO"},
    ".bmp": {"BMP", "DIB"},
    ".webp": {"WEBP"},
    ".tif": {"TIFF"},
    ".tiff": {"TIFF"},
    ".gif": {"GIF"},
    ".ppm": {"PPM"},
    ".pgm": {"PPM"},
    ".avif": {"AVIF"},
}
"""What Pillow calls what an ending promises."""

BITS_OF_PNG = 24  # the byte of a PNG file that tells its bits for each channel


@dataclass(frozen=True)
class Header:
    """What a file tells.

    Args:
        format: Pillow's name
        mode: Pillow's name of the kind of pixels
        size: height and width, as stored
        bits: for each channel
        bytes: of the file
    """

    format: str
    mode: str
    size: tuple[int, int]
    bits: int
    bytes: int


def header(file: Path) -> tuple[Header | None, list[Finding]]:
    """Read a file's header. Without one, the finding says why; with one, findings are what is strange."""
    try:
        length = file.stat().st_size
        if length == 0:
            return None, [Finding("empty", (file,))]
        with Image.open(file) as image:
            found = Header(image.format or "?", image.mode, (image.height, image.width), _bits(file, image), length)
            return found, [*_strange(file, image), *_kind(file, image, found)]
    except Image.DecompressionBombError:
        return None, [Finding("bomb", (file,), f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6:.0f} megapixels")]
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error) as error:
        return None, [unreadable(file, error)]


def unreadable(file: Path, error: BaseException) -> Finding:
    """The finding that an error of reading or decoding is."""
    text = f"{error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)
    if isinstance(error, FileNotFoundError):
        target = file.readlink() if file.is_symlink() else ""
        return Finding("broken_link", (file,), f"to {target}" if target else "it has gone")
    if isinstance(error, PermissionError):
        return Finding("no_permission", (file,))
    if isinstance(error, Image.UnidentifiedImageError):
        return Finding("not_image", (file,), _beginning(file))
    if "truncated" in text.lower():
        return Finding("truncated", (file,), text)
    return Finding("corrupt", (file,), text)


def _beginning(file: Path) -> str:
    with file.open("rb") as stream:
        first = stream.read(512)
    if first.lstrip()[:1] == b"<":
        return "it begins as a web page does"
    kinds = {
        b"PK": "a zip archive",
        b"%PDF": "a PDF",
        b"\x1f\x8b": "a gzip archive",
        b"\x00\x00\x00\x0cjP": "JPEG 2000",
    }
    named = next((kind for mark, kind in kinds.items() if first.startswith(mark)), None)
    if named:
        return f"it is {named}"
    magic = {b"\x89PNG": "PNG", b"\xff\xd8": "JPEG", b"II*\x00": "TIFF", b"RIFF": "WebP", b"GIF8": "GIF", b"BM": "BMP"}
    named = next((kind for mark, kind in magic.items() if first.startswith(mark)), None)
    return f"it begins as {named} and breaks off" if named else "of no kind that Pillow knows"


def _strange(file: Path, image: Image.Image) -> list[Finding]:
    found = []
    promised = FORMATS.get(file.suffix.lower(), set())
    if promised and image.format not in promised:
        found.append(Finding("wrong_extension", (file,), f"it is {image.format}"))
    limit, pixels = Image.MAX_IMAGE_PIXELS, image.width * image.height
    if limit and pixels > limit:
        found.append(Finding("huge", (file,), f"{pixels / 1e6:.0f} megapixels", pixels / 1e6))
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        found.append(Finding("animation", (file,), f"{frames} frames", float(frames)))
    turn = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    if turn not in (0, 1):
        found.append(Finding("orientation", (file,), f"EXIF orientation {turn}", float(turn)))
    if profile := image.info.get("icc_profile"):
        name = _profile(profile)
        if "srgb" not in name.lower().replace(" ", ""):
            found.append(Finding("profile", (file,), name))
    return found


def _profile(profile: bytes) -> str:
    try:
        return str(ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))).strip() or "unnamed"
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        return f"a profile that cannot be read ({error})"


def _kind(file: Path, image: Image.Image, found: Header) -> list[Finding]:
    kinds = []
    if found.bits == 16:
        kinds.append(Finding("sixteen_bits", (file,), "grey" if image.mode.startswith("I") else "colour"))
    if image.mode in ("P", "PA"):
        kinds.append(Finding("palette", (file,)))
    if image.mode in ("CMYK", "YCCK"):
        kinds.append(Finding("cmyk", (file,)))
    if image.mode == "F":
        kinds.append(Finding("unsupported", (file,), "pixels are floating-point numbers"))
    return kinds


def _bits(file: Path, image: Image.Image) -> int:
    if image.format == "PNG":
        with file.open("rb") as stream:
            return stream.read(BITS_OF_PNG + 1)[BITS_OF_PNG]
    if image.format == "TIFF":
        return int(max(getattr(image, "tag_v2", {}).get(258, (8,))))
    return 16 if image.mode.startswith("I") else 1 if image.mode == "1" else 8
