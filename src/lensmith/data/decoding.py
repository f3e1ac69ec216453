"""Decode many files at once: in threads, or where there are very many in processes.

Python decodes small files in several threads more slowly than in one, because what Pillow does for each is over
before another thread has its turn. The processes are started afresh, so that a program without a `__main__` guard
can call lensmith, unlike with `multiprocessing`; they end by themselves when the one that started them does.
"""

import contextlib
import hashlib
import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np

from lensmith.data.dataset import Images
from lensmith.data.decode import Color, Header, Resize, decode_with_header, probe, read_file, resize
from lensmith.errors import DataError, DecodeError

FEWEST_FOR_PROCESSES = 2000
MOST_AT_ONCE, MOST_IN_A_THREAD = 256, 8
"""Files that are decoded one after the other before anybody hears of them."""
MOST_BYTES = 8 * 2**20
"""Of their pixels."""

# It finds the same lensmith as the process that starts it; nothing but answers may come out where they are read.
_PROGRAM = """
import os, sys
answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
import pickle
sys.path[:] = pickle.load(sys.stdin.buffer)
from lensmith.data.decoding import answer
answer(sys.stdin.buffer, answers)
"""


@dataclass(frozen=True)
class Target:
    """What files are brought to: height and width, colour, and how they are resized."""

    size: tuple[int, int]
    color: Color
    resize: Resize

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return (*self.size, 3 if self.color == "rgb" else 1)


@dataclass(frozen=True)
class Decoded:
    """What came of some files.

    Attributes:
        pixels: `uint8 (m, H, W, C)`, of those that could be decoded.
        kept: m places among the files.
        hashes: SHA-256 of the content of each of the m files.
        problems: Place, reason and detail of every other file.
        headers: What the files say of their pictures, each kind once.
    """

    pixels: Images
    kept: list[int]
    hashes: list[str]
    problems: list[tuple[int, str, str]]
    headers: set[Header]


Decoder = Callable[[Sequence[str], Target], Decoded]


def decode_in_order(paths: Sequence[str], target: Target) -> Generator[Decoded]:
    """Decode files, some after the others, in their order.

    Args:
        paths: The files.
        target: What to bring them to.

    Yields:
        What came of the next few files.

    Raises:
        DataError: A process that decodes was killed.
    """
    cores, in_processes = _cores(), _pays_for_processes(len(paths))
    at_once = _at_once(len(paths), target, cores, in_processes)
    chunks = [paths[start : start + at_once] for start in range(0, len(paths), at_once)]
    count = max(1, min(cores, len(chunks)))
    with contextlib.ExitStack() as stack:
        children = _start_all(count) if in_processes else []
        # From the last to the first: nobody waits for what is no longer wanted.
        stack.callback(_close, children)
        pool = ThreadPoolExecutor(count)
        stack.callback(pool.shutdown, cancel_futures=True)
        stack.callback(_kill, children)
        decoder = _decoder_of(children) if children else decode_each
        waiting: deque[Future[Decoded]] = deque()
        for chunk in chunks:
            # Not all at once, so that decoded images do not pile up in front of a slow disk.
            if len(waiting) == 2 * count:
                yield waiting.popleft().result()
            waiting.append(pool.submit(decoder, chunk, target))
        while waiting:
            yield waiting.popleft().result()


def decode_each(paths: Sequence[str], target: Target) -> Decoded:
    """Decode some files, one after the other."""
    pixels, kept, hashes, headers = [], [], [], set()
    problems: list[tuple[int, str, str]] = []
    for place, path in enumerate(paths):
        try:
            content = read_file(path)
            its, header = decode_with_header(content, target.color)
            pixels.append(resize(its, target.size, target.resize))
        except DecodeError as error:
            problems.append((place, error.reason, str(error).removeprefix(error.reason).removeprefix(": ")))
            headers |= headers_of([path])
            continue
        kept.append(place)
        hashes.append(hashlib.sha256(content).hexdigest())
        headers.add(header)
    stacked = np.stack(pixels) if pixels else np.zeros((0, *target.shape), np.uint8)
    return Decoded(stacked, kept, hashes, problems, headers)


def headers_of(paths: Sequence[str]) -> set[Header]:
    """Read what files say of their pictures, of those that say anything."""
    found = set()
    for path in paths:
        with contextlib.suppress(DecodeError):
            found.add(probe(path))
    return found


def answer(questions: Any, answers: Any) -> None:
    """Decode what is asked for, until nobody asks any more: what a process that decodes does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            pickle.dump(decode_each(*pickle.load(questions)), answers)
            answers.flush()


def _cores() -> int:
    """Count those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _pays_for_processes(files: int) -> bool:
    # A frozen program is its own interpreter, and would start itself.
    can_start = bool(sys.executable) and not getattr(sys, "frozen", False)
    return can_start and _cores() > 1 and files >= FEWEST_FOR_PROCESSES


def _at_once(files: int, target: Target, cores: int, in_processes: bool) -> int:
    """Choose how many files are decoded at once: enough for every core, and never much memory."""
    most = MOST_AT_ONCE if in_processes else MOST_IN_A_THREAD
    return max(1, min(most, MOST_BYTES // int(np.prod(target.shape)), files // (4 * cores)))


def _start_all(count: int) -> list[subprocess.Popen[bytes]]:
    """Start processes; none where the system lets no more be started."""
    children: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(count):
            children.append(_start())
    except OSError:
        _kill(children)
        _close(children)
        return []
    return children


def _start() -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        # -P: not what lies in the working folder by the name of a module of Python's.
        [sys.executable, "-P", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # In a session of its own, so that Ctrl-C reaches only the process that was started by the user.
        start_new_session=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    _send(child, sys.path)
    return child


def _decoder_of(children: Sequence[subprocess.Popen[bytes]]) -> Decoder:
    """Give a decoder that may be called from several threads at once and has a process for each call."""
    idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
    for child in children:
        idle.put(child)

    def decode(paths: Sequence[str], target: Target) -> Decoded:
        child = idle.get()
        try:
            return _ask(child, paths, target)
        finally:
            idle.put(child)

    return decode


def _ask(child: subprocess.Popen[bytes], paths: Sequence[str], target: Target) -> Decoded:
    assert child.stdout
    try:
        _send(child, (paths, target))
        found: Decoded = pickle.load(child.stdout)
    except Exception as error:  # whatever a pipe raises that has come to its end, or half of an answer
        child.kill()
        raise DataError(
            f"A process that decodes images ended with {child.wait()} when it was given {paths[0]} and the files after "
            "it. What it said itself is above. Try again with more memory free; if it ends at the same files, move "
            "them away."
        ) from error
    return found


def _send(child: subprocess.Popen[bytes], value: Any) -> None:
    assert child.stdin
    pickle.dump(value, child.stdin)
    child.stdin.flush()


def _kill(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.kill()
        child.wait()


def _close(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        for pipe in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):  # what it was not sent any more
                if pipe:
                    pipe.close()
