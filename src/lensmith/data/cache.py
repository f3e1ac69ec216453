"""Image files decoded and resized once, kept as one flat file of pixels that later runs map into memory.

A cache folder is `$LENSMITH_HOME/images/<key>/` with `pixels` (raw `uint8`, C order) and `index.json`; its
key covers path, size and modification time of every file, so a changed file makes a new one. It is made whole
under another name, and one that is not whole is made anew. It is safe to delete.
"""

import contextlib
import errno
import hashlib
import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL

from lensmith.data.dataset import Images
from lensmith.data.decode import Color, Header
from lensmith.data.decoding import Target, decode_in_order, headers_of
from lensmith.data.reading import MISSING, UNREADABLE, check_file
from lensmith.errors import DataError, DecodeError
from lensmith.files import new_folder, not_written, remove_abandoned, take_away, write_bytes

if TYPE_CHECKING:
    # Pydantic stays out of `predict`, which needs no recipe.
    from lensmith.config import DataConfig

LARGEST_NATIVE_SIDE = 64
"""Images that all share a size up to this many pixels keep it; others are photos."""
HEADERS_GUESSED_FROM = 100

# Part of the key: to be raised whenever decoding or resizing changes.
CACHE_VERSION = 2

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DecodedFiles:
    """The pixels of the files that could be decoded.

    Attributes:
        pixels: `uint8 (M, H, W, C)`, a memory map.
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


def decode_files(paths: Sequence[str], config: "DataConfig", progress: Progress | None = None) -> DecodedFiles:
    """Decode and resize files, or find that an earlier run has done so.

    Args:
        paths: The files; those that cannot be decoded are reported in `problems`.
        config: Size, colour and way of resizing; what is `auto` is decided from the files' headers.
        progress: Called with files done and files in all.

    Raises:
        DataError: The cache folder cannot be written; the message says how many bytes are free there.
    """
    folder = lensmith_home() / "images" / _key(paths, config)
    decoded = _read(folder)
    if decoded is None or _have_become_readable(paths, decoded):
        _fill(folder, paths, config, progress or (lambda done, total: None))
        decoded = _read(folder)
    if decoded is None:
        raise DataError(f"The cache {folder} was deleted or damaged while it was read. Try again.")
    return decoded


def _have_become_readable(paths: Sequence[str], decoded: DecodedFiles) -> bool:
    """Tell whether a file that could not be read then can be now: its size and time are what they were."""
    states = (MISSING, UNREADABLE)  # such as when a disk was taken out, or permission was given
    return any(_can_be_opened(paths[place]) for place, reason, _ in decoded.problems if reason in states)


def _can_be_opened(path: str) -> bool:
    try:
        check_file(path)  # never a pipe, which would block
        with open(path, "rb") as file:
            return bool(file.read(1))
    except (OSError, DecodeError):
        return False


def _key(paths: Sequence[str], config: "DataConfig") -> str:
    wanted = [CACHE_VERSION, PIL.__version__, config.image_size, config.photo_size, config.color, config.resize]
    states = [json.dumps(wanted)]
    # An absolute path is the same from wherever it is looked at.
    states += [os.getcwd()] if paths and not os.path.isabs(paths[0]) else []
    for path in paths:
        try:
            found = os.stat(path)
            states.append(f"{path}\0{found.st_size}\0{found.st_mtime_ns}")
        except OSError:
            states.append(f"{path}\0missing")
    return hashlib.sha256("\n".join(states).encode(errors="surrogateescape")).hexdigest()[:32]


def _fill(folder: Path, paths: Sequence[str], config: "DataConfig", progress: Progress) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder.parent)
        take_away(folder)  # it is damaged
    except OSError as error:
        raise DataError(
            f"The cache folder {folder.parent} cannot be written: {error.strerror}. "
            "Set LENSMITH_HOME to another folder."
        ) from None
    try:
        with new_folder(folder, replace=False) as temporary:
            index = _write_pixels(temporary / "pixels", paths, config, progress)
            write_bytes(temporary / "index.json", json.dumps(index).encode())
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):  # another process was quicker
            return
        raise DataError(
            f"The images could not be kept. {not_written(folder, error)} Or set LENSMITH_HOME to another folder."
        ) from None


def _write_pixels(file: Path, paths: Sequence[str], config: "DataConfig", progress: Progress) -> dict[str, Any]:
    """Decode all files; what is `auto` is guessed from some headers, and all decoded anew if that was wrong."""
    some = paths[:: max(1, len(paths) // HEADERS_GUESSED_FROM)] if "auto" in (config.image_size, config.color) else []
    target = _target(config, headers_of(some))
    while True:
        index, headers = _write_as(target, file, paths, progress)
        decided = _target(config, headers)
        if decided == target:
            return index
        target = decided


def _write_as(
    target: Target, file: Path, paths: Sequence[str], progress: Progress
) -> tuple[dict[str, Any], set[Header]]:
    kept: list[int] = []
    problems: list[tuple[int, str, str]] = []
    hashes: list[str] = []
    headers: set[Header] = set()
    done = 0
    with file.open("wb") as pixels, contextlib.closing(decode_in_order(paths, target)) as parts:
        for its in parts:
            kept += [done + place for place in its.kept]
            problems += [(done + place, reason, detail) for place, reason, detail in its.problems]
            hashes += its.hashes
            headers |= its.headers
            pixels.write(its.pixels.data)
            done += len(its.kept) + len(its.problems)
            progress(done, len(paths))
        pixels.flush()
        os.fsync(pixels.fileno())
    return {
        "shape": [len(kept), *target.shape],
        "color": target.color,
        "kept": kept,
        "problems": problems,
        "hashes": hashes,
    }, headers


def _target(config: "DataConfig", headers: set[Header]) -> Target:
    """Decide what is `auto` from the headers of files."""
    seen: Color = "rgb" if any(its.has_color for its in headers) else "grayscale"
    color = seen if config.color == "auto" else config.color
    return Target(native_or_photo_size(config, {its.size for its in headers}), color, config.resize)


def native_or_photo_size(config: "DataConfig", sizes: set[tuple[int, int]]) -> tuple[int, int]:
    """Return the height and width a configuration means for images of these sizes."""
    if config.image_size != "auto":
        wanted = config.image_size
        return (wanted, wanted) if isinstance(wanted, int) else (wanted[0], wanted[1])
    if len(sizes) == 1:
        (size,) = sizes
        if max(size) <= LARGEST_NATIVE_SIDE:
            return size
    return (config.photo_size, config.photo_size)


def _read(folder: Path) -> DecodedFiles | None:
    """Read a cache folder; `None` when it is missing, or not whole as after a power cut."""
    file = folder / "pixels"
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        shape = tuple(index["shape"])
        if file.stat().st_size != math.prod(shape):
            return None
        # A map of nothing is refused.
        pixels = np.memmap(file, np.uint8, "r", shape=shape) if math.prod(shape) else np.zeros(shape, np.uint8)
        problems = [(int(place), str(reason), str(detail)) for place, reason, detail in index["problems"]]
        return DecodedFiles(pixels, index["kept"], problems, index["hashes"], index["color"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
