"""Damage the newest checkpoint in every way, and look which one is taken."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tests.faults.outcome import Outcome
from tests.faults.saving import Model

from lensmith.training.checkpoint import newest_checkpoint, save_checkpoint

FILES = ("state.npz", "state.json", "manifest.json")
CUTS, FLIPS = 20, 200


def damaged_checkpoints() -> Outcome:
    """Cut off, flip, empty and remove."""
    outcome = Outcome(
        "damaged_checkpoints",
        f"the newest checkpoint damaged: each file cut off at {CUTS} places, {FLIPS} bytes flipped one at a time, each "
        "file emptied, filled with zeros, removed",
        "noticed and said each time, and the one before it taken",
    )
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for step in (10, 20):
            save_checkpoint(place, Model(step), Model(step).at(step))
        newest = place / "step-00000020"
        for name in FILES:
            size = (newest / name).stat().st_size
            for cut in np.linspace(0, size - 1, CUTS).astype(int):
                _try(outcome, newest / name, f"cut off at {cut}", lambda its, cut=int(cut): os.truncate(its, cut))
            _try(outcome, newest / name, "filled with zeros", lambda its, size=size: its.write_bytes(bytes(size)))
            _try(outcome, newest / name, "removed", Path.unlink)
        for place_of_flip in random.integers(0, sum((newest / name).stat().st_size for name in FILES), FLIPS):
            name, at = _file_at(newest, int(place_of_flip))
            _try(outcome, newest / name, f"byte {at} flipped", lambda its, at=at: _flip(its, at, random))
    return outcome


def _file_at(folder: Path, place: int) -> tuple[str, int]:
    for name in FILES:
        size = (folder / name).stat().st_size
        if place < size:
            return name, place
        place -= size
    raise AssertionError


def _flip(file: Path, at: int, random: np.random.Generator) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= int(random.integers(1, 256))
    file.write_bytes(content)


def _try(outcome: Outcome, file: Path, what: str, damage: Callable[[Path], object]) -> None:
    content = file.read_bytes()
    damage(file)
    found, said = newest_checkpoint(file.parent.parent)
    problem = "" if found and found.state.step == 10 else "the damaged one was taken"
    if not problem and not (len(said) == 1 and file.parent.name in said[0]):
        problem = f"it was said as {said}"
    file.write_bytes(content)
    outcome.add(f"{file.name} {what}", problem)
