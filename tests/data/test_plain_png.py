"""The short way to plain PNG files: the pixels, the header and the errors of Pillow's ordinary way, or none of it."""

import importlib
import struct
import zlib
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from tests.data.encoded import encode, exif, noise, one_of_each_kind, png_by_hand, png_chunk, png_header, smooth

from lensmith.data.decode import decode, decode_with_header
from lensmith.data.plain_png import END, MOST_PIXELS, SIGNATURE, open_plain_png
from lensmith.errors import DecodeError

KINDS = one_of_each_kind()
SIDE = st.integers(1, 20)
pixels_of_any_kind = st.one_of(
    arrays(np.uint8, st.tuples(SIDE, SIDE, st.just(3))), arrays(np.uint8, st.tuples(SIDE, SIDE))
)
PIXELS = smooth(7, 9)
CONTENT = encode(PIXELS, "PNG")
BODY = slice(41, len(CONTENT) - 16)
"""The compressed pixels of `CONTENT`."""


def come_of(content: bytes) -> Any:
    """Return what decoding gives: pixels and header, or the error."""
    try:
        pixels, header = decode_with_header(content)
        return pixels.shape, pixels.tobytes(), header
    except DecodeError as error:
        return str(error)


def come_of_the_ordinary_way(content: bytes) -> Any:
    # By its name as a module: the package has a function of that name.
    with mock.patch.object(importlib.import_module("lensmith.data.decode"), "open_plain_png", return_value=None):
        return come_of(content)


def with_body(body: bytes) -> bytes:
    """Put other compressed pixels into `CONTENT`, with the right length and checksum."""
    return png_header(7, 9, 8, 2) + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")


def filtered(pixels: np.ndarray, kinds: list[int]) -> bytes:
    """Compress RGB rows, each behind the PNG filter that is named for it; what that makes of them is anybody's."""
    rows = zip(kinds, pixels.reshape(len(pixels), -1), strict=True)
    return zlib.compress(b"".join(bytes([kind]) + row.tobytes() for kind, row in rows))


@given(pixels_of_any_kind, st.integers(0, 9))
def test_plain_files_have_their_pixels(pixels: np.ndarray, level: int) -> None:
    image = open_plain_png(encode(pixels, "PNG", compress_level=level))
    assert image
    np.testing.assert_array_equal(np.asarray(image), pixels)


@given(pixels_of_any_kind)
def test_decoding_them_gives_what_the_ordinary_way_gives(pixels: np.ndarray) -> None:
    content = encode(pixels, "PNG")
    assert come_of(content) == come_of_the_ordinary_way(content)
    np.testing.assert_array_equal(decode(content, "grayscale")[:, :, 0], Image.fromarray(pixels).convert("L"))


@given(arrays(np.uint8, (7, 9, 3)), st.lists(st.integers(0, 6), min_size=7, max_size=7))
def test_every_filter_and_unknown_ones_too_are_undone_as_the_ordinary_way_does(
    pixels: np.ndarray, kinds: list[int]
) -> None:
    content = with_body(filtered(pixels, kinds))
    assert come_of(content) == come_of_the_ordinary_way(content)


@pytest.mark.parametrize("change", [1, 32, 255])
@pytest.mark.parametrize("place", range(len(CONTENT)))
def test_no_changed_byte_is_seen_otherwise_than_by_the_ordinary_way(place: int, change: int) -> None:
    content = bytearray(CONTENT)
    content[place] ^= change
    assert come_of(bytes(content)) == come_of_the_ordinary_way(bytes(content))


@given(st.integers(0, BODY.stop - BODY.start - 1), st.integers(1, 255))
def test_nor_is_one_below_a_checksum_that_hides_it(place: int, change: int) -> None:
    body = bytearray(CONTENT[BODY])
    body[place] ^= change
    content = with_body(bytes(body))
    assert come_of(content) == come_of_the_ordinary_way(content)


@given(st.binary(max_size=200))
@settings(max_examples=50)
def test_pixels_that_are_none_are_an_error(body: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(with_body(body))


@pytest.mark.parametrize("length", range(len(CONTENT)))
def test_a_file_that_is_cut_is_none_of_them(length: int) -> None:
    assert open_plain_png(CONTENT[:length]) is None
    assert come_of(CONTENT[:length]) == come_of_the_ordinary_way(CONTENT[:length])


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"RGB PNG", "gray PNG"}))
def test_other_kinds_are_left_to_the_ordinary_way(kind: str) -> None:
    assert open_plain_png(KINDS[kind]) is None


@pytest.mark.parametrize(
    "content",
    [
        png_by_hand(PIXELS, chunks=png_chunk(b"tRNS", struct.pack(">3H", 1, 2, 3))),
        encode(PIXELS, "PNG", exif=exif(6)),
        encode(PIXELS, "PNG", dpi=(72, 72)),
        with_body(CONTENT[BODY])[:-12] + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b""),
        CONTENT + b"\0",
        CONTENT.removesuffix(END) + png_chunk(b"eXIf", b""),
        SIGNATURE + END,
        png_header(7, 9, 8, 2) + png_chunk(b"iDAT", CONTENT[BODY]) + png_chunk(b"IEND", b""),
        png_by_hand(np.zeros((7, 9, 3)), bits=16),
        png_by_hand(np.zeros((7, 9)), bits=1),
        encode(noise(MOST_PIXELS // 64 + 1, 64), "PNG"),
        png_header(0, 9, 8, 2) + png_chunk(b"IDAT", zlib.compress(b"")) + png_chunk(b"IEND", b""),
    ],
    ids=[
        "transparent",
        "turned",
        "more chunks",
        "pixels in two",
        "something behind",
        "another end",
        "nothing between",
        "other name",
        "16 bits",
        "1 bit",
        "large",
        "no rows",
    ],
)
def test_so_is_what_is_not_plain(content: bytes) -> None:
    assert open_plain_png(content) is None
    assert come_of(content) == come_of_the_ordinary_way(content)


def test_the_largest_of_them_is_read() -> None:
    pixels = noise(MOST_PIXELS // 64, 64)
    image = open_plain_png(encode(pixels, "PNG"))
    assert image
    np.testing.assert_array_equal(np.asarray(image), pixels)


def test_interlaced_files_are_left_to_the_ordinary_way() -> None:
    content = bytearray(CONTENT)
    content[28] = 1
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    assert open_plain_png(bytes(content)) is None


def test_pillow_is_not_asked_to_recognise_them() -> None:
    with mock.patch.object(Image, "open", side_effect=AssertionError):
        assert decode(CONTENT).shape == (7, 9, 3)
