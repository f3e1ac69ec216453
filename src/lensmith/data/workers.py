"""Processes that decode images: a file on which the decoder crashes, or never ends, costs that file and no other.

Processes, not threads, for speed as well: of small files Python decodes more in one thread than in several, because
what Pillow does for each is over before another thread has its turn. They are started afresh, so that a program
without a `__main__` guard can call lensmith, unlike with `multiprocessing`; and they end by themselves when the one
that started them does.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Event, Lock, Timer
from types import TracebackType
from typing import Any, Self

from lensmith.errors import DataError

SECONDS_FOR_A_FILE, SECONDS_SILENT = 20.0, 0.5
"""After which a process is ended that is still at the same file, a slow disk's included; and after which one that goes
on says so, at most."""
MOST_LOST = 20
"""Files that may end their process before something else must be wrong."""
MOST_MEMORY = 3 * 2**30
"""Of a process: the largest picture that is read takes a third of it."""

# It finds the same lensmith as the process that starts it; nothing but answers may come out where they are read.
_PROGRAM = """
import os, sys
answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
import pickle
sys.path[:] = pickle.load(sys.stdin.buffer)
from lensmith.data.workers import answer
from lensmith.data.decoding import decode_each
answer(decode_each, sys.stdin.buffer, answers)
"""

Child = subprocess.Popen[bytes]


class Lost(Exception):
    """A file has ended the process that was to decode it.

    Attributes:
        reason: In a few words.
        detail: How it ended.
    """

    def __init__(self, reason: str, detail: str) -> None:
        """Say why."""
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


class Workers:
    """Some processes, which answer calls from several threads, each in turn; a context manager."""

    def __init__(self, count: int) -> None:
        """Start `count` processes.

        Raises:
            OSError: The system lets no more be started.
        """
        self._idle: SimpleQueue[Child] = SimpleQueue()
        self._children: list[Child] = []
        self._lock, self._closed, self._lost = Lock(), False, 0
        try:
            for _ in range(count):
                self._idle.put(self._start())
        except OSError:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Use them."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them."""
        self.close()

    def ask(self, paths: Sequence[str], target: Any) -> Any:
        """Have some files decoded by a process that is idle.

        Raises:
            Lost: The process ended, or was too long at one file.
            DataError: That has happened so often that it cannot be the files.
        """
        child, watch = self._idle.get(), Watch()
        try:
            if child.poll() is not None:  # ended while it was idle, which is no fault of these files
                child = self._replace(child, paths)
            return self._ask(child, paths, target, watch)
        finally:
            watch.end()
            try:
                if child.poll() is not None or watch.late.is_set():
                    child.kill()
                    child.wait()
                    child = self._replace(child, paths)
            finally:
                self._idle.put(child)  # an ended one, too: who waits for it must hear of that

    def close(self) -> None:
        """End them, whatever they are at."""
        with self._lock:
            self._closed = True
        for child in self._children:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                with contextlib.suppress(OSError):  # what it was not sent any more
                    if pipe:
                        pipe.close()

    def _start(self) -> Child:
        child = start()
        self._children.append(child)
        return child

    def _ask(self, child: Child, paths: Sequence[str], target: Any, watch: "Watch") -> Any:
        assert child.stdout
        try:
            send(child, (paths, target))
            while True:
                watch.begin(child)
                found = pickle.load(child.stdout)
                if found is not None:  # which only says that it goes on
                    return found
        except Exception as error:  # whatever a pipe raises that has come to its end, or half of an answer
            child.kill()
            ended = child.wait()
            if watch.late.is_set():
                raise Lost("took too long", f"not decoded after {SECONDS_FOR_A_FILE:.0f} s") from error
            raise Lost("crashed the decoder", f"its process ended with {ended}") from error

    def _replace(self, child: Child, paths: Sequence[str]) -> Child:
        with self._lock:
            self._lost += len(paths) == 1
            if self._closed or self._lost > MOST_LOST:
                raise DataError(
                    f"The processes that decode images end again and again, the last one with {child.returncode} when "
                    f"it was given {paths[0]}. What it said itself is above. Try again with more memory free; if it "
                    "ends at the same files, move them away."
                )
            try:
                return self._start()
            except OSError as error:
                raise DataError(f"No process that decodes images can be started: {error.strerror}.") from None


class Watch:
    """Ends a process that is too long at one file.

    Attributes:
        late: Set when it has.
    """

    def __init__(self) -> None:
        """Watch nothing yet."""
        self.late = Event()
        self._timer: Timer | None = None

    def begin(self, child: Child) -> None:
        """Begin to count anew."""
        self.end()

        def stop() -> None:
            self.late.set()
            child.kill()

        self._timer = Timer(SECONDS_FOR_A_FILE, stop)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """Count no longer."""
        if self._timer:
            self._timer.cancel()


def answer(decode: Callable[..., Any], questions: Any, answers: Any) -> None:
    """Decode what is asked for, until nobody asks any more: what a process that decodes does.

    While it is at it, it says from time to time that it goes on: `None`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows; where a lower limit is set already
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    said = time.monotonic()

    def go_on() -> None:
        nonlocal said
        if time.monotonic() - said > SECONDS_SILENT:
            pickle.dump(None, answers)
            answers.flush()
            said = time.monotonic()
            _end_after(2 * SECONDS_FOR_A_FILE)

    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            paths, target = pickle.load(questions)
            said = time.monotonic()
            # Whoever asks ends this process sooner, but may be gone when a decoder never ends.
            _end_after(2 * SECONDS_FOR_A_FILE)
            found = decode(paths, target, go_on)
            _end_after(0)
            pickle.dump(found, answers)
            answers.flush()


def _end_after(seconds: float) -> None:
    """Have the system end this process, whatever it is at, after so many seconds from now; 0 for never."""
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.setitimer(signal.ITIMER_REAL, seconds)


def can_start() -> bool:
    """Tell whether there can be processes: a frozen program is its own interpreter, and would start itself."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


def start() -> Child:
    """Start a process that decodes."""
    child = subprocess.Popen(
        # -P: not what lies in the working folder by the name of a module of Python's.
        [sys.executable, "-P", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # In a session of its own, so that Ctrl-C reaches only the process that was started by the user.
        start_new_session=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    with contextlib.suppress(BrokenPipeError):  # one that has ended already is found out when it is asked something
        send(child, sys.path)
    return child


def send(child: Child, value: Any) -> None:
    """Write a value to a process."""
    assert child.stdin
    pickle.dump(value, child.stdin)
    child.stdin.flush()
