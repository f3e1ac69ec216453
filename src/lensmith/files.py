"""Files and folders that are there whole or not at all, whenever the process is killed or the power goes.

What is being written has a name of its own beside its place, which it gets by a rename once it is on disk. What a
killed process leaves of that can be told by its name, and removed.
"""

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from lensmith.errors import RunError

UNFINISHED = ".writing-"
"""What the names of files and folders begin with that are not whole yet."""
ABANDONED_AFTER = 24 * 3600
"""Seconds without a write after which what is unfinished belongs to a process that was killed."""
_NO_SUCH_CALL = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def replacing(path: Path, needed: int = 0) -> Iterator[Path]:
    """Give a temporary path beside `path`, and rename it to `path` when all went well and it is on disk.

    The temporary file has the same ending, because Keras looks at it.

    Args:
        path: What is to be replaced.
        needed: Bytes that it will have, where that is known.

    Raises:
        RunError: It cannot be written; what was there before is untouched.
    """
    temporary = _beside(path)
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)
    except OSError as error:
        raise RunError(not_written(path, error, needed)) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old one or the new one, never half of it."""
    content = text.encode()
    with replacing(path, len(content)) as temporary:
        temporary.write_bytes(content)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file, in a folder that nobody looks into yet, and have it on disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def new_folder(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Give a temporary folder beside `path`, and rename it to `path` when all went well.

    What is written into it must be on disk by then, as `write_bytes` has it.

    Args:
        path: Its place.
        replace: Whether it takes the place of a folder that is there already, which is there until then.

    Raises:
        OSError: It cannot be written, or its place is taken; what was there before is untouched.
    """
    temporary = _beside(path)
    temporary.mkdir()
    try:
        yield temporary
        _flush(temporary)
        if replace:
            _replace(path, temporary)
        else:
            temporary.rename(path)  # refused where there is anything but an empty folder
        _flush(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def take_away(path: Path) -> None:
    """Remove a folder with all in it, if it is there, so that nobody ever sees a part of it."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(_put_aside(path), ignore_errors=True)


def _replace(path: Path, folder: Path) -> None:
    """Put a folder in its place; what was there is put back where that fails."""
    # A rename takes the place of an empty folder; only Windows refuses that.
    if not path.exists() or (os.name != "nt" and not any(path.iterdir())):
        folder.rename(path)
        return
    aside = _put_aside(path)
    try:
        folder.rename(path)
    except BaseException:
        (aside / path.name).rename(path)
        aside.rmdir()
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _beside(path: Path) -> Path:
    """Return a new name beside `path`, with its ending."""
    return path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}{path.suffix}")


def _put_aside(path: Path) -> Path:
    """Move a folder into a new one, which is returned."""
    aside = _beside(path)
    aside.mkdir()
    try:
        path.rename(aside / path.name)
    except OSError:
        aside.rmdir()
        raise
    return aside


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed process left unfinished in a folder and below; nobody else may be writing there."""
    _remove(folder.rglob(f"{UNFINISHED}*"))


def remove_abandoned(folder: Path) -> None:
    """Remove what was left unfinished in a folder so long ago that nobody can be writing there any more."""
    with contextlib.suppress(OSError):
        _remove(its for its in folder.glob(f"{UNFINISHED}*") if time.time() - _last_write(its) > ABANDONED_AFTER)


def _last_write(path: Path) -> float:
    return float(max(its.stat().st_mtime for its in (path, *(path.iterdir() if path.is_dir() else ()))))


def _remove(paths: Iterable[Path]) -> None:
    for left in list(paths):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def not_written(path: Path, error: OSError, needed: int = 0) -> str:
    """Say that something could not be written and why; where room is what lacks, how much.

    Args:
        path: What should have been written.
        error: What came instead.
        needed: Bytes, where that is known.
    """
    if error.errno not in _NO_SPACE:
        return f"{path} cannot be written: {error.strerror or error}."
    folder = next(place for place in path.absolute().parents if place.exists())
    takes = f"It takes {needed:,} bytes, and " if needed else ""
    return (
        f"{path} cannot be written: {error.strerror}. {takes}{folder} has {shutil.disk_usage(folder).free:,} free. "
        "Make room, then go on."
    )


def _flush(path: Path) -> None:
    """Have a file, or the names in a folder, on disk."""
    if path.is_dir() and os.name == "nt":  # Windows has no handle for it, and writes names at once
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if not (path.is_dir() and error.errno in _NO_SUCH_CALL):  # some network file systems have none for folders
            raise
    finally:
        os.close(handle)
