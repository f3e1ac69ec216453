"""Measure peak memory and time of training on many photos: 20,000 JPEGs of 640x480, at 96x96.

    python benchmarks/memory.py [--images 20000]

Makes the photos once (smooth random colours: JPEGs of ordinary size) in a temporary folder, then trains one epoch
twice in processes of their own: the first decodes, the second finds the cache.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image


def make_photo(path: Path, seed: int) -> None:
    """Write one JPEG of 640x480 with colours that vary smoothly, and some grain."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize((640, 480), Image.Resampling.BICUBIC)).astype(np.int16)
    grain = random.integers(-8, 9, (480, 640, 1), dtype=np.int16)
    Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8)).save(path, quality=88)


def make_folder(root: Path, images: int) -> None:
    """Write `images` photos into ten class folders."""
    jobs = []
    for place in range(images):
        folder = root / f"class{place % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        jobs.append(folder / f"{place:06d}.jpg")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(make_photo, jobs, range(images), chunksize=100))


def measure(data: Path, home: Path) -> dict[str, float | int | str]:
    """Train one epoch in a process of its own; return its peak memory and seconds."""
    small = ["--recipe", "cifar-2conv", "--epochs", "1", "--set", "data.image_size=96"]
    arguments = ["train", str(data), *small, "--json", "--quiet"]
    environment = {**os.environ, "LENSMITH_HOME": str(home)}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "lensmith", *arguments, "--runs", str(home / "runs")],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    record = json.loads(done.stdout)
    return {
        "peak_bytes_of_any_process_so_far": peak,
        "whole_seconds": round(time.perf_counter() - started, 1),
        "train_seconds": record["train_seconds"],
        "run": record["name"],
    }


def main() -> None:
    """Make the photos, train twice and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    images = parser.parse_args().images
    with tempfile.TemporaryDirectory() as folder:
        make_folder(Path(folder) / "photos", images)
        for which in ("first run, decoding", "second run, from the cache"):
            found = measure(Path(folder) / "photos", Path(folder) / "home")
            print(json.dumps({"images": images, "which": which, **found}), flush=True)


if __name__ == "__main__":
    main()
