"""A data set as training sees it: pixels that may lie on disk, labels, and where each image came from."""

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lensmith.records import Record

LARGEST_IN_MEMORY = 256 * 2**20
"""Bytes of pixels up to which a memory map may stay in memory once it has been read."""

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Some of the images of a store, with their labels.

    Attributes:
        store: `uint8 (M, H, W, C)`, all images; possibly a memory map, so it is read in batches.
        indices: `int64 (N,)`, which rows of `store` belong to the split.
        labels: `int64 (N,)`, each in `[0, K)`.
        names: N names: file paths as the user knows them, or places in an array (`x_train[17]`).
    """

    store: Images
    indices: Labels
    labels: Labels
    names: Sequence[str]

    def __len__(self) -> int:
        """Return N."""
        return len(self.indices)

    def read(self, positions: npt.NDArray[np.integer] | slice = slice(None)) -> Images:
        """Read images by position within the split: `uint8 (n, H, W, C)`, in memory."""
        images = np.asarray(self.store[self.indices[positions]])
        _forget_pages(self.store)
        return images

    def batches(self, size: int) -> Iterator[Images]:
        """Read all images in order, `uint8 (n, H, W, C)` with n at most `size`."""
        for start in range(0, len(self), size):
            yield self.read(slice(start, start + size))

    def peek(self, n: int) -> Images:
        """Read about n values of every image, evenly spread: `uint8 (N, ≈n)`; each image the same places."""
        flat = self.store.reshape(len(self.store), -1)
        values = np.asarray(flat[np.ix_(self.indices, np.arange(0, flat.shape[1], max(1, flat.shape[1] // n)))])
        _forget_pages(self.store)
        return values

    def sample(self, n: int, seed: int) -> "Split":
        """Return n random images of the split, or all of fewer; the same for the same seed."""
        return self.take(np.random.default_rng(seed).choice(len(self), min(n, len(self)), replace=False))

    def spread(self, n: int) -> "Split":
        """Return n images evenly spread over the split, or all of fewer."""
        return self.take(np.unique(np.linspace(0, len(self) - 1, min(n, len(self)), dtype=np.int64)))

    def take(self, positions: npt.NDArray[np.integer]) -> "Split":
        """Return the part of the split at these positions."""
        names = [self.names[position] for position in positions]
        return Split(self.store, self.indices[positions], self.labels[positions], names)


def _forget_pages(store: Images) -> None:
    """Let go of the pages of a memory map that were just read.

    The system keeps the file in its cache; without this they would count as this process's memory until
    all of the file did.
    """
    mapped = getattr(store, "_mmap", None)
    if mapped is not None and store.nbytes > LARGEST_IN_MEMORY and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True)
class Skipped(Record):
    """A file that was found and not used.

    Attributes:
        path: As the user knows it.
        reason: A few words of a fixed list, for counting.
        detail: What exactly was wrong; may be empty.
    """

    path: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Dataset(Record):
    """Images in up to three splits, and how they came to be there.

    Attributes:
        name: Short name for people and for run folders.
        source: What the user gave, as an absolute path or a built-in's name.
        class_names: K names; a label is an index into them.
        train, validation, test: The splits; `validation` and `test` may be missing.
        skipped: Every file that was found and not used; found = used + skipped.
        fingerprint: SHA-256 over images as they come, labels and class names in order, so that two runs can tell
            whether they saw the same data.
        color: `rgb` or `grayscale`.
        resize: How images of another size are brought to this one.
        split_origin: In words, where each split came from.
    """

    name: str
    source: str
    class_names: tuple[str, ...]
    train: Split = field(repr=False)
    validation: Split | None = field(repr=False)
    test: Split | None = field(repr=False)
    skipped: tuple[Skipped, ...] = ()
    fingerprint: str = ""
    color: str = "rgb"
    resize: str = "stretch"
    split_origin: str = ""

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        height, width, channels = self.train.store.shape[1:]
        return (height, width, channels)

    @property
    def test_is_drawn(self) -> bool:
        """Whether the test split was taken out of the training images, so that other images make another one."""
        return self.split_origin.startswith("test")

    @property
    def splits(self) -> dict[str, Split]:
        """The splits that exist, by name: `train`, `validation`, `test`."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in named.items() if split is not None}

    @cached_property
    def class_counts(self) -> dict[str, dict[str, int]]:
        """How many images of which class each split has."""
        k = len(self.class_names)
        counts = {name: np.bincount(split.labels, minlength=k) for name, split in self.splits.items()}
        return {name: dict(zip(self.class_names, its.tolist(), strict=True)) for name, its in counts.items()}

    @property
    def skipped_by_reason(self) -> dict[str, int]:
        """How many files were skipped for which reason."""
        reasons = [skipped.reason for skipped in self.skipped]
        return {reason: reasons.count(reason) for reason in sorted(set(reasons))}
