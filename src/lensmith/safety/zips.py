"""Look at what a ZIP archive says of itself, before anything in it is read."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from lensmith.errors import UnsafeFile

MOST_MEMBERS = 10_000
MOST_EXPANSION = 100
"""Times that a member may grow when it is unpacked; what is smaller than `SMALL` may grow more."""
SMALL = 2**16
ENCRYPTED = 0x1


def check_zip(path: Path, allowed: Callable[[str], bool] = lambda name: True) -> list[zipfile.ZipInfo]:
    """Refuse an archive that would unpack to much more than it is, or to somewhere else.

    Args:
        path: The archive.
        allowed: Tells of a member's name whether such an archive may have it.

    Returns:
        Its members.

    Raises:
        UnsafeFile: It is no archive, or what is wrong with it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise UnsafeFile(f"{path} is no ZIP archive that can be read: {error}") from None
    if len(members) > MOST_MEMBERS:
        raise UnsafeFile(f"{path} has {len(members):,} members, more than {MOST_MEMBERS:,}.")
    names = [member.filename.casefold() for member in members]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice:
        raise UnsafeFile(f"{path} has two members of the name {twice!r}.")
    for member in members:
        problem = _problem(member) or ("" if allowed(member.filename) else "does not belong into such a file")
        if problem:
            raise UnsafeFile(f"{path}: its member {member.filename!r} {problem}.")
    # Members that lie over one another unpack to more than the file could hold.
    if sum(member.compress_size for member in members) > path.stat().st_size:
        raise UnsafeFile(f"{path}: its members overlap.")
    return members


def _problem(member: zipfile.ZipInfo) -> str:
    name = PurePosixPath(member.filename)
    if name.is_absolute() or ".." in name.parts or "\\" in member.filename or ":" in member.filename:
        return "points out of the archive"
    if not member.filename or "\0" in member.orig_filename:
        return "has no proper name"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & ENCRYPTED:
        return "is encrypted"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed in a way that is not read"
    if member.file_size > SMALL and member.file_size > MOST_EXPANSION * max(1, member.compress_size):
        return f"would grow from {member.compress_size:,} to {member.file_size:,} bytes"
    return ""
