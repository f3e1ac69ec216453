"""How often the test images of some data were looked at from a folder of runs.

A line of `test-looks.csv`, beside the runs, for each look. A choice among runs by their test accuracy makes that of the
chosen one too high; so one should know how often there was an opportunity.
"""

import csv
import io
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lensmith.errors import RunError, UnsafeFile
from lensmith.files import not_written
from lensmith.records import Record
from lensmith.runs.run import now
from lensmith.safety import read_bytes

FILE = "test-looks.csv"
MOST_BYTES = 2**26
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
COLUMNS = ("time", "data", "command", "runs")
BETWEEN = "/"
"""Between the names of runs."""


@dataclass(frozen=True)
class Looks(Record):
    """How often test images were looked at.

    Attributes:
        train: At the end of a training.
        evaluate: By `evaluate`.
        compare: By `compare --split test` or `ladder`: each may have been a choice among runs.
        compared: Names of the runs of the latest of these.
    """

    train: int
    evaluate: int
    compare: int
    compared: list[str]

    @property
    def total(self) -> int:
        """All of them."""
        return self.train + self.evaluate + self.compare


def note_look(root: Path, fingerprint: str, command: str, names: Sequence[str]) -> None:
    """Add a line.

    Args:
        root: The folder of runs.
        fingerprint: Of the data.
        command: `train`, `evaluate` or `compare`.
        names: Of the runs that answered.

    Raises:
        RunError: It cannot be written.
    """
    file = root / FILE
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    if not file.exists():
        lines.writerow(COLUMNS)
    lines.writerow([now(), fingerprint, command, BETWEEN.join(names)])
    try:
        # In one piece at the end, so that two processes do not mix their lines; and never through somebody's link.
        out = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | NO_LINK, 0o644)
        try:
            if not stat.S_ISREG(os.fstat(out).st_mode):
                raise RunError(f"{file} is no file. Remove it; lensmith notes looks at test images there.")
            os.write(out, text.getvalue().encode())
        finally:
            os.close(out)
    except OSError as error:
        raise RunError(not_written(file, error)) from None


def count_looks(root: Path, fingerprint: str, name: str = "") -> Looks:
    """Count the looks at the test images of some data; what is no line of ours is passed over.

    Args:
        root: The folder of runs.
        fingerprint: Of the data.
        name: Of a run; where it was compared, the latest of its comparisons is told.
    """
    rows = [its for its in map(_fields, _lines(root / FILE)) if len(its) == len(COLUMNS) and its[1] == fingerprint]
    commands = [its[2] for its in rows]
    compared = [its[3].split(BETWEEN) for its in rows if its[2] == "compare"]
    compared = [its for its in compared if name in its] or compared
    train, evaluate, compare = (commands.count(its) for its in ("train", "evaluate", "compare"))
    return Looks(train, evaluate, compare, compared[-1] if compared else [])


def _lines(file: Path) -> list[str]:
    """Read the lines, each by itself: a damaged one must not take the others with it."""
    try:
        return [] if file.is_symlink() else read_bytes(file, MOST_BYTES).decode("utf-8", "replace").splitlines()
    except (OSError, UnsafeFile):
        return []


def _fields(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []
