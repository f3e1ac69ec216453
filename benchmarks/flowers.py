"""The photos of flowers12, of which some are there several times."""

import os
from pathlib import Path

from benchmarks.contestants import ROOT

REPEATED = ROOT / "benchmarks" / "flowers12-repeated.txt"


def flowers_folder() -> Path:
    """Return where the photos are, in `train/CLASS` and `test/CLASS`."""
    return Path(os.environ["LENSMITH_DATA"]) / "flowers12"


def different_photos() -> list[Path]:
    """List the photos, of those that are there several times only the first: of `test` and `train` that of `test`."""
    again = {flowers_folder() / name for names in _repeated() for name in names[1:]}
    return sorted(set(flowers_folder().glob("*/*/*.jpg")) - again)


def leaked_photos() -> set[Path]:
    """Return the test photos that are in the training, too."""
    across = [names for names in _repeated() if any(name.startswith("train/") for name in names)]
    return {flowers_folder() / name for names in across for name in names if name.startswith("test/")}


def _repeated() -> list[list[str]]:
    lines = REPEATED.read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if not line.startswith("#")]
