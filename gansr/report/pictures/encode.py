"""Pictures within the page."""

import base64
import io

import numpy as np
from PIL import Image


def data_uri(image: np.ndarray, palette: np.ndarray | None = None) -> str:
    """An image without loss, for `src`.

    Args:
        image: uint8 (H, W, 1 or 3); (H, W) with a palette
        palette: uint8 (256, 3), the colours of an image of numbers
    """
    stream = io.BytesIO()
    if palette is not None:
        picture = Image.fromarray(image)
        picture.putpalette(palette.tobytes())
        picture.save(stream, "PNG", optimize=True)
        return _uri("png", stream)
    # Lossless WebP takes two thirds of a PNG's bytes, and every browser of the last five years reads it.
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(stream, "WEBP", lossless=True, quality=60)
    return _uri("webp", stream)


def photo_uri(image: np.ndarray) -> str:
    """A small picture with little loss, for `src`: a page of hundreds stays a few megabytes. uint8 (H, W, 3)."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=92, subsampling=0)
    return _uri("jpeg", stream)


def _uri(kind: str, stream: io.BytesIO) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
