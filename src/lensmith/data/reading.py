"""Read files that somebody calls images, without ever being held up by one that is none."""

import os
import stat
from pathlib import Path

from lensmith.errors import DecodeError

MAX_FILE_BYTES = 512 * 2**20
MISSING, UNREADABLE = "missing file", "unreadable file"


def check_file(path: str | Path) -> int:
    """Refuse what must not be opened: a pipe or device would block, a huge file would fill the memory.

    Returns:
        Bytes in the file.

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
    return found.st_size


def read_file(path: str | Path) -> bytes:
    """Read an image file's bytes.

    Raises:
        DecodeError: As `check_file`.
    """
    size = check_file(path)
    try:
        # Of a small file, what `open` asks of the system beside takes longer than the reading.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            content = os.read(descriptor, size)
            while len(content) < size and (more := os.read(descriptor, size - len(content))):
                content += more
            return content
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DecodeError(UNREADABLE, error.strerror or str(error)) from None
