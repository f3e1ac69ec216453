"""Files that are damaged or hostile: each is a `DecodeError` with its reason, soon and in little memory."""

import contextlib
import io
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.data.encoded import encode, noise, one_of_each_kind, png_chunk, png_header, smooth

from lensmith.data.decode import MAX_PIXELS, decode, probe, resize
from lensmith.errors import DecodeError

KINDS = one_of_each_kind()


def reason_of(content: bytes) -> str:
    with pytest.raises(DecodeError) as raised:
        decode(content)
    return raised.value.reason


@pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"])
def test_truncated_files_are_refused_and_never_half_decoded(kind: str, part: float) -> None:
    content = encode(noise(60, 80), kind)
    assert reason_of(content[: int(len(content) * part)]) in ("truncated", "damaged", "not an image")


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_cut_in_its_pixels_is_called_truncated(kind: str) -> None:
    content = encode(noise(60, 80), kind)
    assert reason_of(content[: len(content) // 2]) == "truncated"


def test_no_bytes_are_an_empty_file() -> None:
    assert reason_of(b"") == "empty file"


@pytest.mark.parametrize(
    "content",
    [
        np.random.default_rng(1).bytes(5000),
        b"<!DOCTYPE html><html><body>Sign in to the network</body></html>",
        b"%PDF-1.7\n",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        b"\0" * 5000,
        encode(noise(9, 9), "ICO"),
        encode(noise(9, 9), "PPM"),
    ],
    ids=["random", "html", "pdf", "svg", "zeros", "ico", "ppm"],
)
def test_what_is_none_of_the_six_formats_is_not_an_image(content: bytes) -> None:
    assert reason_of(content) == "not an image"


def with_size(kind: str, height: int, width: int) -> bytes:
    """A small file whose header tells of another size."""
    content = bytearray(encode(smooth(8, 8), kind))
    if kind == "PNG":
        return png_header(height, width, 1, 0) + png_chunk(b"IDAT", zlib.compress(bytes(100_000)))
    if kind == "JPEG":
        place = content.index(b"\xff\xc0") + 5
        content[place : place + 4] = struct.pack(">HH", height, width)
    elif kind == "GIF":
        content[6:10] = struct.pack("<HH", width, height)
    else:
        assert kind == "BMP"
        content[18:26] = struct.pack("<ii", width, height)
    return bytes(content)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP"])
def test_more_pixels_than_the_limit_are_refused_by_the_header(kind: str, tmp_path: Path) -> None:
    # The second lies where Pillow only warns.
    for height, width in ((50_000, 50_000), (MAX_PIXELS // 60_000 + 1, 60_000)):
        content = with_size(kind, height, width)
        (tmp_path / "bomb").write_bytes(content)
        assert reason_of(content) == "too many pixels"
        with pytest.raises(DecodeError, match="too many pixels"):
            probe(tmp_path / "bomb")


def test_the_limit_holds_though_a_program_has_lifted_pillows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert reason_of(with_size("PNG", 50_000, 50_000)) == "too many pixels"


MEASURE = """
import json, resource, sys, time
from lensmith.data.decode import decode
from lensmith.errors import DecodeError
from PIL import Image
content = open(sys.argv[1], "rb").read()
decode(open(sys.argv[2], "rb").read())
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
try:
    decode(content)
except DecodeError as error:
    reason = error.reason
seconds = time.perf_counter() - start
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps({"reason": reason, "seconds": seconds, "kilobytes": grown}))
"""


def test_a_bomb_costs_neither_time_nor_memory(tmp_path: Path) -> None:
    bomb = with_size("PNG", 50_000, 50_000)
    assert len(bomb) < 4096
    (tmp_path / "bomb.png").write_bytes(bomb)
    (tmp_path / "small.png").write_bytes(encode(noise(8, 8), "PNG"))
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "bomb.png"), str(tmp_path / "small.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    measured = json.loads(done.stdout)
    assert measured["reason"] == "too many pixels"
    assert measured["seconds"] < 1
    assert measured["kilobytes"] < 16_000


def test_a_compressed_comment_that_unpacks_to_gigabytes_is_refused() -> None:
    comment = b"Comment\0\0" + zlib.compress(bytes(200_000_000), 1)
    content = encode(noise(8, 8), "PNG")
    assert reason_of(content[:33] + png_chunk(b"zTXt", comment) + content[33:]) == "damaged"


edits = st.lists(
    st.tuples(
        st.sampled_from(("replace", "insert", "delete", "cut")),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=8,
)


def mutated(content: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    for what, where, new in changes:
        # Most of what decides lies in the first bytes.
        place = int(where**3 * len(content))
        if what == "replace":
            content = content[:place] + new + content[place + len(new) :]
        elif what == "insert":
            content = content[:place] + new + content[place:]
        elif what == "delete":
            content = content[:place] + content[place + len(new) :]
        elif where > 0.8:
            content = content[:place]
    return content


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=400, derandomize=True, deadline=None, database=None)
@given(kind=st.sampled_from(sorted(KINDS)), changes=edits, color=st.sampled_from(("rgb", "grayscale")))
def test_changed_bytes_never_raise_anything_but_a_decode_error(kind, changes, color, tmp_path_factory) -> None:
    content = mutated(KINDS[kind], changes)
    file = tmp_path_factory.getbasetemp() / "mutated"
    file.write_bytes(content)
    pixels = size = None
    with contextlib.suppress(DecodeError):
        pixels = decode(content, color)
    with contextlib.suppress(DecodeError):
        size = probe(file).size
    if pixels is not None and pixels.size < 10**7:
        assert pixels.dtype == np.uint8
        assert pixels.shape[:2] == size
        assert min(pixels.shape) >= 1
        assert resize(pixels, (6, 5), "pad").shape == (6, 5, pixels.shape[2])


SIGNATURES = (
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"BM",
    b"RIFF\0\0\0\0WEBP",
    b"II*\0",
    b"MM\0*",
)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(st.binary(max_size=200))
def test_random_bytes_never_raise_anything_but_a_decode_error(content: bytes) -> None:
    for start in SIGNATURES:
        with pytest.raises(DecodeError):
            decode(start + content)


def test_warnings_turned_into_errors_are_decode_errors_too() -> None:
    # The test run itself turns them into errors.
    content = encode(noise(9, 9), "TIFF")
    with io.BytesIO(content) as file, Image.open(file) as image:
        offset = image.tag_v2.offset
    content = content[:offset] + struct.pack("<H", 200) + content[offset + 2 :]
    with pytest.raises(DecodeError):
        decode(content)
