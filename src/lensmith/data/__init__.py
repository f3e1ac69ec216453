"""Data: from what the user has to `uint8` images with labels, splits and names."""

from lensmith.data.builtin import BUILTINS
from lensmith.data.cache import CACHE_VERSION, LARGEST_NATIVE_SIDE, Progress, lensmith_home
from lensmith.data.dataset import Dataset, Skipped, Split
from lensmith.data.decode import decode, resize
from lensmith.data.duplicates import NearPair, exact_duplicates, joined, near_duplicates
from lensmith.data.facts import Facts, facts_of
from lensmith.data.groups import by_stem, by_time
from lensmith.data.listing import SPLIT_FOLDERS, ListedFile, printable
from lensmith.data.sources import SOURCES, Loaded, kind_of, open_dataset, resolve_source, survey

__all__ = [
    "BUILTINS",
    "CACHE_VERSION",
    "LARGEST_NATIVE_SIDE",
    "SOURCES",
    "SPLIT_FOLDERS",
    "Dataset",
    "Facts",
    "ListedFile",
    "Loaded",
    "NearPair",
    "Progress",
    "Skipped",
    "Split",
    "by_stem",
    "by_time",
    "decode",
    "exact_duplicates",
    "facts_of",
    "joined",
    "kind_of",
    "lensmith_home",
    "near_duplicates",
    "open_dataset",
    "printable",
    "resize",
    "resolve_source",
    "survey",
]
