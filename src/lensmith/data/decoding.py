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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np

from lensmith.data.dataset import Images
from lensmith.data.decode import Color, Header, Resize, decode_with_header, probe, read_file, resize
from lensmith.errors import DataError, DecodeError

FEWEST_FOR_PROCESSES = 2000
FILES_AT_ONCE = 256
PIPE_BYTES = 2**20

_PROGRAM = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from lensmith.data import decoding; "
"""What a process runs first: with the path of the one that started it, it finds the same lensmith."""


@dataclass(frozen=True)
class Target:
    """What files are brought to: height and width, colour, and how they are resized."""

    size: tuple[int, int]
    color: Color
    resize: Resize


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


def decode_in_order(paths: Sequence[str], target: Target) -> Iterator[Decoded]:
    """Decode files, some after the others, in their order.

    Args:
        paths: The files.
        target: What to bring them to.

    Yields:
        What came of the next `FILES_AT_ONCE` files.

    Raises:
        DataError: A process that decodes was killed.
    """
    chunks = [paths[start : start + FILES_AT_ONCE] for start in range(0, len(paths), FILES_AT_ONCE)]
    count = os.cpu_count() or 1
    in_processes = count > 1 and len(paths) >= FEWEST_FOR_PROCESSES and sys.executable
    with contextlib.ExitStack() as stack:
        decoder = stack.enter_context(_processes(count)) if in_processes else decode_each
        pool = ThreadPoolExecutor(count)
        stack.callback(pool.shutdown, cancel_futures=True)
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
    shape = (0, *target.size, 3 if target.color == "rgb" else 1)
    return Decoded(np.stack(pixels) if pixels else np.zeros(shape, np.uint8), kept, hashes, problems, headers)


def headers_of(paths: Sequence[str]) -> set[Header]:
    """Read what files say of their pictures, of those that say anything."""
    found = set()
    for path in paths:
        with contextlib.suppress(DecodeError):
            found.add(probe(path))
    return found


@contextlib.contextmanager
def _processes(count: int) -> Iterator[Decoder]:
    """Give a decoder that may be called from several threads at once and has a process for each call."""
    idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
    children = [_start() for _ in range(count)]
    for child in children:
        idle.put(child)

    def decode(paths: Sequence[str], target: Target) -> Decoded:
        child = idle.get()
        try:
            return _ask(child, (paths, target))
        finally:
            idle.put(child)

    try:
        yield decode
    finally:
        for child in children:
            child.kill()
            child.communicate()


def _start() -> "subprocess.Popen[bytes]":
    # In a session of its own, so that Ctrl-C reaches only the process that was started by the user.
    child = subprocess.Popen(
        [sys.executable, "-c", f"{_PROGRAM} decoding.answer()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        pipesize=PIPE_BYTES,
    )
    _send(child, sys.path)
    return child


def _ask(child: "subprocess.Popen[bytes]", question: Any) -> Decoded:
    assert child.stdout
    try:
        _send(child, question)
        answer: Decoded = pickle.load(child.stdout)
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        raise DataError(
            f"A process that decodes images ended with {child.wait()} while it read {question[0][0]} and the files "
            "after it. Is there too little memory, or is one of them damaged in a way that Pillow cannot stand?"
        ) from error
    return answer


def _send(child: "subprocess.Popen[bytes]", value: Any) -> None:
    assert child.stdin
    pickle.dump(value, child.stdin)
    child.stdin.flush()


def answer() -> None:
    """Decode what comes in on stdin, until its end; what decodes files in a process of its own runs this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among them
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            pickle.dump(decode_each(*pickle.load(sys.stdin.buffer)), answers)
            answers.flush()
