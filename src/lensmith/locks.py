"""Hold a run while it is trained; the system lets go of it when the process ends, however it ends."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lensmith.errors import LensmithError, RunError
from lensmith.files import not_written
from lensmith.safety import read_json

LOCK = ".lock"
SECONDS_WAITED = 1.0
"""For whoever only looks whether it is held."""


@contextlib.contextmanager
def locked(run: Path, seconds: float = SECONDS_WAITED) -> Iterator[None]:
    """Hold a run.

    Args:
        run: Its folder.
        seconds: How long to wait for it.

    Raises:
        RunError: Another process holds it, or it cannot be held.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(run / LOCK, timeout=seconds)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(
            f"Run {run.name} is being trained by another process{_who(run)}. Wait for it, or stop it first."
        ) from None
    except NotImplementedError as error:
        raise RunError(f"Run {run.name} cannot be held for training: {error}.") from None
    except OSError as error:
        raise RunError(f"Run {run.name} cannot be held for training: {not_written(run / LOCK, error)}") from None
    try:
        yield
    finally:
        lock.release()


def is_locked(run: Path) -> bool | None:
    """Tell whether a process is training a run; `None` where that cannot be known, as in somebody else's folder."""
    if not os.access(run, os.W_OK):
        return None
    try:
        with locked(run, seconds=0):
            return False
    except RunError:
        return True


def this_process() -> dict[str, Any]:
    """Describe the process that holds a run, for `run.json`."""
    return {"pid": os.getpid(), "host": socket.gethostname()}


def _who(run: Path) -> str:
    with contextlib.suppress(OSError, ValueError, LensmithError, KeyError, TypeError):
        process = read_json(run / "run.json")["process"]
        return f", number {process['pid']} on {process['host']}"
    return ""
