"""Kill a save at each of its file operations, and let each of them fail for lack of room, by strace."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from tests.faults.outcome import Outcome
from tests.faults.saving import KINDS, MARK, NEW, OLD, content

from lensmith.files import UNFINISHED, remove_unfinished
from lensmith.training.checkpoint import newest_checkpoint, read_checkpoint

OPERATIONS = (
    "openat", "mkdir", "write", "fsync", "chmod", "rename", "unlink", "unlinkat", "rmdir", "close", "flock",
)  # fmt: skip
WITHOUT_ROOM = ("openat", "mkdir", "write", "fsync", "rename")
ABSENT = -1
"""The value of what is not there."""


def killed_saves() -> Outcome:
    """Kill at each operation."""
    outcome = Outcome(
        "killed_saves",
        "a save of a checkpoint, the best model, a text such as `run.json`, a run folder, killed (SIGKILL) at each of "
        "its file operations in turn",
        "what is there is whole: the new one or the one before it (of a run that is to be replaced, or none), and the "
        "checkpoint before it; the next save works, and nothing unfinished is left in the run after a resume",
    )
    for kind in KINDS:
        for operation, place in _places(kind, OPERATIONS):
            _try(outcome, kind, operation, f"signal=KILL:when={place}", _after_kill)
    return outcome


def full_disk() -> Outcome:
    """Let each operation fail."""
    outcome = Outcome(
        "full_disk",
        "each file operation of a save of a checkpoint, the best model, a text such as `run.json`, a run folder, "
        'failing in turn with "No space left on device"',
        "no earlier checkpoint, model, text or run is harmed, nothing unfinished is left, and the message says what is "
        "needed, where that is known, and what is free",
    )
    for kind in KINDS:
        for operation, place in _places(kind, WITHOUT_ROOM):
            _try(outcome, kind, operation, f"error=ENOSPC:when={place}", _after_failure)
    return outcome


def _places(kind: str, operations: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """List the operations of the save; each with its number among those of its kind since the process began."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        subprocess.run([*_strace(log, operations), *_command(kind, _new(folder))], check=True)
        lines = log.read_text().splitlines()
    seen: Counter[str] = Counter()
    saving = False
    for line in lines:
        saving = saving or MARK in line
        if match := re.match(r"(?:\d+\s+)?(\w+)\(", line):
            seen[match[1]] += 1
            # To open what is there takes no room.
            needs_room = match[1] != "openat" or "O_CREAT" in line
            if saving and match[1] in operations and (needs_room or operations != WITHOUT_ROOM):
                yield match[1], seen[match[1]]


def _strace(log: Path, operations: tuple[str, ...]) -> list[str]:
    return ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={','.join(operations)},stat,newfstatat"]


def _command(kind: str, folder: Path) -> list[str]:
    return [sys.executable, "-B", "-m", "tests.faults.saving", kind, str(folder)]


def _new(folder: str) -> Path:
    place = Path(folder) / "place"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    return place


Judge = Callable[[str, Path, int, str], str]


def _try(outcome: Outcome, kind: str, operation: str, injection: str, judge: Judge) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = _new(folder)
        command = [*_strace(Path(folder) / "log", (operation,)), "-e", f"inject={operation}:{injection}"]
        done = subprocess.run([*command, *_command(kind, place)], capture_output=True, text=True, check=False)
        outcome.count("operations", operation)
        outcome.count("of", kind)
        outcome.add(f"{kind}: {operation}, {injection}", judge(kind, place, done.returncode, done.stdout + done.stderr))


def _after_kill(kind: str, place: Path, code: int, said: str) -> str:
    if code not in (128 + 9, -9):
        return f"was not killed but ended with {code}: {said[-300:]}"
    allowed = (OLD, NEW, ABSENT) if kind == "run" else (OLD, NEW)
    if (found := VALUES[kind](place)) not in allowed:
        return f"what is there is {found}"
    if kind != "run":
        remove_unfinished(place)  # as a resume of the run does first
    KINDS[kind](place, NEW)
    found, left = VALUES[kind](place), _unfinished(place) if kind != "run" else []
    return f"the next save left {left or found}" if left or found != NEW else ""


def _after_failure(kind: str, place: Path, code: int, said: str) -> str:
    found, left = VALUES[kind](place), _unfinished(place)
    if code == 0:  # opening and removing what is old: the new one is whole
        return "" if found == NEW and not left else f"nothing was said, and what is there is {found}, {left}"
    if code != 3:
        return f"ended with {code}: {said[-300:]}"
    needed = r"It takes [\d,]+ bytes, and " if kind in ("checkpoint", "text") else ""
    if not re.search(rf"{needed}.* has [\d,]+ free", said):
        return f"the message lacks what is needed and free: {said[-300:]}"
    # The last thing a save does is to have the new name on disk: where that fails, the new one is there.
    return f"{left[0]} was left" if left else f"what is there is {found}" if found not in (OLD, NEW) else ""


def _unfinished(place: Path) -> list[str]:
    return [path.name for path in place.rglob(f"{UNFINISHED}*")]


def _value_of_checkpoint(place: Path) -> int | str:
    found, damaged = newest_checkpoint(place)
    if damaged or not found:
        return f"damaged: {damaged}"
    step = found.state.step
    before = read_checkpoint(found.path.with_name(f"step-{step - 10:08d}"))  # raises where that is harmed
    if not (before.arrays("model")[0] == np.float32(step - 10)).all():
        return "another step's numbers in the one before"
    return step if (found.arrays("model")[0] == np.float32(step)).all() else "another step's numbers"


def _value_of_file(name: str) -> Callable[[Path], int | str]:
    def value(place: Path) -> int | str:
        its = (place / name).read_bytes()
        return next((known for known in (OLD, NEW) if its == content(known)), "half a file")

    return value


def _value_of_run(place: Path) -> int | str:
    run = place / "r"
    if not run.exists():
        return ABSENT
    its = json.loads((run / "run.json").read_text())["value"]
    whole = (run / "recipe.toml").read_text() == f"seed = {its}" and (run / "checkpoints").is_dir()
    return int(its) if whole else "half a run"


VALUES: dict[str, Callable[[Path], int | str]] = {
    "checkpoint": _value_of_checkpoint,
    "model": _value_of_file("model.keras"),
    "text": _value_of_file("run.json"),
    "run": _value_of_run,
}
"""What there is to read after a save."""
