"""Find pictures that are there more than once: the same pixels, or nearly the same picture.

Nearly the same is what one picture becomes when it is encoded again, made larger or smaller, mirrored, brightened, made
gray, or cropped a little. The detail of tiny thumbnails, which leaves out what skies and walls have in common, is
compared each with that of each one's crops, by products of matrices; what is alike there is laid over one another.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lensmith.data.dataset import Split
from lensmith.data.overlaying import Overlaid
from lensmith.data.thumbnails import Floats, detail, gray, shrink, thumbnails, unit

SMALLEST_SIDE = 16
"""Pixels; images of fewer are alike for many things."""
CROPPED_FROM, THUMBNAIL = 32, 8
"""Pixels a side of what crops are taken from, and of what is compared each with each."""
CROP = 28
"""Pixels of `CROPPED_FROM` that a crop has."""
ALIKE = 0.88
"""Correlation of the detail of thumbnails from which on two pictures are laid over one another."""
SAME = 0.80
"""Correlation of detail from which on two pictures are nearly the same."""
RICH, SAME_IF_POOR = 130, 0.98
"""Of 32 by 32 pixels, over how many the detail is spread at least. Over fewer, as with strokes on paper, pictures of
different things are alike, and more correlation is asked for."""
FLAT = 4.0
"""Standard deviation of gray, out of 255, below which a picture has nothing to compare."""
FIRST_LOOK = 64
"""Values of an image that are compared before all are."""
BLOCK = (256, 4096)
"""Pictures that are compared at once: few enough for a processor's cache."""
MOST_PAIRS = 30_000
"""Laid over one another: the most alike."""
MOST_HELD = 500_000
"""Pairs, some of them several times, before the least alike are dropped."""
OVERLAID_KEPT = 4_000


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
        The pairs; and about how many more look alike as thumbnails that were not looked at, because they are too many.
    """
    if min(split.store.shape[1:3]) < SMALLEST_SIDE:
        return [], 0
    small = thumbnails(split, CROPPED_FROM)
    small[[place for group in equal for place in sorted(group)[1:]]] = 0
    candidates, beyond = _alike(small)
    overlaid = _Kept(split)
    seen: dict[tuple[int, int], NearPair] = {}
    for done, (a, b, mirrored) in enumerate(candidates, 1):
        similarity = _similarity(overlaid.of(a, mirrored=False), overlaid.of(b, mirrored=mirrored))
        before = seen.get((a, b))
        if similarity and (before is None or before.similarity < similarity):
            seen[a, b] = NearPair(a, b, similarity, mirrored)
        if progress and (done % 1000 == 0 or done == len(candidates)):
            progress(done, len(candidates))
    return sorted(seen.values(), key=lambda its: (-its.similarity, its.a, its.b)), beyond


def _similarity(one: Overlaid, other: Overlaid) -> float:
    """Return how alike two pictures are; 0 where they are not nearly the same."""
    similarity = one.similarity(other)
    is_same = similarity >= SAME and (similarity >= SAME_IF_POOR or min(one.richness, other.richness) >= RICH)
    return similarity if is_same else 0.0


def _alike(small: Floats) -> tuple[list[tuple[int, int, bool]], int]:
    """List the pairs of which one, or its mirror image, is like the other or a part of it.

    Returns:
        At most `MOST_PAIRS` of them, the most alike, in order of places; and about how many there are beyond.
    """
    most = _MostAlike(len(small))
    flat = small.std(axis=(1, 2)) < FLAT
    wholes = [_detail_of(its) for its in (small, small[:, :, ::-1])]
    for whole in wholes:
        whole[flat] = 0
    for parts in _parts(small):
        parts[flat] = 0
        columns = np.ascontiguousarray(parts.T)
        for mirrored, whole in enumerate(wholes):
            most.add(whole, columns, mirrored)
    return most.pairs(), most.dropped


class _MostAlike:
    """The pairs of n pictures whose products are largest.

    Attributes:
        dropped: About how many were alike, too, but less; one may have been met more than once.
    """

    def __init__(self, n: int) -> None:
        self.dropped = 0
        self._n = n
        self._least = ALIKE
        self._products = np.zeros(0, np.float32)
        self._keys = np.zeros(0, np.int64)

    def pairs(self) -> list[tuple[int, int, bool]]:
        """Return places, and whether one is mirrored, in order."""
        self._drop()
        places, mirrored = np.divmod(np.sort(self._keys), 2)
        a, b = np.divmod(places, self._n)
        return list(zip(a.tolist(), b.tolist(), mirrored.astype(bool).tolist(), strict=True))

    def add(self, whole: Floats, columns: Floats, mirrored: int) -> None:
        """Multiply all with all, `(N, D)` with `(D, N)`, and keep what is large but a picture with itself."""
        for first in range(0, self._n, BLOCK[0]):
            for second in range(0, self._n, BLOCK[1]):
                products = whole[first : first + BLOCK[0]] @ columns[:, second : second + BLOCK[1]]
                if products.max() > self._least:
                    rows = np.flatnonzero(products.max(axis=1) > self._least)
                    at, b = np.nonzero(products[rows] > self._least)
                    a = rows[at]
                    keys = 2 * (np.minimum(first + a, second + b) * self._n + np.maximum(first + a, second + b))
                    others = first + a != second + b
                    self._products = np.append(self._products, products[a, b][others])
                    self._keys = np.append(self._keys, (keys + mirrored)[others])
                if len(self._keys) > MOST_HELD:
                    self._drop()

    def _drop(self) -> None:
        """Keep each pair once, and of too many the most alike."""
        order = np.argsort(-self._products, kind="stable")
        _, first = np.unique(self._keys[order], return_index=True)
        kept = order[np.sort(first)[:MOST_PAIRS]]
        self.dropped += len(first) - len(kept)
        self._products, self._keys = self._products[kept], self._keys[kept]
        if len(first) > len(kept):
            self._least = float(self._products[-1])


def _parts(small: Floats) -> Iterator[Floats]:
    """Yield what is compared with whole pictures: the mean detail of the whole and the middle, and of each corner.

    The mean over crops that differ little is like every crop between them. On crops of 85 to 97 % of a side the five
    find as many as nine single crops would.
    """
    middle = (CROPPED_FROM - CROP) // 2
    starts = (0, middle, CROPPED_FROM - CROP)
    crops = {
        (top, left): _detail_of(small[:, top : top + CROP, left : left + CROP]) for top in starts for left in starts
    }
    yield unit(_detail_of(small) + crops[middle, middle])
    for rows in (starts[:2], starts[1:]):
        for columns in (starts[:2], starts[1:]):
            yield unit(np.sum([crops[top, left] for top in rows for left in columns], axis=0))


def _detail_of(pictures: Floats) -> Floats:
    return detail(shrink(pictures, THUMBNAIL))


class _Kept:
    """Pictures made ready to be laid over others, kept for those that are compared again soon."""

    def __init__(self, split: Split) -> None:
        self._split = split
        self._known: dict[tuple[int, bool], Overlaid] = {}

    def of(self, place: int, *, mirrored: bool) -> Overlaid:
        """Return a picture, or its mirror image."""
        key = (place, mirrored)
        if key not in self._known:
            if len(self._known) == OVERLAID_KEPT:
                self._known.pop(next(iter(self._known)))
            pixels = gray(self._split.read(np.array([place])))[0]
            self._known[key] = Overlaid(pixels[:, ::-1] if mirrored else pixels)
        return self._known[key]


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
