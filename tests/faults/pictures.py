"""Files that may be pictures, given to `decode` in a process that is watched. `python -m tests.faults.pictures`."""

import io
import json
import random
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, features
from tests.faults.evil_files import peak
from tests.faults.outcome import Outcome

MOST_SECONDS, MOST_BYTES = 2.0, 2**30
MUTATIONS = 10_000
EXPECTED = f"pixels, or a refusal that says why, in at most {MOST_SECONDS:g} s and {MOST_BYTES // 2**30} GB; no crash"
Named = tuple[str, bytes]


def pillow_pictures() -> Outcome:
    """Decode every picture that Pillow's own tests are made of, crashes of old and bombs among them."""
    what = "all images of the tests of Pillow's source distribution"
    with tempfile.TemporaryDirectory() as folder:
        return _decoded(Outcome("pillow_pictures", what, EXPECTED), pillows_own(Path(folder)))


def changed_pictures() -> Outcome:
    """Decode good pictures of each format in which something was changed."""
    what = (
        "good images of every format that is read, with bytes changed, taken out or put in, cut short, or their sizes "
        "and offsets replaced by extreme ones"
    )
    return _decoded(Outcome("changed_pictures", what, EXPECTED), mutations(MUTATIONS))


def large_pictures() -> Outcome:
    """Decode pictures as large as those of phones and scanners, in every form that takes much memory."""
    what = "good images of 48 megapixels and of nearly the most that is read: turned, transparent, of 16 bits, CMYK"
    return _decoded(Outcome("large_pictures", what, EXPECTED.replace(f"{MOST_SECONDS:g} s", "20 s")), large(), 20.0)


def pillows_own(folder: Path) -> Iterator[Named]:
    """Download the source of the Pillow that is installed, and yield the images of its tests."""
    import PIL

    wanted = f"pillow=={PIL.__version__}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--dest", str(folder), wanted], check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("pillow-*.tar.gz")
    with tarfile.open(archive) as files:
        for member in files:
            opened = files.extractfile(member) if "/Tests/images/" in member.name else None
            if opened:
                yield member.name.partition("/Tests/images/")[2], opened.read()


def good() -> dict[str, bytes]:
    """Encode a picture in every format that is read, in several ways."""
    values = np.random.default_rng(0).integers(0, 256, (40, 60, 4), dtype=np.uint8)
    image = Image.fromarray(values[..., :3]).resize((120, 80), Image.Resampling.BICUBIC)
    alpha, exif = Image.fromarray(values).resize((120, 80)), Image.Exif()
    exif[0x0112] = 6
    ways: dict[str, tuple[Image.Image, str, dict[str, object]]] = {
        "JPEG": (image, "JPEG", {"exif": exif}),
        "progressive JPEG": (image, "JPEG", {"progressive": True}),
        "CMYK JPEG": (image.convert("CMYK"), "JPEG", {}),
        "PNG": (image, "PNG", {}),
        "transparent PNG": (alpha, "PNG", {}),
        "palette PNG": (image.quantize(16), "PNG", {}),
        "16-bit PNG": (Image.fromarray(values[..., 0].astype(np.uint16) * 257), "PNG", {}),
        "GIF": (image.quantize(64), "GIF", {"save_all": True, "append_images": [image.quantize(8)]}),
        "BMP": (image, "BMP", {}),
        "TIFF": (image, "TIFF", {}),
        "LZW TIFF": (image, "TIFF", {"compression": "tiff_lzw"}),
        "JPEG TIFF": (image, "TIFF", {"compression": "jpeg"}),
        "WebP": (alpha, "WEBP", {}),
    }
    written = {}
    for name, (its, kind, options) in ways.items():
        if kind == "WEBP" and not features.check("webp"):
            continue
        buffer = io.BytesIO()
        its.save(buffer, kind, **options)
        written[name] = buffer.getvalue()
    return written


def mutations(n: int) -> Iterator[Named]:
    """Change one good picture after the other: the same number, the same change."""
    sources = list(good().items())
    for number in range(n):
        name, content = sources[number % len(sources)]
        chance = random.Random(number)
        change = chance.choice((_flip, _cut, _take_out, _put_in, _extreme))
        yield f"{name} {number} {change.__name__.strip('_')}", bytes(change(bytearray(content), chance))


