"""Data: from what the user has to `uint8` images with labels, splits and names."""

from lensmith.data.builtin import BUILTINS
from lensmith.data.dataset import Dataset, Skipped, Split
from lensmith.data.decode import decode, resize
from lensmith.data.sources import SOURCES, kind_of, open_dataset

__all__ = [
    "BUILTINS",
    "SOURCES",
    "Dataset",
    "Skipped",
    "Split",
    "decode",
    "kind_of",
    "open_dataset",
    "resize",
]
