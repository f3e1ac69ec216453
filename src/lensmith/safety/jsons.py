"""Read JSON that may be larger or deeper than anything it could be meant for."""

import json
import re
import stat
from pathlib import Path
from typing import Any

from lensmith.errors import UnsafeFile

MOST_BYTES = 2**28
DEEPEST = 200

# Possessive: what has been read as text is never looked at again.
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def read_bytes(path: Path, most: int) -> bytes:
    """Read a file that may be no file at all but a pipe or a device, or larger than anything it could be meant for.

    Raises:
        OSError: It cannot be read.
        UnsafeFile: It is.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise UnsafeFile(f"{path} is no file.")
    if found.st_size > most:
        raise UnsafeFile(f"{path} has more than {most:,} bytes.")
    return path.read_bytes()


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no JSON.
        UnsafeFile: It is too large or too deep.
    """
    return parse_json(read_bytes(path, MOST_BYTES), str(path))


def parse_json(content: bytes, where: str) -> Any:
    """Parse JSON.

    Args:
        content: UTF-8.
        where: It comes from, for messages.

    Raises:
        ValueError: It is no JSON.
        UnsafeFile: It is too large or too deep.
    """
    depth = 0
    for match in _BRACKETS.finditer(content):
        first = match[0][:1]
        depth += (first in b"[{") - (first in b"]}")
        if depth > DEEPEST:
            raise UnsafeFile(f"{where} is nested more than {DEEPEST} deep.")
    return json.loads(content.decode())  # by its bytes it could be UTF-16, of which the search knows nothing
