import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from tests.data.encoded import (
    LOSSLESS,
    animation,
    encode,
    noise,
    one_of_each_kind,
    png_by_hand,
    png_chunk,
    smooth,
)

from lensmith.data.decode import decode, probe, recolor, resize
from lensmith.data.reading import read_file
from lensmith.errors import DecodeError

KINDS = one_of_each_kind()
MODES = ("stretch", "crop", "pad")
pixels_of_any_size = arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from((1, 3))))


def on_white(rgba: np.ndarray) -> np.ndarray:
    """Lay pixels over white by the formula, in floating point."""
    alpha = rgba[:, :, 3:] / 255
    return rgba[:, :, :3] * alpha + 255 * (1 - alpha)


@pytest.mark.parametrize("options", [{"quality": 95, "subsampling": 0}, {"quality": 60}, {"progressive": True}])
def test_jpeg_has_the_pixels_that_tensorflow_decodes(options: dict) -> None:
    import tensorflow as tf

    content = encode(smooth(53, 75), "JPEG", **options)
    expected = tf.io.decode_jpeg(content, dct_method="INTEGER_ACCURATE").numpy()
    np.testing.assert_array_equal(decode(content), expected)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
def test_lossless_kinds_have_the_pixels_that_tensorflow_decodes(kind: str) -> None:
    import tensorflow as tf

    content = encode(Image.fromarray(smooth(53, 75)).quantize(32).convert("RGB"), kind)
    expected = tf.io.decode_image(content, expand_animations=False).numpy()
    np.testing.assert_array_equal(decode(content), expected)


@pytest.mark.parametrize("size", [(20, 31), (100, 80), (53, 20)])
def test_resizing_is_antialiased_as_tensorflow_does_it(size: tuple[int, int]) -> None:
    import tensorflow as tf

    pixels = noise(53, 75)
    expected = tf.image.resize(pixels, size, "bilinear", antialias=True).numpy()
    assert np.abs(resize(pixels, size) - expected).max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_uint8_pixels_of_one_or_three_channels(kind: str) -> None:
    size = (13, 9) if kind.startswith("turned") else (9, 13)
    for color, channels in (("rgb", 3), ("grayscale", 1)):
        pixels = decode(KINDS[kind], color)
        assert (pixels.dtype, pixels.shape) == (np.uint8, (*size, channels))
        assert len(np.unique(pixels)) >= 2


@pytest.mark.parametrize("kind", KINDS)
def test_grayscale_is_the_bt601_gray_of_the_colours(kind: str) -> None:
    colours, gray = decode(KINDS[kind]), decode(KINDS[kind], "grayscale")
    np.testing.assert_array_equal(gray, recolor(colours, "grayscale"))
    np.testing.assert_allclose(gray[:, :, 0], colours @ [0.299, 0.587, 0.114], atol=0.51)


@pytest.mark.parametrize("kind", KINDS)
def test_probe_tells_the_size_that_decoding_gives_whatever_the_file_is_called(kind: str, tmp_path: Path) -> None:
    expected = decode(KINDS[kind]).shape[:2]
    for suffix in (".jpg", ".png", ".gif", ".bmp", ".webp", ".tiff", ".txt", ""):
        file = tmp_path / f"picture{suffix}"
        file.write_bytes(KINDS[kind])
        assert probe(file).size == expected
        np.testing.assert_array_equal(decode(read_file(file)), decode(KINDS[kind]))


def test_probe_tells_colour_from_gray(tmp_path: Path) -> None:
    file = tmp_path / "picture"
    for kind, content in KINDS.items():
        file.write_bytes(content)
        assert probe(file).has_color == (not kind.startswith(("gray ", "LA ", "16-bit ", "1-bit "))), kind


@pytest.mark.parametrize("kind", LOSSLESS)
@settings(max_examples=30, deadline=None)
@given(pixels=pixels_of_any_size)
def test_what_was_saved_without_loss_comes_back(kind: str, pixels: np.ndarray) -> None:
    if kind == "WEBP":  # which has no gray
        pixels = recolor(pixels, "rgb")
    content = encode(pixels if pixels.shape[2] == 3 else pixels[:, :, 0], kind, **LOSSLESS[kind])
    np.testing.assert_array_equal(decode(content, "rgb" if pixels.shape[2] == 3 else "grayscale"), pixels)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)])
