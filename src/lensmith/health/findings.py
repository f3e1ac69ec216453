"""What a check of a data set finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lensmith.data import ListedFile, Split
from lensmith.records import Record

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""The worst first: what makes a number wrong, what costs accuracy, what is good to know."""


@dataclass(frozen=True)
class Finding(Record):
    """One thing that is wrong with some of the files.

    Attributes:
        kind: In a few words of a fixed list.
        severity: `error` where a measured number would be wrong, `warning` where the classifier would be worse, else
            `note`.
        count: Files.
        paths: Their names, or places in an array, at most once each.
        advice: What to do about it.
        groups: The names once more, each list belonging together; empty where each stands by itself.
        details: What exactly, for each group or else for each path; may be empty.
    """

    kind: str
    severity: Severity
    count: int
    paths: Sequence[str]
    advice: str
    groups: Sequence[Sequence[str]] = ()
    details: Sequence[str] = ()


@dataclass(frozen=True)
class Whole:
    """All images of a data set that can be read, whatever split they are in.

    Attributes:
        images: The images.
        splits: Of each image: `train`, `validation` or `test`.
        class_names: K names.
        paths: Of each image's file; empty for arrays.
        together: Groups of places that whoever made the data set keeps together.
    """

    images: Split
    splits: Sequence[str]
    class_names: tuple[str, ...]
    paths: Sequence[str]
    together: Sequence[Sequence[int]] = ()

    @classmethod
    def of(
        cls,
        splits: Mapping[str, Split],
        class_names: tuple[str, ...],
        files: Sequence[ListedFile] = (),
        together: Sequence[Sequence[int]] = (),
    ) -> "Whole":
        """Put splits of one store one after another; `files` and `together` are of the rows of the store."""
        parts = list(splits.items())
        rows = np.concatenate([split.indices for _, split in parts])
        images = Split(
            parts[0][1].store,
            rows,
            np.concatenate([split.labels for _, split in parts]),
            [name for _, split in parts for name in split.names],
        )
        names = [name for name, split in parts for _ in range(len(split))]
        place_of = {int(row): place for place, row in enumerate(rows)}
        groups = [[place_of[row] for row in group if row in place_of] for group in together]
        return cls(images, names, class_names, [files[row].path for row in rows] if files else [], groups)

    def names_of(self, places: Sequence[int]) -> list[str]:
        """Return the names of the images at these places."""
        return [self.images.names[place] for place in places]

    def class_of(self, place: int) -> str:
        """Return the name of an image's class."""
        return self.class_names[int(self.images.labels[place])]


def finding(
    kind: str, severity: Severity, paths: Sequence[str], advice: str, details: Sequence[str] = ()
) -> list[Finding]:
    """Make a finding of files that each stand by themselves; none of no files."""
    return [Finding(kind, severity, len(paths), list(paths), advice, details=list(details))] if paths else []


def finding_of_groups(
    kind: str, severity: Severity, groups: Sequence[Sequence[str]], advice: str, details: Sequence[str] = ()
) -> list[Finding]:
    """Make a finding of files that belong together; none of no groups."""
    paths = list(dict.fromkeys(name for group in groups for name in group))
    its = [list(group) for group in groups]
    return [Finding(kind, severity, len(paths), paths, advice, its, list(details))] if paths else []
