"""Read a folder of 50,000 small PNG files: lensmith, Keras, Pillow alone and in PyTorch's DataLoader.

    LENSMITH_DATA=… python -m benchmarks.folder

The files are CIFAR-10's training images, written into a temporary folder just before, so the system still has them in
memory for whoever reads first. Of each peer the quickest of its settings counts. lensmith's second pass is a new
process that finds the cache of a first one.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.contestants import ROOT, Benchmark, peer
from benchmarks.harness import pending, run, say

FOLDER, WARM = "FOLDER", "WARM"
"""Stand for the folder of images and for a LENSMITH_HOME that has its cache."""
READERS = {"keras": ("keras-64", "keras-1024"), "pillow": ("pillow-1-thread", "pillow-2-threads", "pytorch-2-workers")}
"""The settings of each peer, of which the quickest counts."""
BENCHMARK = Benchmark(
    "folder",
    (
        peer("lensmith-first", "read_folder", "lensmith", FOLDER, seeded=False),
        peer("keras-64", "read_folder", "keras", FOLDER, "--batch-size", "64", seeded=False),
        peer("keras-1024", "read_folder", "keras", FOLDER, "--batch-size", "1024", seeded=False),
        peer("pillow-1-thread", "read_folder", "pillow", FOLDER, "--threads", "1", seeded=False),
        peer("pillow-2-threads", "read_folder", "pillow", FOLDER, "--threads", "2", seeded=False),
        peer("pytorch-2-workers", "read_folder", "pytorch", FOLDER, "--workers", "2", seeded=False, needs="torch"),
        peer("lensmith-second", "read_folder", "lensmith", FOLDER, seeded=False, LENSMITH_HOME=WARM),
    ),
)


def write_folder(root: Path, images: int = 50_000) -> None:
    """Write CIFAR-10's training images as PNG files into ten class folders."""
    with np.load(Path(os.environ["LENSMITH_DATA"]) / "cifar10.npz") as file:
        pixels, labels = file["x_train"][:images], file["y_train"].reshape(-1)[:images]
    for label in range(10):
        (root / f"class{label}").mkdir(parents=True)
    for place, (image, label) in enumerate(zip(pixels, labels, strict=True)):
        Image.fromarray(image).save(root / f"class{label}" / f"{place:05d}.png")


def main() -> None:
    """Write the images, fill a cache, and measure what is not stored yet."""
    if not pending(BENCHMARK):
        return
    with tempfile.TemporaryDirectory() as folder:
        places = {FOLDER: f"{folder}/images", WARM: f"{folder}/home"}
        say("folder: writing the images and filling a cache")
        write_folder(Path(places[FOLDER]))
        second_pass = next(its for its in BENCHMARK.contestants if its.name == "lensmith-second")
        words = [places.get(word, word) for word in second_pass.words]
        environment = {**os.environ, "LENSMITH_HOME": places[WARM]}
        subprocess.run([sys.executable, "-m", *words], cwd=ROOT, env=environment, check=True, capture_output=True)
        complete = run(BENCHMARK, places)
    sys.exit(not complete)


if __name__ == "__main__":
    main()