@pytest.mark.parametrize("kind", LOSSLESS)
def test_images_of_one_pixel_and_of_one_row_are_decoded_and_resized(kind: str, size: tuple[int, int]) -> None:
    pixels = noise(*size)
    decoded = decode(encode(pixels, kind, **LOSSLESS[kind]))
    np.testing.assert_array_equal(decoded, pixels)
    for mode in MODES:
        assert resize(decoded, (7, 5), mode).shape == (7, 5, 3)


def test_pixels_written_by_hand_are_read_as_written() -> None:
    rgb, gray = noise(9, 13), noise(9, 13, 1)
    np.testing.assert_array_equal(decode(png_by_hand(rgb)), rgb)
    np.testing.assert_array_equal(decode(png_by_hand(gray), "grayscale")[:, :, 0], gray)


def test_sixteen_bit_gray_is_scaled_not_clipped() -> None:
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = np.floor(ramp / 257 + 0.5).astype(np.uint8)
    assert (expected[0, 0], expected[-1, -1], len(np.unique(expected))) == (0, 255, 256)
    big_endian = Image.frombytes("I;16B", (256, 256), ramp.astype(">u2").tobytes())
    for content in (
        png_by_hand(ramp, 16),
        encode(ramp, "PNG"),
        encode(ramp, "TIFF"),
        encode(big_endian, "TIFF"),
    ):
        np.testing.assert_array_equal(decode(content, "grayscale")[:, :, 0], expected)
        np.testing.assert_array_equal(decode(content), np.repeat(expected[:, :, np.newaxis], 3, axis=2))


def test_sixteen_bit_colour_is_scaled_not_clipped() -> None:
    ramp = np.arange(0, 65536, 257, dtype=np.uint16).repeat(3).reshape(16, 16, 3)
    expected = (ramp // 257).astype(np.uint8)
    np.testing.assert_array_equal(decode(png_by_hand(ramp, 16)), expected)


def test_one_bit_is_black_and_white() -> None:
    bits = noise(9, 13, 1) > 127
    contents = [
        png_by_hand(bits, 1),
        *(encode(Image.fromarray(bits), kind) for kind in ("TIFF", "BMP", "GIF")),
    ]
    for content in contents:
        np.testing.assert_array_equal(decode(content, "grayscale")[:, :, 0], bits * np.uint8(255))


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (Image.fromarray(np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)), "floating-point pixels"),
        (Image.fromarray(np.arange(12, dtype=np.int32).reshape(3, 4) * 10_000), "32-bit pixels"),
        (Image.fromarray(np.arange(12, dtype=np.int32).reshape(3, 4) - 5), "32-bit pixels"),
    ],
)
def test_tiff_of_unknown_range_is_refused_with_the_reason(image: Image.Image, reason: str) -> None:
    with pytest.raises(DecodeError, match="save as 8 or 16 bit") as raised:
        decode(encode(image, "TIFF"))
    assert raised.value.reason == reason


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})])
def test_transparency_is_laid_over_white(kind: str, options: dict) -> None:
    rgba = noise(16, 16, 4)
    rgba[0, :, 3], rgba[1, :, 3] = 0, 255
    pixels = decode(encode(rgba, kind, **options))
    np.testing.assert_allclose(pixels, on_white(rgba), atol=1)
    assert (pixels[0] == 255).all()
    np.testing.assert_array_equal(pixels[1], rgba[1, :, :3])


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_gray_with_transparency_is_laid_over_white(kind: str) -> None:
    la = noise(16, 16, 2)
    rgba = la[:, :, [0, 0, 0, 1]]
    np.testing.assert_allclose(decode(encode(Image.fromarray(la, "LA"), kind)), on_white(rgba), atol=1)


def test_palette_gives_its_colours_and_white_where_transparent() -> None:
    image = Image.fromarray(np.array([[0, 1, 2, 1]], np.uint8), "P")
    image.putpalette([200, 30, 30, 0, 0, 0, 30, 30, 200])
    red, black, blue, white = [200, 30, 30], [0, 0, 0], [30, 30, 200], [255, 255, 255]
    for kind in ("PNG", "GIF"):
        assert decode(encode(image, kind)).tolist() == [[red, black, blue, black]]
        assert decode(encode(image, kind, transparency=1)).tolist() == [[red, white, blue, white]]
    half = decode(encode(image, "PNG", transparency=bytes([255, 0, 128]))).astype(int)
    assert half[0, :2].tolist() == [red, white]
    np.testing.assert_allclose(half[0, 2], (np.array(blue) + 255) / 2, atol=2)


