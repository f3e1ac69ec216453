"""Image files that tests make: one of each kind there is, and PNG written by hand."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

ORIENTATION = 0x0112
LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True, "exact": True}}
"""Formats that keep every pixel, with what Pillow needs to be told for that."""


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Make random pixels: `uint8 (H, W, C)`, or `(H, W)` for one channel."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return pixels[:, :, 0] if channels == 1 else pixels


def smooth(height: int, width: int) -> np.ndarray:
    """Make pixels that JPEG keeps well: `uint8 (H, W, 3)`, colours that change slowly."""
    coarse = Image.fromarray(noise(4, 4))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


def encode(pixels: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    """Write pixels as a file of a kind, with Pillow."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def exif(orientation: int) -> Image.Exif:
    """Make EXIF that holds an orientation."""
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags


def animation(kind: str, frames: list[np.ndarray], **options: Any) -> bytes:
    """Write frames as an animated file of a kind."""
    first, *others = [Image.fromarray(frame) for frame in frames]
    return encode(first, kind, save_all=True, append_images=others, **options)


def png_by_hand(pixels: np.ndarray, bits: int = 8, chunks: bytes = b"") -> bytes:
    """Write PNG without Pillow: gray `(H, W)` of 1, 8 or 16 bits, or RGB `(H, W, 3)` of 8 or 16."""
    height, width = pixels.shape[:2]
    if bits == 1:
        rows = np.packbits(pixels > 0, axis=1)
    else:
        rows = pixels.astype(">u2" if bits == 16 else np.uint8).reshape(height, -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = png_header(height, width, bits, 2 if pixels.ndim == 3 else 0)
    return header + chunks + png_chunk(b"IDAT", zlib.compress(raw)) + png_chunk(b"IEND", b"")


def png_header(height: int, width: int, bits: int, color_type: int) -> bytes:
    """Write a PNG up to its pixels."""
    fields = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", fields)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Write one chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def one_of_each_kind() -> dict[str, bytes]:
    """Make a small file of every kind that must be decoded, by a few words of description."""
    rgb, height, width = noise(9, 13), 9, 13
    gray, rgba, sixteen = rgb[:, :, 0], noise(9, 13, 4), noise(9, 13, 1).astype(np.uint16) * 257
    image = Image.fromarray(rgb)
    palette, bilevel = image.quantize(16), Image.fromarray(gray).convert("1")
    frames = [noise(height, width, seed=seed) for seed in range(3)]
    kinds = {f"RGB {kind}": encode(rgb, kind) for kind in ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")}
    kinds |= {f"gray {kind}": encode(gray, kind) for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF")}
    kinds |= {f"RGBA {kind}": encode(rgba, kind) for kind in ("PNG", "WEBP", "TIFF")}
    kinds |= {f"LA {kind}": encode(Image.fromarray(rgba).convert("LA"), kind) for kind in ("PNG", "TIFF")}
    kinds |= {f"palette {kind}": encode(palette, kind) for kind in ("PNG", "GIF", "BMP", "TIFF")}
    kinds |= {f"transparent {kind}": encode(palette, kind, transparency=3) for kind in ("PNG", "GIF")}
    kinds |= {f"16-bit {kind}": encode(sixteen, kind) for kind in ("PNG", "TIFF")}
    kinds |= {f"1-bit {kind}": encode(bilevel, kind) for kind in ("PNG", "GIF", "BMP", "TIFF")}
    kinds |= {f"CMYK {kind}": encode(image.convert("CMYK"), kind) for kind in ("JPEG", "TIFF")}
    kinds |= {f"{mode} TIFF": encode(Image.fromarray(rgb, mode), "TIFF") for mode in ("YCbCr", "LAB")}
    kinds |= {f"animated {kind}": animation(kind, frames) for kind in ("GIF", "PNG", "WEBP", "TIFF", "MPO")}
    kinds |= {f"turned {kind}": encode(rgb, kind, exif=exif(6)) for kind in ("JPEG", "PNG", "WEBP", "TIFF")}
    compressions = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
    kinds |= {f"TIFF with {name}": encode(rgb, "TIFF", compression=name) for name in compressions}
    kinds["progressive JPEG"] = encode(rgb, "JPEG", progressive=True)
    return kinds
