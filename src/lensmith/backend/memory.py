"""How much memory there is, and recognising that it has run out, which every backend says in its own way."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

_NAMES = ("ResourceExhaustedError", "OutOfMemoryError")
_WORDS = ("RESOURCE_EXHAUSTED", "OOM when allocating", "out of memory", "Out of memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an exception of NumPy, TensorFlow, JAX or PyTorch means that there was too little memory."""
    said = str(error)
    if "No space left" in said:  # of a disk, for which TensorFlow has the same exception
        return False
    return isinstance(error, MemoryError) or type(error).__name__ in _NAMES or any(words in said for words in _WORDS)


def free_memory(root: Path = Path("/")) -> int | None:
    """Return how many bytes this process may still take; `None` where the system does not say, as outside of Linux.

    That is the least of what the machine has, what the container lets it have, and the process's own limit.

    Args:
        root: Where `proc` and `sys` are.
    """
    return min(_rooms(root), default=None)


def _rooms(root: Path) -> Iterator[int]:
    with contextlib.suppress(OSError, ValueError, KeyError):
        yield _table(root / "proc/meminfo")["MemAvailable:"] * 1024
    with contextlib.suppress(OSError, ValueError, KeyError):  # Linux' control groups, version 2
        group = root / "sys/fs/cgroup"
        yield int((group / "memory.max").read_text()) - _table(group / "memory.stat")["anon"]
    with contextlib.suppress(OSError, ValueError, KeyError, ImportError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            yield limit - _table(root / "proc/self/status")["VmSize:"] * 1024


def _table(file: Path) -> dict[str, int]:
    """Read lines of a name and a number."""
    rows = (line.split() for line in file.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}
