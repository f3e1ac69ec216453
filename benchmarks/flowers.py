"""The photos of flowers12, of which some are there several times."""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.contestants import ROOT

REPEATED = ROOT / "benchmarks" / "flowers12-repeated.txt"


def flowers12() -> Path:
    """Return where the photos are, in `train/CLASS` and `test/CLASS`."""
    folder = Path(os.environ.get("LENSMITH_DATA", "")) / "flowers12"
    if not folder.is_dir():
        raise SystemExit(f"There is no folder {folder}. Set LENSMITH_DATA to the folder that flowers12 is in.")
    return folder


def different_photos() -> list[Path]:
    """List the photos, of those that are there several times only the first: of `test` and `train` that of `test`."""
    root = flowers12()
    again = {root / name for names in _repeated() for name in names[1:]}
    return sorted(set(root.glob("*/*/*.jpg")) - again)


def leaked() -> set[str]:
    """Name the test photos that are in the training, too: `test/CLASS/FILE`."""
    across = [names for names in _repeated() if any(name.startswith("train/") for name in names)]
    return {name for names in across for name in names if name.startswith("test/")}


def link_different_photos(root: Path) -> None:
    """Fill `train/CLASS` and `test/CLASS` with links to the photos, each photo once."""
    for path in different_photos():
        place = root / path.relative_to(flowers12())
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(path.resolve())


def write_photos(root: Path, count: int) -> None:
    """Write class folders of so many photos of 500 by 375 pixels: crops of those there are, each another one."""
    sources, chance = sorted(flowers12().glob("*/*/*.jpg")), np.random.default_rng(0)
    for number in range(count):
        path = sources[number % len(sources)]
        share = chance.uniform(0.5, 1)
        with Image.open(path) as opened:
            photo = opened.convert("RGB")
        left, top = (chance.uniform(0, 1 - share) * side for side in photo.size)
        box = (left, top, left + share * photo.width, top + share * photo.height)
        its = root / path.parent.name / f"{chr(97 + number % 26)}{number}x.jpg"
        its.parent.mkdir(parents=True, exist_ok=True)
        photo.resize((500, 375), box=box).save(its, quality=85)


def _repeated() -> list[list[str]]:
    lines = REPEATED.read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if not line.startswith("#")]
