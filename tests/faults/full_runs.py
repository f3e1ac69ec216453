"""Train on a disk that fills up, make room, go on, and compare with a run that always had room."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults import commands
from tests.faults.killed_runs import begin, log_of, phase_of, problem_at_end, state_of
from tests.faults.outcome import Outcome

BYTES = 64 * 2**20
"""Of the disk."""


def full_runs(n: int = 20) -> Outcome:
    """Let n disks fill up, each with a little more room than the one before; wants the right to mount."""
    outcome = Outcome(
        "full_runs",
        f"{n} trainings on disks (tmpfs) with room for 0 to {n - 1} {n}ths of what a run writes; then room is made",
        "each ends with exit code 2 and a message with the free bytes, nothing unfinished is left, and `--resume` ends "
        "as one that always had room, bit for bit",
    )
    commands.prepare()
    with disk() as place:
        began = time.perf_counter()
        if commands.wait(begin(place, "whole")):
            raise RuntimeError(log_of(place).read_text())
        outcome.seen["seconds of a whole run"] = round(time.perf_counter() - began, 1)
        expected, needed = state_of(place / "whole"), _bytes_in(place / "whole")
    for trial in range(n):
        room = needed * trial // n
        with disk() as place:
            outcome.add(
                f"room for {room:,} bytes", _problem(place, room, outcome) or problem_at_end(place, "r", expected)
            )
    return outcome


@contextmanager
def disk() -> Iterator[Path]:
    """Give a new small disk."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "disk"
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={BYTES}", "lensmith", place], check=True)
        try:
            yield place
        finally:
            subprocess.run(["umount", "-l", place], check=True)


def _problem(place: Path, room: int, outcome: Outcome) -> str:
    """Train with so much room, and make room in the end."""
    ballast = place / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(place).free - room))
    code = commands.wait(begin(place, "r"))
    said = log_of(place).read_text()
    left = [path.name for path in place.rglob(".writing-*")]
    ballast.unlink()
    outcome.count("full", phase_of(place / "r"))
    if code != 2:
        return f"ended with {code}: {said[-300:]}"
    return f"{left[0]} was left" if left else "" if " free" in said else f"said: {said[-300:]}"


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*"))
