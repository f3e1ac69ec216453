"""The short way to plain PNG files: the pixels, the header and the errors of Pillow's ordinary way, or none of it."""

import importlib
import struct
import zlib
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageFile
from tests.data.encoded import encode, exif, noise, one_of_each_kind, png_by_hand, png_chunk, png_header, smooth

from lensmith.data.decode import decode, decode_with_header
from lensmith.data.plain_png import END, MOST_PIXELS, START, decode_plain_png
from lensmith.errors import DecodeError

KINDS = one_of_each_kind()
SIDE = st.integers(1, 20)
pixels_of_any_kind = st.one_of(
    arrays(np.uint8, st.tuples(SIDE, SIDE, st.just(3))), arrays(np.uint8, st.tuples(SIDE, SIDE))
)
PIXELS = smooth(7, 9)
CONTENT = encode(PIXELS, "PNG")
COMPRESSED = CONTENT[41:-16]


def come_of(content: bytes) -> Any:
    """Return what decoding gives: pixels and header, or the error."""
    try:
        pixels, header = decode_with_header(content)
        return pixels.shape, pixels.tobytes(), header
    except DecodeError as error:
        return str(error)


def come_of_the_ordinary_way(content: bytes) -> Any:
    # By its name as a module: the package has a function of that name.
    with mock.patch.object(importlib.import_module("lensmith.data.decode"), "decode_plain_png", return_value=None):
        return come_of(content)


def with_pixels(compressed: bytes, name: bytes = b"IDAT") -> bytes:
    """Put other compressed pixels into `CONTENT`, with their length and checksum."""
    return png_header(7, 9, 8, 2) + png_chunk(name, compressed) + png_chunk(b"IEND", b"")


def with_header(**fields: int) -> bytes:
    """Put other fields into the header of `CONTENT`, with their checksum."""
    names = ("width", "height", "bits", "color", "compression", "filters", "interlace")
    values = dict(zip(names, struct.unpack_from(">IIBBBBB", CONTENT, 16), strict=True)) | fields
    return CONTENT[:8] + png_chunk(b"IHDR", struct.pack(">IIBBBBB", *values.values())) + CONTENT[33:]


def filtered(pixels: np.ndarray, kinds: list[int]) -> bytes:
    """Write RGB rows as they are stored, each behind the PNG filter that is said to have made it."""
    rows = zip(kinds, pixels.reshape(len(pixels), -1), strict=True)
    return b"".join(bytes([kind]) + row.tobytes() for kind, row in rows)


def ending_behind_a_block() -> bytes:
    """Write one row of two, of which the compressed pixels end only behind what Pillow gives its decoder at once."""
    stored = b"\0\x02\0\xfd\xff\0\x05" + ImageFile.MAXBLOCK // 5 * b"\0\0\0\xff\xff" + b"\x01\0\0\xff\xff"
    compressed = b"\x78\x01" + stored + struct.pack(">I", zlib.adler32(b"\0\x05"))
    return png_header(2, 1, 8, 0) + png_chunk(b"IDAT", compressed) + png_chunk(b"IEND", b"")


