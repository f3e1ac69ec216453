"""The pixels contract: bytes to `uint8 (H, W, C)`, and resizing. Every command calls these two and no others.

Colour: EXIF orientation is applied; the first frame of an animation is taken; transparency is laid over
white; CMYK becomes RGB; 16-bit values are scaled by 1/257, so that 65535 becomes 255.
"""

import io
import stat
import struct
import warnings
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from lensmith.errors import DecodeError

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")
BACKGROUND = (255, 255, 255)
MAX_PIXELS = 89_478_485
"""Pillow's own limit: a quarter of a gigabyte as RGB. Larger files are refused before they are decoded."""
MAX_FILE_BYTES = 512 * 2**20

Pixels = npt.NDArray[np.uint8]
Color = Literal["rgb", "grayscale"]
Resize = Literal["stretch", "crop", "pad"]

# Pillow only warns between one and two times its limit; here the limit is the limit.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

# What Pillow's fuzzing harness accepts as the answer to a damaged file.
_DAMAGE = (OSError, SyntaxError, ValueError, NotImplementedError, OverflowError, MemoryError, EOFError,
           IndexError, TypeError, struct.error)  # fmt: skip


def check_file(path: Path) -> None:
    """Refuse what must not be opened: a pipe or device would block, a huge file would fill the memory.

    Raises:
        DecodeError: The file is missing, empty, unreadable, too large, or not a regular file.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise DecodeError("missing file") from None
    except OSError as error:
        raise DecodeError("unreadable file", error.strerror or str(error)) from None
    if not stat.S_ISREG(found.st_mode):
        raise DecodeError("not a regular file")
    if found.st_size == 0:
        raise DecodeError("empty file")
    if found.st_size > MAX_FILE_BYTES:
        raise DecodeError("too large", f"{found.st_size} bytes, at most {MAX_FILE_BYTES} are read")


def read_file(path: Path) -> bytes:
    """Read an image file's bytes.

    Raises:
        DecodeError: As `check_file`.
    """
    check_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise DecodeError("unreadable file", error.strerror or str(error)) from None


def decode(content: bytes, color: Color = "rgb") -> Pixels:
    """Turn the bytes of an image file into pixels.

    The format is recognised by content, never by name.

    Args:
        content: A JPEG, PNG, GIF, BMP, WebP or TIFF file.
        color: `rgb` gives 3 channels; `grayscale` gives 1, by the weights of ITU-R BT.601.

    Returns:
        `uint8 (H, W, C)`, 0 to 255.

    Raises:
        DecodeError: Not an image of these formats, damaged, or more than `MAX_PIXELS` pixels.
    """
    if not content:
        raise DecodeError("empty file")
    with _open(io.BytesIO(content)) as image:
        try:
            image.load()
            upright = _upright(image)
            eight_bit = _without_transparency(_to_eight_bit(upright))
            mode = "RGB" if color == "rgb" else "L"
            pixels = np.asarray(eight_bit if eight_bit.mode == mode else eight_bit.convert(mode))
        except _DAMAGE as error:
            raise _damaged(error) from None
    return pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]


def probe(path: Path) -> tuple[int, int, bool]:
    """Read height, width (upright, pixels) and whether there is colour, from the header alone.

    Raises:
        DecodeError: As `read_file` and `decode`, as far as the header tells.
    """
    check_file(path)
    with _open(path) as image:
        width, height = image.size
        try:
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        except _DAMAGE:
            turned = False
        has_color = image.mode not in ("1", "L", "LA", "La", "I", "F") and not image.mode.startswith("I;")
    return (width, height, has_color) if turned else (height, width, has_color)


def recolor(pixels: Pixels, color: Color) -> Pixels:
    """Give pixels 3 channels (`rgb`) or 1 (`grayscale`), as `decode` would have.

    Args:
        pixels: `uint8 (H, W, C)`, C 1 or 3.
        color: What is wanted.
    """
    if color == "rgb":
        return pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2)
    return pixels if pixels.shape[2] == 1 else np.asarray(Image.fromarray(pixels).convert("L"))[:, :, np.newaxis]


def resize(pixels: Pixels, size: tuple[int, int], mode: Resize = "stretch") -> Pixels:
    """Bring pixels to a size, antialiased (bilinear with support, as Pillow does it).

    Args:
        pixels: `uint8 (H, W, C)`, C 1 or 3.
        size: Height and width wanted, pixels.
        mode: `stretch` changes the proportions; `crop` cuts the middle out; `pad` adds white.

    Returns:
        `uint8 (*size, C)`.
    """
    height, width = size
    if pixels.shape[:2] == (height, width):
        return pixels
    image = Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[:, :, 0])
    if mode == "crop":
        image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
    elif mode == "pad":
        background = BACKGROUND if image.mode == "RGB" else BACKGROUND[0]
        image = ImageOps.pad(image, (width, height), Image.Resampling.BILINEAR, background)
    else:
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    resized = np.asarray(image)
    return resized if resized.ndim == 3 else resized[:, :, np.newaxis]


def _open(file: Path | io.BytesIO) -> Image.Image:
    try:
        return Image.open(file, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DecodeError("too many pixels", f"more than {MAX_PIXELS:,}") from None
    except Image.UnidentifiedImageError:
        raise DecodeError("not an image", f"none of {', '.join(FORMATS)}") from None
    except _DAMAGE as error:
        raise _damaged(error) from None


def _damaged(error: Exception) -> DecodeError:
    if isinstance(error, DecodeError):
        return error
    text = str(error)
    return DecodeError("truncated" if "truncated" in text.lower() else "damaged", text[:200])


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except _DAMAGE:  # EXIF is a comment: a damaged one must not cost the picture
        return image


def _to_eight_bit(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise DecodeError("floating-point pixels", "their range is not known; save as 8 or 16 bit")
    if image.mode != "I" and not image.mode.startswith("I;"):
        return image
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise DecodeError("32-bit pixels", "their range is not known; save as 8 or 16 bit")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _without_transparency(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    with_alpha = image.convert("RGBA")
    background = Image.new("RGBA", with_alpha.size, (*BACKGROUND, 255))
    return Image.alpha_composite(background, with_alpha).convert("RGB")
