"""Decode many files at once, each isolated from the others: in processes, or in threads where there can be none."""

import contextlib
import hashlib
import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from lensmith.data.dataset import Images
from lensmith.data.decode import Color, Header, Resize, decode_with_header, probe, resize
from lensmith.data.reading import read_file
from lensmith.data.workers import Lost, Workers, can_start
from lensmith.errors import DecodeError

MOST_AT_ONCE, MOST_IN_A_THREAD = 256, 8
"""Files that are decoded one after the other before anybody hears of them."""
MOST_BYTES = 8 * 2**20
"""Of their pixels."""


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
        DataError: The processes that decode end again and again.
    """
    cores, in_processes = _cores(), can_start()
    at_once = _at_once(len(paths), target, cores, in_processes)
    chunks = [paths[start : start + at_once] for start in range(0, len(paths), at_once)]
    count = max(1, min(cores, len(chunks)))
    with contextlib.ExitStack() as stack:
        # Ended from the last to the first: nobody waits for what is no longer wanted.
        pool = ThreadPoolExecutor(count)
        stack.callback(pool.shutdown, cancel_futures=True)
        decoder = _decoder_of(stack, count) if in_processes else decode_each
        waiting: deque[Future[Decoded]] = deque()
        for chunk in chunks:
            # Not all at once, so that decoded images do not pile up in front of a slow disk.
            if len(waiting) == 2 * count:
                yield waiting.popleft().result()
            waiting.append(pool.submit(decoder, chunk, target))
        while waiting:
            yield waiting.popleft().result()


def _decoder_of(stack: contextlib.ExitStack, count: int) -> Decoder:
    """Give a decoder that uses processes, which end with the stack; one without where none can be started."""
    try:
        workers = stack.enter_context(Workers(count))
    except OSError:
        return decode_each

    def decode_isolated(paths: Sequence[str], target: Target) -> Decoded:
        try:
            found: Decoded = workers.ask(paths, target)
            return found
        except Lost as lost:
            if len(paths) == 1:
                return Decoded(_no_pixels(target), [], [], [(0, lost.reason, lost.detail)], set())
        return _joined([decode_isolated([path], target) for path in paths], target)

    return decode_isolated


def _joined(parts: Sequence[Decoded], target: Target) -> Decoded:
    """Put together what came of single files."""
    return Decoded(
        np.concatenate([_no_pixels(target), *(its.pixels for its in parts)]),
        [place for place, its in enumerate(parts) if its.kept],
        [its for part in parts for its in part.hashes],
        [(place, *its[1:]) for place, part in enumerate(parts) for its in part.problems],
        {its for part in parts for its in part.headers},
    )


def _no_pixels(target: Target) -> Images:
    return np.zeros((0, *target.shape), np.uint8)


def decode_each(paths: Sequence[str], target: Target, go_on: Callable[[], None] = lambda: None) -> Decoded:
    """Decode some files, one after the other; `go_on` is called before each."""
    pixels, kept, hashes, headers = [], [], [], set()
    problems: list[tuple[int, str, str]] = []
    for place, path in enumerate(paths):
        go_on()
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
    stacked = np.stack(pixels) if pixels else _no_pixels(target)
    return Decoded(stacked, kept, hashes, problems, headers)


def headers_of(paths: Sequence[str]) -> set[Header]:
    """Read what files say of their pictures, of those that say anything."""
    found = set()
    for path in paths:
        with contextlib.suppress(DecodeError):
            found.add(probe(path))
    return found


def _cores() -> int:
    """Count those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _at_once(files: int, target: Target, cores: int, in_processes: bool) -> int:
    """Choose how many files are decoded at once: enough for every core, and never much memory."""
    most = MOST_AT_ONCE if in_processes else MOST_IN_A_THREAD
    return max(1, min(most, MOST_BYTES // int(np.prod(target.shape)), files // (4 * cores)))