@pytest.mark.parametrize(
    ("pixels", "bits", "transparent"),
    [
        (np.array([[7, 9]], np.uint8), 8, struct.pack(">H", 9)),
        (np.array([[7 * 257, 9 * 257]], np.uint16), 16, struct.pack(">H", 9 * 257)),
        (np.array([[[7, 7, 7], [1, 2, 3]]], np.uint8), 8, struct.pack(">HHH", 1, 2, 3)),
    ],
    ids=["gray", "16-bit gray", "rgb"],
)
def test_one_transparent_colour_becomes_white(pixels: np.ndarray, bits: int, transparent: bytes) -> None:
    content = png_by_hand(pixels, bits, png_chunk(b"tRNS", transparent))
    assert decode(content).tolist() == [[[7, 7, 7], [255, 255, 255]]]


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (90, 160, 40)])
def test_cmyk_keeps_the_colour_where_adobe_stores_it_inverted(colour: tuple[int, int, int]) -> None:
    image = Image.new("RGB", (16, 16), colour).convert("CMYK")
    jpeg = encode(image, "JPEG", quality=95)
    assert b"Adobe" in jpeg
    for content in (jpeg, encode(image, "TIFF")):
        np.testing.assert_allclose(decode(content), np.full((16, 16, 3), colour), atol=6)


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})])
def test_the_first_frame_of_an_animation_is_taken(kind: str, options: dict) -> None:
    frames = [np.full((6, 8, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 200, 0), (0, 0, 200))]
    content = animation(kind, frames, **options)
    with Image.open(io.BytesIO(content)) as image:
        assert image.n_frames == 3
    np.testing.assert_array_equal(decode(content), frames[0])


@given(pixels=pixels_of_any_size, mode=st.sampled_from(MODES))
def test_resizing_to_the_own_size_changes_nothing(pixels: np.ndarray, mode: str) -> None:
    np.testing.assert_array_equal(resize(pixels, pixels.shape[:2], mode), pixels)


sides = st.integers(1, 60)


@given(
    size=st.tuples(sides, sides),
    wanted=st.tuples(sides, sides),
    value=st.integers(0, 255),
    channels=st.sampled_from((1, 3)),
)
def test_resizing_keeps_a_constant_image_constant(size, wanted, value, channels) -> None:
    constant = np.full((*size, channels), value, np.uint8)
    for mode in ("stretch", "crop"):
        np.testing.assert_array_equal(resize(constant, wanted, mode), np.full((*wanted, channels), value))
    padded = resize(constant, wanted, "pad")
    assert padded.shape == (*wanted, channels)
    assert set(np.unique(padded)) <= {value, 255}
    assert (padded == value).any()  # the picture is still there, however thin


@given(size=st.tuples(sides, sides), wanted=st.tuples(sides, sides))
def test_padding_keeps_the_proportions_and_puts_the_picture_in_the_middle(size, wanted) -> None:
    padded = resize(np.zeros((*size, 1), np.uint8), wanted, "pad")[:, :, 0]
    rows, columns = np.flatnonzero((padded == 0).any(axis=1)), np.flatnonzero((padded == 0).any(axis=0))
    scale = min(wanted[0] / size[0], wanted[1] / size[1])
    for found, side, whole in ((rows, size[0], wanted[0]), (columns, size[1], wanted[1])):
        assert abs(len(found) - max(1, side * scale)) <= 0.5
        assert abs(found[0] - (whole - 1 - found[-1])) <= 1


def test_cropping_takes_the_middle() -> None:
    pixels = np.zeros((4, 12, 3), np.uint8)
    pixels[:, 4:8] = 200
    np.testing.assert_array_equal(resize(pixels, (4, 4), "crop"), np.full((4, 4, 3), 200))
    np.testing.assert_array_equal(resize(pixels.swapaxes(0, 1), (4, 4), "crop"), np.full((4, 4, 3), 200))


def test_padding_is_white() -> None:
    padded = resize(np.zeros((4, 12, 3), np.uint8), (12, 12), "pad")
    assert (padded[:4] == 255).all()
    assert (padded[8:] == 255).all()
    assert (padded[4:8] == 0).all()
