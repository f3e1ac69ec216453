"""How often the test images of some data were looked at from a folder of runs.

A line of `test-looks.csv`, beside the runs, for each look. A choice among runs by their test accuracy makes that of the
chosen one too high; so one should know how often there was an opportunity.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lensmith.errors import RunError
from lensmith.files import not_written
from lensmith.records import Record
from lensmith.runs.run import now

FILE = "test-looks.csv"
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
        # In one piece at the end, so that two processes do not mix their lines.
        with file.open("a", encoding="utf-8", newline="") as out:
            out.write(text.getvalue())
    except OSError as error:
        raise RunError(not_written(file, error)) from None


def count_looks(root: Path, fingerprint: str) -> Looks:
    """Count the looks at the test images of some data; what is no line of ours is passed over.

    Args:
        root: The folder of runs.
        fingerprint: Of the data.
    """
    try:
        text = (root / FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row.get("data") == fingerprint]
    commands = [row.get("command") for row in rows]
    compared = [str(row.get("runs")) for row in rows if row.get("command") == "compare"]
    train, evaluate, compare = (commands.count(its) for its in ("train", "evaluate", "compare"))
    return Looks(train, evaluate, compare, compared[-1].split(BETWEEN) if compared else [])
