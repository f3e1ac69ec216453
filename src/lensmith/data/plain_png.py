"""A short way to the pixels of the plainest PNG files, small ones of 8-bit gray or RGB and nothing else beside.

Data sets of small images are folders of tens of thousands of such files, of which recognising and opening each takes
as long as inflating it. What differs in anything from `SIGNATURE`, one IHDR, one IDAT and `END` (PNG specification,
third edition, 5.6), or is damaged, is left to `decode`'s ordinary way, which then says what is wrong with it.
"""

import struct
import zlib

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
END = b"\0\0\0\0IEND\xaeB`\x82"
MOST_PIXELS = 128 * 128
"""Of larger ones, inflating takes the time."""

_MODES = {0: "L", 2: "RGB"}
"""By colour type."""
_HEADER = struct.Struct(">IIBBBBBII4s")
"""Width to interlace method, their checksum, then length and name of what must be the pixels."""
_PIXELS_START, _BEHIND = len(SIGNATURE) + _HEADER.size, 4 + len(END)
"""Where they start, and what follows them: a checksum, and the end."""


def open_plain_png(content: bytes) -> Image.Image | None:
    """Decode a PNG file that is small, plain and whole.

    Args:
        content: A file's bytes, of whatever format.

    Returns:
        Its picture, of mode `L` or `RGB`; `None` for every other file.
    """
    if not (content.startswith(SIGNATURE) and content.endswith(END) and len(content) > _PIXELS_START + _BEHIND):
        return None
    width, height, bits, color, *methods, checksum, length, name = _HEADER.unpack_from(content, len(SIGNATURE))
    plain = bits == 8 and color in _MODES and not any(methods) and 0 < width * height <= MOST_PIXELS
    alone = name == b"IDAT" and _PIXELS_START + length + _BEHIND == len(content)
    # The checksum of the pixels is not looked at: Pillow does not either.
    if not plain or not alone or zlib.crc32(content[12:29]) != checksum:
        return None
    mode, compressed = _MODES[color], content[_PIXELS_START : _PIXELS_START + length]
    try:
        return Image.frombytes(mode, (width, height), compressed, "zip", mode, 0)
    except ValueError:
        return None
