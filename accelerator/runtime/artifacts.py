"""Pictures as PNG files, without an imaging library."""

import struct
import zlib
from typing import Any

import numpy as np

from accelerator.errors import ComponentError

_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # channels -> the PNG colour type (grey, RGB, RGBA)


def image_bytes(image: Any, name: str) -> bytes:
    """Return a picture as the bytes of a PNG file (W3C Portable Network Graphics, section 11).

    Args:
        image: a tensor or array `(channels, height, width)` with 1, 3 or 4 channels, or `(height, width)`; uint8, or
            floats in 0..1 (values outside are clipped).
        name: what it is called, for the message.

    Raises:
        ComponentError: another shape.
    """
    pixels = np.asarray(image.detach().cpu() if callable(getattr(image, "detach", None)) else image)
    pixels = pixels[None] if pixels.ndim == 2 else pixels
    if pixels.ndim != 3 or pixels.shape[0] not in _COLOUR_TYPES:
        raise ComponentError(
            f"context.log_image('{name}'): shape {pixels.shape} is no picture. "
            f"Give (channels, height, width) with 1, 3 or 4 channels, or (height, width)."
        )
    if pixels.dtype != np.uint8:
        pixels = (np.clip(np.nan_to_num(pixels.astype(np.float64)), 0.0, 1.0) * 255.0).round().astype(np.uint8)
    channels, height, width = pixels.shape
    rows = np.ascontiguousarray(pixels.transpose(1, 2, 0)).reshape(height, width * channels)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)  # each row begins with its filter: none
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(raw)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
