"""Read files that somebody calls images, without ever being held up by one that is none."""

import os
import stat
from pathlib import Path

from lensmith.errors import DecodeError

MAX_FILE_BYTES = 512 * 2**20
MISSING, UNREADABLE = "missing file", "unreadable file"


def check_file(path: str | Path) -> None:
    """Refuse what must not be opened: a pipe or device would block, a huge file would fill the memory.

    Raises:
        DecodeError: The file is missing, empty, unreadable, too large, or not a regular file.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise DecodeError(MISSING) from None
    except OSError as error:
        raise DecodeError(UNREADABLE, error.strerror or str(error)) from None
    if not stat.S_ISREG(found.st_mode):
        raise DecodeError("not a regular file")
    if found.st_size == 0:
        raise DecodeError("empty file")
    if found.st_size > MAX_FILE_BYTES:
        raise DecodeError("too large", f"{found.st_size} bytes, at most {MAX_FILE_BYTES} are read")


def read_file(path: str | Path) -> bytes:
    """Read an image file's bytes.

    Raises:
        DecodeError: As `check_file`.
    """
    check_file(path)
    try:
        with open(path, "rb", buffering=0) as file:  # of a small file a buffer takes longer than the reading
            return file.read()
    except OSError as error:
        raise DecodeError(UNREADABLE, error.strerror or str(error)) from None
