"""The pixels contract: bytes to `uint8 (H, W, C)`, and resizing. Every command calls these two and no others.

Colour: EXIF orientation is applied; the first frame of an animation is taken; transparency is laid over
white; CMYK becomes RGB; 16-bit gray is scaled by 1/257, so that 65535 becomes 255; of 16-bit colour the high
byte is taken.
"""

import contextlib
import io
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from lensmith.data.plain_png import decode_plain_png
from lensmith.data.reading import check_file
from lensmith.errors import DecodeError

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")
BACKGROUND = (255, 255, 255)
MAX_PIXELS = 89_478_485
"""Pillow's own limit: a quarter of a gigabyte as RGB. Larger files are refused before they are decoded."""
STRIP, LARGE = 256, 2**24
"""Rows; and pixels of a picture that is no longer copied at once."""

Pixels = npt.NDArray[np.uint8]
Color = Literal["rgb", "grayscale"]
Resize = Literal["stretch", "crop", "pad"]


class Header(NamedTuple):
    """What a file says of its picture before it is decoded.

    Attributes:
        size: Height and width, upright, pixels.
        has_color: Whether it is more than gray.
    """

    size: tuple[int, int]
    has_color: bool


# Pillow warns about damaged metadata without naming the file; what costs the picture is an exception.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# What Pillow's fuzzing harness accepts as the answer to a damaged file; under `-W error`, warnings too.
_DAMAGE = (OSError, SyntaxError, ValueError, NotImplementedError, OverflowError, MemoryError, EOFError,
           IndexError, TypeError, struct.error, Warning)  # fmt: skip

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture of each EXIF orientation upright."""
_SIDEWAYS = (5, 6, 7, 8)


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
    return decode_with_header(content, color)[0]


def decode_with_header(content: bytes, color: Color = "rgb") -> tuple[Pixels, Header]:
    """Turn the bytes of an image file into pixels, as `decode`, and tell what `probe` tells."""
    if not content:
        raise DecodeError("empty file")
    mode = "RGB" if color == "rgb" else "L"
    with telling_damage():
        if plain := decode_plain_png(content):
            return _turned(plain, None, mode), Header((plain.height, plain.width), plain.mode == "RGB")
        image = open_image(io.BytesIO(content))  # of which there is nothing to close
        size, has_color = image.size, _has_color(image)
        image.load()
        orientation = orientation_of(image)  # not before: PNG may say it behind the picture, and Pillow looks once
        header, turn = _header(image, size, orientation, has_color), _TURNS.get(orientation)
        return _turned(_plain(image), turn, mode), header


def _plain(image: Image.Image) -> Image.Image:
    """Make a picture gray or RGB, of 8 bits and without transparency; the picture itself is gone then.

    No more than two pictures are there at a time, here and below: large ones would fill the memory.
    """
    flat = _without_transparency(_to_eight_bit(image))
    # Gray is made from RGB: Pillow's own way from YCbCr gives another, and from LAB there is none.
    plain = flat if flat.mode in ("L", "RGB") else flat.convert("RGB")
    if plain is not image:
        image.close()
    return plain


def _turned(image: Image.Image, turn: Image.Transpose | None, mode: str) -> Pixels:
    if turn is not None:
        image = image.transpose(turn)
    if image.mode != mode:
        image = image.convert(mode)
    return _to_array(image)


def probe(path: str | Path) -> Header:
    """Read size and colour from the header alone.

    Raises:
        DecodeError: As `read_file` and `decode`, as far as the header tells.
    """
    check_file(path)
    with telling_damage(), open_image(path) as image:
        return _header(image, image.size, orientation_of(image), _has_color(image))


def recolor(pixels: Pixels, color: Color) -> Pixels:
    """Give pixels 3 channels (`rgb`) or 1 (`grayscale`), as `decode` would have.

    Args:
        pixels: `uint8 (H, W, C)`, C 1 or 3.
        color: What is wanted.
    """
    if color == "rgb":
        return pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2)
    return pixels if pixels.shape[2] == 1 else _to_array(Image.fromarray(pixels).convert("L"))


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
        return _to_array(ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR))
    if mode == "pad":
        return _to_array(_pad(image, width, height))
    return _to_array(image.resize((width, height), Image.Resampling.BILINEAR))


def _pad(image: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(width / image.width, height / image.height)
    # At least one pixel: a long thin picture must not vanish.
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    padded = Image.new(image.mode, (width, height), BACKGROUND if image.mode == "RGB" else BACKGROUND[0])
    place = ((width - inner[0]) // 2, (height - inner[1]) // 2)
    padded.paste(image.resize(inner, Image.Resampling.BILINEAR), place)
    return padded


def _to_array(image: Image.Image) -> Pixels:
    if image.width * image.height <= LARGE:
        return _copied(image)
    pixels = np.empty((image.height, image.width, len(image.getbands())), np.uint8)
    for rows in _strips(image.height):
        pixels[rows] = _copied(image.crop((0, rows.start, image.width, rows.stop)))
    return pixels


def _copied(image: Image.Image) -> Pixels:
    # What `np.asarray` does by way of a description of the array, which takes as long again.
    return np.frombuffer(image.tobytes(), np.uint8).reshape(image.height, image.width, -1)


def open_image(file: str | Path | io.BytesIO) -> Image.Image:
    """Open a file of a format that is read, without decoding its picture.

    Raises:
        DecodeError: It has too many pixels; what else Pillow raises is for `telling_damage`.
    """
    image = Image.open(file, formats=FORMATS)
    # Pillow only warns from its limit up to twice that, and not at all where a program has lifted it.
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise _too_many_pixels()
    return image


def _too_many_pixels() -> DecodeError:
    return DecodeError("too many pixels", f"more than {MAX_PIXELS:,}")


@contextlib.contextmanager
def telling_damage() -> Iterator[None]:
    """Turn whatever Pillow raises about a file into a `DecodeError`."""
    try:
        yield
    except DecodeError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except UnidentifiedImageError:
        raise DecodeError("not an image", f"none of {', '.join(FORMATS)}") from None
    except _DAMAGE as error:
        text = str(error)
        raise DecodeError("truncated" if "truncated" in text.lower() else "damaged", text[:200]) from None


def _header(image: Image.Image, size: tuple[int, int], orientation: int, has_color: bool) -> Header:
    width, height = size
    # Pillow gives the size of a TIFF upright already.
    if image.format != "TIFF" and orientation in _SIDEWAYS:
        width, height = height, width
    return Header((height, width), has_color)


def orientation_of(image: Image.Image) -> int:
    """Return what EXIF says of how the camera was held: 1 is upright."""
    try:
        # PNG's own `getexif` decodes the whole picture to look behind it; `decode` has done so already.
        return int(Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1))
    except _DAMAGE:  # EXIF is a comment: a damaged one must not cost the picture
        return 1


def _has_color(image: Image.Image) -> bool:
    if image.mode == "P" and image.palette and image.format in ("GIF", "PNG"):  # gray, too, has a palette
        colours = bytes(image.palette.palette)
        return not colours[0::3] == colours[1::3] == colours[2::3]
    return image.mode not in ("1", "L", "LA", "La", "I", "F") and not image.mode.startswith("I;")


def _to_eight_bit(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise DecodeError("floating-point pixels", "their range is not known; save as 8 or 16 bit")
    if image.mode != "I" and not image.mode.startswith("I;"):
        return image
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise DecodeError("32-bit pixels", "their range is not known; save as 8 or 16 bit")
    transparent, scaled = image.info.get("transparency"), np.empty(values.shape, np.uint8)
    for rows in _strips(image.height):
        part = values[rows].astype(np.int64)
        if isinstance(transparent, int):
            part[part == transparent] = 65535  # the background is white
        scaled[rows] = (part + 128) // 257
    return Image.fromarray(scaled)


def _without_transparency(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    flat = Image.new("RGB", image.size)
    for rows in _strips(image.height):
        box = (0, rows.start, image.width, rows.stop)
        part = image.crop(box).convert("RGBA")
        background = Image.new("RGBA", part.size, (*BACKGROUND, 255))
        flat.paste(Image.alpha_composite(background, part).convert("RGB"), box)
    return flat


def _strips(height: int) -> Iterator[slice]:
    """Cut the rows of a picture into strips, so that what is computed of a large one does not fill the memory."""
    for start in range(0, height, STRIP):
        yield slice(start, min(start + STRIP, height))
