"""Open the best model again and again while it is being replaced."""

import hashlib
import multiprocessing
import tempfile
import zipfile
from multiprocessing.synchronize import Event
from pathlib import Path

from tests.faults.outcome import Outcome

from lensmith.files import replacing

OPENS, FEWEST_CHANGES = 10_000, 100


def replaced_model() -> Outcome:
    """Open it 10,000 times."""
    outcome = Outcome(
        "replaced_model",
        f"{OPENS:,} opens of `model.keras` while another process replaces it",
        "each sees the old file or the new one, whole",
    )
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.keras"
        contents = [_archive(Path(folder) / f"{n}", n) for n in range(2)]
        known = {hashlib.sha256(its).hexdigest() for its in contents}
        model.write_bytes(contents[0])
        stop = multiprocessing.get_context("spawn").Event()
        writer = multiprocessing.get_context("spawn").Process(target=_replace, args=(model, contents, stop))
        writer.start()
        changes, before = 0, hashlib.sha256(contents[0]).hexdigest()
        try:
            while model.read_bytes() == contents[0]:
                pass  # until the other process has begun
            for n in range(OPENS):
                digest = hashlib.sha256(model.read_bytes()).hexdigest()
                changes, before = changes + (digest != before), digest
                outcome.add(f"open {n}", "" if digest in known else "half a file")
        finally:
            stop.set()
            writer.join()
        outcome.seen["changes seen"] = changes
        if changes < FEWEST_CHANGES:
            outcome.failures.append(f"only {changes} changes were seen: nothing is shown")
            outcome.passed = 0
    return outcome


def _archive(path: Path, n: int) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.weights.h5", bytes([n]) * 300_000)
    return path.read_bytes()


def _replace(model: Path, contents: list[bytes], stop: Event) -> None:
    n = 0
    while not stop.is_set():
        n += 1
        with replacing(model) as temporary, temporary.open("wb") as file:
            for start in range(0, len(contents[n % 2]), 4096):
                file.write(contents[n % 2][start : start + 4096])
