"""Find pictures that are there more than once: the same pixels, or nearly the same picture.

Nearly the same is what one picture becomes when it is encoded again, made larger or smaller, mirrored, brightened, made
gray, or cropped a little. The detail of small thumbnails, which leaves out what skies and walls have in common, is
compared each with each, by products of matrices; of what is alike there, the pictures themselves are laid over one
another, in several crops.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lensmith.data.dataset import Labels, Split

Floats = npt.NDArray[np.float32]

THUMBNAIL = 16
"""Pixels a side of what is compared each with each."""
COMPARED = 32
"""Pixels a side of what is laid over one another."""
ALIKE = 0.45
"""Correlation of the detail of thumbnails from which on two pictures are looked at closely."""
SAME = 0.80
"""Correlation of detail from which on two pictures are nearly the same."""
FLAT = 4.0
"""Standard deviation of gray, out of 255, below which a picture has nothing to compare."""
CROPS = (1.0, 0.95, 0.9, 0.85, 0.8)
"""Shares of a side that one picture may be of the other."""
FIRST_LOOK = 64
"""Values of an image that are compared before all are."""
BLOCK = 1024
"""Pictures that are compared with all others at once."""
BLOCK_BYTES = 32 * 2**20
"""Of pixels that are read at once."""
MOST_PAIRS = 20_000
"""Looked at closely, the most alike first."""
DETAILS_KEPT = 2_000


@dataclass(frozen=True)
class NearPair:
    """Two pictures that are nearly the same.

    Attributes:
        a, b: Their places, `a < b`.
        similarity: Correlation of their detail where it is highest, at most 1.
        mirrored: Whether one is the other's mirror image.
    """

    a: int
    b: int
    similarity: float
    mirrored: bool


def exact_duplicates(split: Split) -> list[list[int]]:
    """Group the places of images that have the same pixels.

    Args:
        split: Images.

    Returns:
        Groups of two or more places, each in order.
    """
    few = split.peek(FIRST_LOOK)
    looks = few.view(np.dtype((np.void, few.shape[1])))[:, 0]
    _, look_of, counts = np.unique(looks, return_inverse=True, return_counts=True)
    groups: dict[bytes, list[int]] = defaultdict(list)
    for place in np.flatnonzero(counts[look_of] > 1).tolist():
        groups[hashlib.sha256(split.read(slice(place, place + 1)).data).digest()].append(place)
    return [places for places in groups.values() if len(places) > 1]


def near_duplicates(
    split: Split, equal: Sequence[Sequence[int]] = (), progress: Callable[[int, int], None] | None = None
) -> tuple[list[NearPair], int]:
    """Find the pairs of images that are nearly the same, the most alike first.

    Args:
        split: Images.
        equal: Groups of places of equal pixels, of each of which only the first is looked at.
        progress: Called with pairs looked at and pairs in all.

    Returns:
        The pairs; and how many more look alike as thumbnails that were not looked at, because they are too many.
    """
    if min(split.store.shape[1:3]) < THUMBNAIL:
        return [], 0  # so few pixels are alike for many things
    thumbnails = np.concatenate([shrink(_gray(images), THUMBNAIL)[..., 0] for _, images in _blocks(split)])
    left_out = np.array([place for group in equal for place in sorted(group)[1:]], np.int64)
    candidates, beyond = _alike(thumbnails, left_out)
    details = _Details(split)
    seen: dict[tuple[int, int], NearPair] = {}
    for done, (a, b, mirrored) in enumerate(candidates, 1):
        similarity = details.similarity(a, b, mirrored=mirrored)
        before = seen.get((a, b))
        if similarity >= SAME and (before is None or before.similarity < similarity):
            seen[a, b] = NearPair(a, b, similarity, mirrored)
        if progress and (done % 1000 == 0 or done == len(candidates)):
            progress(done, len(candidates))
    return sorted(seen.values(), key=lambda its: (-its.similarity, its.a, its.b)), beyond


def shrink(images: npt.NDArray[np.uint8], side: int) -> Floats:
    """Average the pixels of images down, or repeat them up, to so many a side.

    Args:
        images: `(N, H, W, C)`.
        side: Pixels.

    Returns:
        `(N, side, side, C)`.
    """
    values = images.astype(np.float32)
    for axis in (1, 2):
        length = values.shape[axis]
        edges = np.linspace(0, length, side + 1)
        first = np.floor(edges[:-1]).astype(int)
        last = np.maximum(np.ceil(edges[1:]).astype(int), first + 1)
        sums = np.concatenate([np.zeros_like(values.take([0], axis)), values.cumsum(axis)], axis)
        shape = [1] * values.ndim
        shape[axis] = side
        values = (sums.take(last, axis) - sums.take(first, axis)) / (last - first).reshape(shape).astype(np.float32)
    return values


def _blocks(split: Split) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yield the images some at a time, each time with the place of the first."""
    size = max(1, BLOCK_BYTES // split.store[0].nbytes)
    for start in range(0, len(split), size):
        yield start, split.read(slice(start, start + size))


def _gray(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Take the colour out: the mean of the channels, `(N, H, W, 1)`."""
    return images if images.shape[-1] == 1 else images.mean(axis=-1, keepdims=True, dtype=np.float32).astype(np.uint8)


def _alike(thumbnails: Floats, left_out: npt.NDArray[np.int64]) -> tuple[list[tuple[int, int, bool]], int]:
    """List the pairs whose thumbnails, or whose thumbnail and mirrored thumbnail, are alike: the most alike first.

    Returns:
        At most `MOST_PAIRS` of them, and how many there are beyond.
    """
    flat = thumbnails.std(axis=(1, 2)) < FLAT
    flat[left_out] = True
    vectors, mirrored = _detail(thumbnails), _detail(thumbnails[:, :, ::-1])
    vectors[flat], mirrored[flat] = 0, 0
    best, threshold, count = np.zeros((4, 0), np.float32), ALIKE, 0
    for start in range(0, len(vectors), BLOCK):
        for is_mirrored, others in ((0, vectors), (1, mirrored)):
            alike = vectors[start : start + BLOCK] @ others[start:].T
            alike[np.tril_indices(len(alike), 0, alike.shape[1])] = 0  # each pair once
            count += int(np.count_nonzero(alike > ALIKE))
            rows, columns = np.nonzero(alike > threshold)
            # Places are whole numbers up to 16 million, which float32 holds.
            found = [alike[rows, columns], rows + start, columns + start, np.full(len(rows), is_mirrored)]
            best = np.concatenate([best, np.stack(found).astype(np.float32)], axis=1)
            if best.shape[1] > 2 * MOST_PAIRS:
                best = best[:, np.argpartition(-best[0], MOST_PAIRS)[:MOST_PAIRS]]
                threshold = float(best[0].min())
    best = best[:, np.argsort(-best[0], kind="stable")[:MOST_PAIRS]]
    pairs = [(int(a), int(b), bool(is_mirrored)) for _, a, b, is_mirrored in best.T]
    return pairs, count - len(pairs)


class _Details:
    """The detail of pictures and of their crops, computed once for those that are compared again soon."""

    def __init__(self, split: Split) -> None:
        self._split = split
        self._known: dict[tuple[int, bool], Floats] = {}

    def similarity(self, a: int, b: int, *, mirrored: bool) -> float:
        """Lay each picture over the crops of the other, and return the correlation where it is highest."""
        one, other = self._of(a, mirrored=False), self._of(b, mirrored=mirrored)
        return float(max((one @ other[0]).max(), (other @ one[0]).max()))

    def _of(self, place: int, *, mirrored: bool) -> Floats:
        """Return the detail of the crops of a picture, the whole of it first: `(crops, COMPARED²)`."""
        key = (place, mirrored)
        if key not in self._known:
            if len(self._known) == DETAILS_KEPT:
                self._known.pop(next(iter(self._known)))
            gray = _gray(self._split.read(np.array([place])))[0, :, :, 0]
            self._known[key] = _detail(_crops(gray[:, ::-1] if mirrored else gray))
        return self._known[key]


def _crops(gray: npt.NDArray[np.uint8]) -> Floats:
    """Shrink the crops of a picture to `COMPARED` pixels a side, by sums over rectangles: `(crops, side, side)`."""
    height, width = gray.shape
    sums = np.zeros((height + 1, width + 1), np.float64)
    sums[1:, 1:] = gray.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    boxes = [box for share in CROPS for box in _boxes(height, width, share)]
    tops, lefts, heights, widths = np.array(boxes).T
    first_row, last_row = _edges(tops, heights)
    first_column, last_column = _edges(lefts, widths)

    def at(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return np.asarray(sums[rows[:, :, np.newaxis], columns[:, np.newaxis, :]])

    inside = at(last_row, last_column) - at(first_row, last_column) - at(last_row, first_column)
    inside += at(first_row, first_column)
    area = (last_row - first_row)[:, :, np.newaxis] * (last_column - first_column)[:, np.newaxis, :]
    return (inside / area).astype(np.float32)


def _boxes(height: int, width: int, share: float) -> Iterator[tuple[int, int, int, int]]:
    """Yield top, left, height and width of the crops of one size: corners, edges and the middle."""
    h, w = max(2, round(share * height)), max(2, round(share * width))
    for top in sorted({0, (height - h) // 2, height - h}):
        for left in sorted({0, (width - w) // 2, width - w}):
            yield top, left, h, w


def _edges(starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> tuple[Labels, Labels]:
    """Return where each of `COMPARED` pixels begins and ends in each crop: `(crops, COMPARED)`."""
    edges = starts[:, np.newaxis] + np.linspace(0, 1, COMPARED + 1) * lengths[:, np.newaxis]
    first = np.floor(edges[:, :-1] + 1e-9).astype(np.int64)
    return first, np.maximum(np.ceil(edges[:, 1:] - 1e-9).astype(np.int64), first + 1)


def _detail(gray: Floats) -> Floats:
    """Take out what changes slowly over a picture, and how strong it is: gray less its surroundings, of length 1."""
    padded = np.pad(gray, ((0, 0), (2, 2), (2, 2)), mode="edge")
    around = np.zeros_like(padded)
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            around += np.roll(padded, (dy, dx), (1, 2)) / 25
    vectors = (gray - around[:, 2:-2, 2:-2]).reshape(len(gray), -1)
    vectors = vectors - vectors.mean(axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6), np.float32)


def joined(groups: Iterable[Sequence[int]]) -> list[list[int]]:
    """Join groups, such as pairs, that share a member.

    Example:
        >>> joined([(1, 2), (5, 6, 7), (2, 9)])
        [[1, 2, 9], [5, 6, 7]]
    """
    parent: dict[int, int] = {}

    def root(place: int) -> int:
        while parent.setdefault(place, place) != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for first, *others in groups:
        for other in others:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
    whole: dict[int, list[int]] = defaultdict(list)
    for place in sorted(parent):
        whole[root(place)].append(place)
    return list(whole.values())