def _flip(content: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 1, 4, 32))):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return content


def _cut(content: bytearray, chance: random.Random) -> bytearray:
    return content[: chance.randrange(len(content))]


def _take_out(content: bytearray, chance: random.Random) -> bytearray:
    start = chance.randrange(len(content))
    del content[start : start + chance.randrange(1, 64)]
    return content


def _put_in(content: bytearray, chance: random.Random) -> bytearray:
    start = chance.randrange(len(content))
    content[start:start] = chance.randbytes(chance.randrange(1, 64))
    return content


def _extreme(content: bytearray, chance: random.Random) -> bytearray:
    """Put a number into the head that sizes, offsets and counts should not have."""
    start = chance.randrange(min(200, len(content) - 4))
    value = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\xff\xff"))
    content[start : start + 4] = value
    return content


def large() -> Iterator[Named]:
    """Encode large pictures."""
    coarse = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8))
    turned = Image.Exif()
    turned[0x0112] = 6
    for name, size in (("48 megapixels", (8000, 6000)), ("89 megapixels", (9459, 9459))):
        whole = coarse.resize(size)
        buffer = io.BytesIO()
        whole.save(buffer, "JPEG", exif=turned)
        yield f"{name}, turned", buffer.getvalue()
        buffer = io.BytesIO()
        whole.convert("CMYK").save(buffer, "JPEG")
        yield f"{name}, CMYK", buffer.getvalue()
        whole.putalpha(coarse.convert("L").resize(size))
        buffer = io.BytesIO()
        whole.save(buffer, "PNG", compress_level=1, exif=turned)
        yield f"{name}, transparent and turned", buffer.getvalue()
        gray = np.asarray(whole.convert("L")).astype(np.uint16) * 257
        del whole
        buffer = io.BytesIO()
        Image.fromarray(gray).save(buffer, "PNG", compress_level=1)
        yield f"{name}, 16 bits", buffer.getvalue()


def _decoded(outcome: Outcome, pictures: Iterator[Named], most_seconds: float = MOST_SECONDS) -> Outcome:
    """Have each decoded by a process, a new one after one that crashed."""
    child = _start()
    for name, content in pictures:
        assert child.stdin
        assert child.stdout
        child.stdin.write(len(content).to_bytes(8, "big") + content)
        child.stdin.flush()
        line = child.stdout.readline()
        if not line:
            outcome.add(name, f"the process ended with {child.wait()}")
            child = _start()
            continue
        found = json.loads(line)
        seconds, taken, problem = found["seconds"], found["bytes"], found["problem"]
        problem = problem or (f"took {seconds:.1f} s" if seconds > most_seconds else "")
        problem = problem or (f"took {taken:,} bytes" if taken > MOST_BYTES else "")
        outcome.add(name, problem)
        outcome.count("outcomes", found["reason"])
        outcome.seen["longest seconds"] = max(outcome.seen.get("longest seconds", 0), round(seconds, 2))
        outcome.seen["most MB"] = max(outcome.seen.get("most MB", 0), round(taken / 2**20))
    child.kill()
    child.wait()
    return outcome


def _start() -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.faults.pictures"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def main() -> None:
    """Decode what comes, and answer each with a line of JSON."""
    from lensmith.data.decode import decode
    from lensmith.errors import DecodeError

    while head := sys.stdin.buffer.read(8):
        content = sys.stdin.buffer.read(int.from_bytes(head, "big"))
        problem, reason = "", "pixels"
        peak()
        before, started = peak(), time.perf_counter()
        try:
            pixels = decode(content)
            if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
                problem = f"pixels of the shape {pixels.shape}, {pixels.dtype}"
            del pixels
        except DecodeError as error:
            reason = error.reason
        except BaseException as error:
            problem = f"{type(error).__name__}: {error}"[:200]
        seconds, taken = time.perf_counter() - started, peak() - before
        found = {"problem": problem, "reason": reason, "seconds": seconds, "bytes": taken}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
