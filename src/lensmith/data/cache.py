"""Image files decoded and resized once, kept as one flat file of pixels that later runs map into memory.

A cache folder is `$LENSMITH_HOME/images/<key>/` with `pixels` (raw `uint8`, C order) and `index.json`; its key
covers path, size and modification time of every file, so a changed file makes a new one. It is safe to delete.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import PIL

from lensmith.config import DataConfig
from lensmith.data.dataset import Images
from lensmith.data.decode import Color, Pixels, decode, probe, read_file, resize
from lensmith.errors import DataError, DecodeError

LARGEST_NATIVE_SIDE = 64
"""Images that all share a size up to this many pixels keep it; others are brought to `PHOTO_SIDE`."""
PHOTO_SIDE = 96
LARGEST_IN_MEMORY = 256 * 2**20
"""Bytes of pixels up to which they are read into memory; above, they stay on disk as a memory map."""
FILES_AT_ONCE = 512

# Part of the key: to be raised whenever decoding or resizing changes.
CACHE_VERSION = 1

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DecodedFiles:
    """The pixels of the files that could be decoded.

    Attributes:
        pixels: `uint8 (M, H, W, C)`, in memory or as a memory map.
        kept: M places in the list of files given.
        problems: Place in the list, reason and detail of every file that could not be decoded.
        hashes: SHA-256 of the content of each of the M files.
        color: `rgb` or `grayscale`.
    """

    pixels: Images
    kept: list[int]
    problems: list[tuple[int, str, str]]
    hashes: list[str]
    color: Color


def lensmith_home() -> Path:
    """Return the folder for caches: `$LENSMITH_HOME`, or `lensmith` in the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lensmith"
    return Path(os.environ.get("LENSMITH_HOME") or default)


def decode_files(paths: Sequence[Path], config: DataConfig, progress: Progress | None = None) -> DecodedFiles:
    """Decode and resize files, or find that an earlier run has done so.

    Args:
        paths: The files; those that cannot be decoded are reported in `problems`.
        config: Size, colour and way of resizing; what is `auto` is decided from the files' headers.
        progress: Called with files done and files in all.

    Raises:
        DataError: The cache folder cannot be written; the message says how many bytes are wanted.
    """
    folder = lensmith_home() / "images" / _key(paths, config)
    if not (folder / "index.json").exists():
        _fill(folder, paths, config, progress or (lambda done, total: None))
    return _read(folder)


def _key(paths: Sequence[Path], config: DataConfig) -> str:
    wanted = [CACHE_VERSION, PIL.__version__, config.image_size, config.color, config.resize]
    digest = hashlib.sha256(json.dumps(wanted).encode())
    for path in paths:
        try:
            found = path.stat()
            line = f"{path.absolute()}\0{found.st_size}\0{found.st_mtime_ns}\n"
        except OSError:
            line = f"{path.absolute()}\0missing\n"
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()[:32]


def _fill(folder: Path, paths: Sequence[Path], config: DataConfig, progress: Progress) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix="filling-", dir=folder.parent))
    except OSError as error:
        raise DataError(f"The cache folder {folder.parent} cannot be written: {error.strerror}. Set LENSMITH_HOME to another.") from None
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            index = _write_pixels(temporary / "pixels", paths, config, pool, progress)
        (temporary / "index.json").write_text(json.dumps(index), encoding="utf-8")
        try:
            temporary.rename(folder)
        except OSError:
            if not (folder / "index.json").exists():  # else another process was quicker
                raise
    except OSError as error:
        free = shutil.disk_usage(folder.parent).free
        raise DataError(
            f"The images could not be written to the cache {folder.parent}: {error.strerror}; "
            f"{free:,} bytes are free there. Make room, or set LENSMITH_HOME to another folder."
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_pixels(file: Path, paths: Sequence[Path], config: DataConfig, pool: ThreadPoolExecutor, progress: Progress) -> dict[str, Any]:
    size, color = _resolve(paths, config, pool)

    def one(path: Path) -> tuple[Pixels, str] | DecodeError:
        try:
            content = read_file(path)
            return resize(decode(content, color), size, config.resize), hashlib.sha256(content).hexdigest()
        except DecodeError as error:
            return error

    kept: list[int] = []
    problems: list[tuple[int, str, str]] = []
    hashes: list[str] = []
    with file.open("wb") as pixels:
        # In batches, so that decoded images do not pile up in front of a slow disk.
        for start in range(0, len(paths), FILES_AT_ONCE):
            batch = paths[start : start + FILES_AT_ONCE]
            for place, result in enumerate(pool.map(one, batch), start):
                if isinstance(result, DecodeError):
                    problems.append((place, result.reason, str(result).removeprefix(result.reason).removeprefix(": ")))
                    continue
                kept.append(place)
                hashes.append(result[1])
                pixels.write(result[0].tobytes())
            progress(start + len(batch), len(paths))
    shape = [len(kept), *size, 3 if color == "rgb" else 1]
    return {"shape": shape, "color": color, "kept": kept, "problems": problems, "hashes": hashes}


def _resolve(paths: Sequence[Path], config: DataConfig, pool: ThreadPoolExecutor) -> tuple[tuple[int, int], Color]:
    """Decide what is `auto` from the headers of all files."""

    def one(path: Path) -> tuple[int, int, bool] | None:
        try:
            return probe(path)
        except DecodeError:
            return None

    headers: list[tuple[int, int, bool]] = []
    if config.image_size == "auto" or config.color == "auto":
        headers = [header for header in pool.map(one, paths) if header]
    sizes = {(height, width) for height, width, _ in headers}
    if config.color != "auto":
        color = config.color
    else:
        color = "rgb" if any(has_color for _, _, has_color in headers) else "grayscale"
    return native_or_photo_size(config, sizes), cast(Color, color)


def native_or_photo_size(config: DataConfig, sizes: set[tuple[int, int]]) -> tuple[int, int]:
    """Return the height and width a configuration means for images of these sizes."""
    if config.image_size != "auto":
        wanted = config.image_size
        return (wanted, wanted) if isinstance(wanted, int) else (wanted[0], wanted[1])
    if len(sizes) == 1:
        (size,) = sizes
        if max(size) <= LARGEST_NATIVE_SIDE:
            return size
    return (PHOTO_SIDE, PHOTO_SIDE)


def _read(folder: Path) -> DecodedFiles:
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    shape = tuple(index["shape"])
    if int(np.prod(shape)) <= LARGEST_IN_MEMORY:
        pixels = np.fromfile(folder / "pixels", np.uint8).reshape(shape)
    else:
        pixels = np.memmap(folder / "pixels", np.uint8, "r", shape=shape)
    problems = [(int(place), str(reason), str(detail)) for place, reason, detail in index["problems"]]
    return DecodedFiles(pixels, index["kept"], problems, index["hashes"], index["color"])