ROWS = filtered(PIXELS, [0] * 7)
DAMAGED = {
    "a row too few": with_pixels(zlib.compress(ROWS[:-28])),
    "a row too many": with_pixels(zlib.compress(ROWS + ROWS[:28])),
    "half a row": with_pixels(zlib.compress(ROWS[:-10])),
    "an unknown filter": with_pixels(zlib.compress(filtered(PIXELS, [0, 1, 2, 5, 3, 4, 0]))),
    "another stream behind": with_pixels(zlib.compress(ROWS) + zlib.compress(ROWS)),
    "two streams": with_pixels(zlib.compress(ROWS[:84]) + zlib.compress(ROWS[84:])),
    "bytes behind": with_pixels(zlib.compress(ROWS) + b"abc"),
    "no checksum": with_pixels(zlib.compress(ROWS)[:-4]),
    "another checksum": with_pixels(zlib.compress(ROWS)[:-4] + b"abcd"),
    "nothing": with_pixels(b""),
    "no stream": with_pixels(b"abc"),
    "ending behind a block": ending_behind_a_block(),
}
OTHERS = {
    "transparent": png_by_hand(PIXELS, chunks=png_chunk(b"tRNS", struct.pack(">3H", 1, 2, 3))),
    "turned": encode(PIXELS, "PNG", exif=exif(6)),
    "more chunks": encode(PIXELS, "PNG", dpi=(72, 72)),
    "pixels in two": CONTENT.removesuffix(END) + png_chunk(b"IDAT", b"") + END,
    "something behind": CONTENT + b"\0",
    "another end": CONTENT.removesuffix(END) + png_chunk(b"eXIf", b""),
    "nothing between": START + END,
    "another name": with_pixels(COMPRESSED, b"iDAT"),
    "16 bits": png_by_hand(np.zeros((7, 9, 3)), bits=16),
    "1 bit": png_by_hand(np.zeros((7, 9)), bits=1),
    "large": encode(noise(MOST_PIXELS // 64 + 1, 64), "PNG"),
    "no rows": with_header(height=0),
    "interlaced": with_header(interlace=1),
    "another compression": with_header(compression=1),
    "other filters": with_header(filters=1),
}


@given(pixels_of_any_kind, st.integers(0, 9))
def test_plain_files_have_their_pixels(pixels: np.ndarray, level: int) -> None:
    image = decode_plain_png(encode(pixels, "PNG", compress_level=level))
    assert image
    np.testing.assert_array_equal(np.asarray(image), pixels)


@given(pixels_of_any_kind)
def test_decoding_them_gives_what_the_ordinary_way_gives(pixels: np.ndarray) -> None:
    content = encode(pixels, "PNG")
    assert come_of(content) == come_of_the_ordinary_way(content)
    np.testing.assert_array_equal(decode(content, "grayscale")[:, :, 0], Image.fromarray(pixels).convert("L"))


@given(arrays(np.uint8, (7, 9, 3)), st.lists(st.integers(0, 4), min_size=7, max_size=7))
def test_every_filter_is_undone_as_the_ordinary_way_does(pixels: np.ndarray, kinds: list[int]) -> None:
    content = with_pixels(zlib.compress(filtered(pixels, kinds)))
    assert decode_plain_png(content)
    assert come_of(content) == come_of_the_ordinary_way(content)


@pytest.mark.parametrize("change", [1, 32, 255])
def test_no_changed_byte_is_seen_otherwise_than_by_the_ordinary_way(change: int) -> None:
    for place in range(len(CONTENT)):
        content = bytearray(CONTENT)
        content[place] ^= change
        assert come_of(bytes(content)) == come_of_the_ordinary_way(bytes(content)), place


@pytest.mark.parametrize("kind", DAMAGED)
def test_nor_are_pixels_that_are_not_as_they_should_be(kind: str) -> None:
    assert come_of(DAMAGED[kind]) == come_of_the_ordinary_way(DAMAGED[kind])


def test_a_file_that_is_cut_is_left_to_the_ordinary_way() -> None:
    assert not any(decode_plain_png(CONTENT[:length]) for length in range(len(CONTENT)))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"RGB PNG", "gray PNG"}))
def test_so_are_other_kinds(kind: str) -> None:
    assert decode_plain_png(KINDS[kind]) is None


@pytest.mark.parametrize("kind", OTHERS)
def test_so_is_what_is_not_plain(kind: str) -> None:
    assert decode_plain_png(OTHERS[kind]) is None


def test_the_largest_of_them_is_decoded() -> None:
    pixels = noise(MOST_PIXELS // 64, 64)
    image = decode_plain_png(encode(pixels, "PNG"))
    assert image
    np.testing.assert_array_equal(np.asarray(image), pixels)


def test_pillow_is_not_asked_to_recognise_them() -> None:
    with mock.patch.object(Image, "open", side_effect=AssertionError):
        assert decode(CONTENT).shape == (7, 9, 3)


def test_what_pillow_raises_else_is_an_error_of_the_file() -> None:
    with mock.patch.object(Image, "frombytes", side_effect=MemoryError), pytest.raises(DecodeError):
        decode(CONTENT)
