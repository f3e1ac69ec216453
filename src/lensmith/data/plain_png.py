"""A short way to the pixels of the plainest PNG files, small ones of 8-bit gray or RGB and nothing else beside.

Data sets of small images are folders of tens of thousands of such files, of which recognising and opening each takes
as long as inflating it. What is more than an IHDR, one IDAT and an IEND (PNG specification, third edition, 5.6), or is
refused by Pillow's decoder, is left to `decode`'s ordinary way, which then says what is wrong with it.
"""

import struct
import zlib

from PIL import Image, ImageFile

START, END = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\0\0\0\0IEND\xaeB`\x82"
"""The signature with what every first chunk begins with, and the last chunk."""
MOST_PIXELS = 128 * 128
"""Of larger ones, inflating takes the time."""

_MODES = {0: "L", 2: "RGB"}
"""By colour type."""
_HEADER = struct.Struct(">IIBBBBBII4s")
"""Width to interlace method, their checksum, then length and name of the chunk of the pixels."""
_BYTES_BEFORE, _BYTES_BEHIND = len(START) + _HEADER.size, 4 + len(END)
"""The pixels; behind them there is a checksum, too."""


def decode_plain_png(content: bytes) -> Image.Image | None:
    """Decode a PNG file that is small and plain.

    Args:
        content: A file's bytes, of whatever format.

    Returns:
        Its picture, of mode `L` or `RGB`; `None` for every other file.
    """
    if not (content.startswith(START) and content.endswith(END) and len(content) > _BYTES_BEFORE + _BYTES_BEHIND):
        return None
    width, height, bits, color, *methods, checksum, length, name = _HEADER.unpack_from(content, len(START))
    plain = bits == 8 and color in _MODES and not any(methods) and 0 < width * height <= MOST_PIXELS
    # Longer ones are given to the decoder in parts, of which some that are damaged are answered otherwise.
    alone = name == b"IDAT" and length == len(content) - _BYTES_BEFORE - _BYTES_BEHIND <= ImageFile.MAXBLOCK
    # Of IHDR's name and fields. The checksum of the pixels is not looked at: Pillow does not either.
    if not plain or not alone or zlib.crc32(content[12:29]) != checksum:
        return None
    mode = _MODES[color]
    try:
        return Image.frombytes(mode, (width, height), content[_BYTES_BEFORE : _BYTES_BEFORE + length], "zip", mode)
    except ValueError:
        return None
