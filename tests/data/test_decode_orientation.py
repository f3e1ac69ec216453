import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.data.encoded import LOSSLESS, encode, exif, noise, png_by_hand, png_chunk

from lensmith.data.decode import decode, probe, recolor

UPRIGHT = noise(5, 8)
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.swapaxes(0, 1),
    6: np.rot90(UPRIGHT, 1),
    7: UPRIGHT[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90(UPRIGHT, -1),
}
"""How EXIF says each orientation is stored: 6 has its top at the right, from a camera that was turned."""


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "PNG of 16 bits"])
@pytest.mark.parametrize("orientation", STORED)
def test_every_orientation_gives_the_same_upright_pixels(kind: str, orientation: int, tmp_path: Path) -> None:
    stored, expected = np.ascontiguousarray(STORED[orientation]), UPRIGHT
    if kind == "PNG of 16 bits":
        stored, expected = stored[:, :, 0].astype(np.uint16) * 257, recolor(UPRIGHT[:, :, :1], "rgb")
    name = kind.split()[0]
    content = encode(stored, name, exif=exif(orientation), **LOSSLESS[name])
    np.testing.assert_array_equal(decode(content), expected)
    file = tmp_path / "picture"
    file.write_bytes(content)
    assert probe(file).size == (5, 8)


@pytest.mark.parametrize("orientation", STORED)
def test_every_orientation_of_a_jpeg_gives_the_same_upright_picture(orientation: int) -> None:
    turned = Image.fromarray(np.ascontiguousarray(STORED[orientation])).resize(
        tuple(16 * side for side in STORED[orientation].shape[1::-1]), Image.Resampling.NEAREST
    )
    pixels = decode(encode(turned, "JPEG", quality=98, subsampling=0, exif=exif(orientation)))
    np.testing.assert_allclose(pixels[8::16, 8::16], UPRIGHT, atol=10)


@pytest.mark.parametrize("orientation", STORED)
def test_orientation_that_a_png_says_behind_its_picture_is_applied(orientation: int) -> None:
    content = png_by_hand(np.ascontiguousarray(STORED[orientation]))
    end = content.rindex(b"IEND") - 4
    chunk = png_chunk(b"eXIf", exif(orientation).tobytes().removeprefix(b"Exif\0\0"))
    np.testing.assert_array_equal(decode(content[:end] + chunk + content[end:]), UPRIGHT)


def broken_exif(orientation: int) -> bytes:
    """EXIF with an orientation and a camera name that lies far beyond the end."""
    entries = struct.pack("<HHII", 0x010F, 2, 500, 90_000) + struct.pack("<HHII", 0x0112, 3, 1, orientation)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + entries + b"\0\0\0\0"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("damage", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + bytes(range(1, 99))])
def test_corrupt_exif_does_not_cost_the_picture(kind: str, damage: bytes, tmp_path: Path) -> None:
    content = encode(UPRIGHT, kind, exif=damage)
    assert decode(content).shape == UPRIGHT.shape
    (tmp_path / "picture").write_bytes(content)
    assert probe(tmp_path / "picture").size == UPRIGHT.shape[:2]


@pytest.mark.filterwarnings("ignore")
def test_orientation_is_applied_though_the_rest_of_exif_is_corrupt(tmp_path: Path) -> None:
    content = encode(np.ascontiguousarray(STORED[6]), "PNG", exif=broken_exif(6))
    np.testing.assert_array_equal(decode(content), UPRIGHT)
    (tmp_path / "picture").write_bytes(content)
    assert probe(tmp_path / "picture").size == UPRIGHT.shape[:2]
