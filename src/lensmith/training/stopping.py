"""Being asked to stop: by Ctrl-C, or by the system, as before it takes a machine away."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from lensmith.errors import Interrupted, StopSignal, Terminated

ASKED_BY: dict[int, type[Interrupted]] = {signal.SIGINT: Interrupted, signal.SIGTERM: Terminated}
"""What is raised for which signal."""


class StopRequest:
    """Remembers that it came, so that the step that is being computed can be finished and kept.

    The second time the process stops at once. Python gives signals to the main thread only.
    """

    def __init__(self) -> None:
        """Not asked yet, and not listening."""
        self.kind: type[Interrupted] | None = None
        self._before: dict[int, Any] = {}

    def listen(self) -> None:
        """Take the signals over."""
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in ASKED_BY}

    def stop_listening(self) -> None:
        """Give the signals back to whoever had them."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.kind = ASKED_BY[number]
        self.stop_listening()


@contextlib.contextmanager
def ending_by_exception(message: str) -> Iterator[None]:
    """Have Ctrl-C and SIGTERM end in `Interrupted` and `Terminated`, so that whoever is at work can say how it ended.

    Args:
        message: Of the exception.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise StopSignal

    in_main_thread = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, end) if in_main_thread else None
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(message) from None
    except StopSignal:
        raise Terminated(message) from None
    finally:
        if in_main_thread:
            signal.signal(signal.SIGTERM, before)
