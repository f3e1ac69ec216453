"""What `lensmith check` finds of what was planted, how long it takes, and what it finds in CIFAR-10.

    LENSMITH_DATA=… python -m benchmarks.checking [planted|labels|cifar10|photos]

- `planted`: the photos of flowers12, each once, of which 240 are there once more, changed: encoded again, resized,
  mirrored, cropped, brightened, made gray; and 60 with the same pixels in another format. Recall and precision.
- `labels`: MNIST's 60,000 training images with 3,000 labels changed at random. How many of the first 3,000 that are
  named were changed.
- `cifar10`: all 60,000 images: seconds, and how many test images have a near duplicate. Lists the 50 closest pairs, and
  draws them into `benchmarks/results/checking/`, where they stay: the images are not ours to pass on.
- `photos`: a folder of 20,000 photos of 500 by 375 pixels: images a second.

Each is kept in `benchmarks/results/checking/`; `docs/check.md` has the table.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance

from benchmarks.contestants import ROOT
from benchmarks.flowers import different_photos, write_photos
from benchmarks.harness import RESULTS, say
from benchmarks.marked import write_measured
from lensmith.files import write_text
from lensmith.runs import now
from lensmith.workflows.provenance import machine

FOLDER = RESULTS / "checking"
PAGE = ROOT / "docs" / "check.md"
PICTURE = FOLDER / "cifar10-near-duplicates.png"
COMMAND = "python -m benchmarks.checking"
PAIRS_DRAWN = 50
Changed = Callable[[Image.Image, np.random.Generator], Image.Image]


def _encoded_again(photo: Image.Image, chance: np.random.Generator) -> Image.Image:
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=int(chance.integers(30, 80)))
    return Image.open(buffer)


def _resized(photo: Image.Image, chance: np.random.Generator) -> Image.Image:
    scale = chance.uniform(0.4, 1.5)
    return photo.resize((round(scale * photo.width), round(scale * photo.height)), Image.Resampling.LANCZOS)


def _cropped(photo: Image.Image, chance: np.random.Generator) -> Image.Image:
    share = chance.uniform(0.85, 0.97)
    left, top = (chance.uniform(0, 1 - share) * side for side in photo.size)
    return photo.crop((round(left), round(top), round(left + share * photo.width), round(top + share * photo.height)))


CHANGES: dict[str, Changed] = {
    "encoded again": _encoded_again,
    "resized": _resized,
    "mirrored": lambda photo, _: photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "cropped": _cropped,
    "brightened": lambda photo, chance: ImageEnhance.Brightness(photo).enhance(chance.uniform(0.7, 1.3)),
    "gray": lambda photo, _: photo.convert("L").convert("RGB"),
}


def planted() -> dict[str, Any]:
    """Plant duplicates among photos, and look for them."""
    from lensmith.config import DataConfig
    from lensmith.data import survey
    from lensmith.health import check_health

    photos = different_photos()
    chance = np.random.default_rng(0)
    chosen = chance.choice(len(photos), 300, replace=False)
    expected: dict[str, dict[frozenset[str], str]] = {"near": {}, "exact": {}}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number, path in enumerate(photos):
            name = _place(root, path, f"{number:04d}.jpg")
            name.symlink_to(path.resolve())
        for count, number in enumerate(chosen):
            path = photos[number]
            kind = list(CHANGES)[count % len(CHANGES)] if count < 240 else ""
            photo = Image.open(path).convert("RGB")
            its = _place(root, path, f"{number:04d}-again.{'jpg' if kind else 'png'}")
            (CHANGES[kind](photo, chance) if kind else photo).convert("RGB").save(its, quality=90)
            pair = frozenset((f"{path.parent.name}/{number:04d}.jpg", f"{path.parent.name}/{its.name}"))
            expected["near" if kind else "exact"][pair] = kind
        health = check_health("planted", survey(root, DataConfig(photo_size=128)))
    names = health.whole.images.names
    exact = {frozenset(names[place] for place in group) for group in health.exact}
    near = {frozenset((names[pair.a], names[pair.b])) for pair in health.near}
    wrong = near - expected["near"].keys() - expected["exact"].keys()
    missed = [kind for pair, kind in expected["near"].items() if pair not in near | exact]
    return {
        "photos": len(names),
        "exact planted": len(expected["exact"]),
        "exact recall": len(exact & expected["exact"].keys()) / len(expected["exact"]),
        "near planted": len(expected["near"]),
        "near recall": 1 - len(missed) / len(expected["near"]),
        "near precision": 1 - len(wrong) / max(1, len(near)),
        "missed": {kind: missed.count(kind) for kind in sorted(set(missed))},
        "wrong": sorted(sorted(pair) for pair in wrong)[:20],
    }


def _place(root: Path, photo: Path, name: str) -> Path:
    folder = root / photo.parent.name
    folder.mkdir(exist_ok=True)
    return folder / name


def labels() -> dict[str, Any]:
    """Change labels of MNIST, and look for them."""
    from lensmith.workflows.check import check

    with np.load(Path(os.environ["LENSMITH_DATA"]) / "mnist.npz") as file:
        images, right = file["x_train"], file["y_train"].astype(np.int64)
    chance = np.random.default_rng(0)
    changed = chance.choice(len(right), 3_000, replace=False)
    given = right.copy()
    given[changed] = (right[changed] + chance.integers(1, 10, len(changed))) % 10
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "mnist.npz", x_train=images, y_train=given)
        found = check(Path(folder) / "mnist.npz", labels=True, output=Path(folder) / "page.html").findings
    named = next(its for its in found if its.kind == "probably labelled wrong").paths
    first = {int(name.partition("[")[2].rstrip("]")) for name in named[: len(changed)]}
    return {"named": len(named), "precision at 3,000": len(first & set(changed.tolist())) / len(changed)}


def cifar10() -> dict[str, Any]:
    """Look at all of CIFAR-10, and draw its closest pairs."""
    from lensmith.config import DataConfig
    from lensmith.data import survey
    from lensmith.health import check_health

    with tempfile.TemporaryDirectory() as folder:
        images, seconds = _whole_process("cifar10", folder)
    health = check_health("cifar10", survey("cifar10", DataConfig()))
    splits = health.whole.splits
    across = [pair for pair in health.near if {splits[pair.a], splits[pair.b]} == {"train", "test"}]
    tested = {place for pair in across for place in (pair.a, pair.b) if splits[place] == "test"}
    _draw(health, across[:PAIRS_DRAWN])
    return {
        "images": images,
        "seconds of all": seconds,
        "groups of equal pixels": len(health.exact),
        "near pairs": len(health.near),
        "test images with a near duplicate in training": len(tested),
        "closest": [[_row_of(health, pair, split) for split in ("train", "test")] for pair in across[:PAIRS_DRAWN]],
    }


def _row_of(health: Any, pair: Any, split: str) -> str:
    """Return which row of a split one of a pair is."""
    place = next(its for its in (pair.a, pair.b) if health.whole.splits[its] == split)
    return str(health.whole.images.names[place])


def _draw(health: Any, pairs: list[Any]) -> None:
    from lensmith.rendering.canvas import MUTED, drawing, place, sheet

    columns, side = 10, 0.62
    rows = -(-len(pairs) // columns)
    with drawing(PICTURE, 0.4 + columns * (2 * side + 0.22), 0.9 + rows * (side + 0.3), cut=False) as figure:
        axes = sheet(figure)
        axes.text(0.2, 0.38, f"The {len(pairs)} closest pairs of a training and a test image of CIFAR-10", fontsize=11)
        axes.text(0.2, 0.58, "correlation of detail, and the class of both", fontsize=8, color=MUTED)
        for number, pair in enumerate(pairs):
            left, top = 0.2 + number % columns * (2 * side + 0.22), 0.7 + number // columns * (side + 0.3)
            for column, image in enumerate(health.whole.images.read(np.array([pair.a, pair.b]))):
                place(axes, image, left + column * (side + 0.02), top, side)
            names = dict.fromkeys(health.whole.class_of(its) for its in (pair.a, pair.b))
            axes.text(left, top + side + 0.12, f"{pair.similarity:.2f} {', '.join(names)}", fontsize=5.5, color=MUTED)


def photos() -> dict[str, Any]:
    """Check a large folder of photos, from the shell to the end."""
    count = 20_000
    with tempfile.TemporaryDirectory() as folder:
        write_photos(Path(folder) / "photos", count)
        images, seconds = _whole_process("photos", folder)
    return {"images": images, "seconds of all": seconds, "images a second": count / seconds}


def _whole_process(data: str, folder: str) -> tuple[int, float]:
    """Check data in an empty home; return how many images are readable, and the seconds from the shell to the end."""
    environment = {**os.environ, "LENSMITH_HOME": f"{folder}/home"}
    command = [sys.executable, "-m", "lensmith", "check", data, "--json", "--quiet"]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    seconds = time.perf_counter() - began
    return json.loads(done.stdout)["readable"], seconds


TASKS: dict[str, Callable[[], dict[str, Any]]] = {
    "planted": planted,
    "labels": labels,
    "cifar10": cifar10,
    "photos": photos,
}


def table() -> str:
    """Lay out what is stored."""
    lines = ["| what | measured | |", "|---|---|---|"]
    for name in TASKS:
        file = FOLDER / f"{name}.json"
        if file.exists():
            its = json.loads(file.read_text(encoding="utf-8"))
            facts = {key: value for key, value in its["found"].items() if isinstance(value, int | float)}
            written = "; ".join(f"{key} {_written(value)}" for key, value in facts.items())
            where = f"{its['machine']['cores']} cores, {its['machine']['processor']}"
            lines.append(f"| `{name}` | {written} | {its['seconds']:.0f} s on {its['at'][:10]}; {where} |")
    return "\n".join([*lines, "", f"Command: `{COMMAND}`.", *_closest()])


def _closest() -> list[str]:
    """List the closest pairs of CIFAR-10."""
    file = FOLDER / "cifar10.json"
    pairs = json.loads(file.read_text(encoding="utf-8"))["found"]["closest"] if file.exists() else []
    written = ", ".join(" and ".join(f"`{name}`" for name in pair) for pair in pairs)
    return (
        ["", f"The {len(pairs)} closest pairs of a training and a test image of CIFAR-10: {written}."] if pairs else []
    )


def _written(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{100 * value:.2f} %" if value <= 1 else f"{value:,.1f}"


def main() -> None:
    """Do what is asked for, or all, and write the table."""
    for name in sys.argv[1:] or TASKS:
        say(f"checking: {name}")
        began = time.perf_counter()
        found = TASKS[name]()
        stored = {"at": now(), "found": found, "seconds": time.perf_counter() - began, "machine": machine()}
        FOLDER.mkdir(parents=True, exist_ok=True)
        write_text(FOLDER / f"{name}.json", json.dumps(stored, indent=2) + "\n")
        say(json.dumps(found, indent=2))
    write_measured(PAGE, COMMAND, table())


if __name__ == "__main__":
    main()
