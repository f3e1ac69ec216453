"""Measure how long the commands take that must answer at once: `--help`, and `predict` for one image.

    python benchmarks/startup.py

Trains two epochs on digits in a temporary folder for something to predict with, then times whole processes, in turn.
Prints for each the minimum, median and maximum in seconds, with n.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

REPEATS = 15


def seconds(command: list[str], folder: str) -> float:
    """Run a command as a process of its own; return its wall time."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Time both commands and print what they took."""
    lensmith = [str(Path(sys.executable).with_name("lensmith"))]
    with tempfile.TemporaryDirectory() as folder:
        seconds([*lensmith, "train", "digits", "--epochs", "2", "--name", "run", "-q"], folder)
        Image.new("L", (8, 8), 128).save(Path(folder) / "image.png")
        commands = {"--help": [*lensmith, "--help"], "predict": [*lensmith, "predict", "run", "image.png"]}
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(REPEATS):
            for name, command in commands.items():
                taken[name].append(seconds(command, folder))
    for name, values in taken.items():
        low, middle, high = min(values), statistics.median(values), max(values)
        found = {"command": name, "n": REPEATS, "min_s": low, "median_s": middle, "max_s": high}
        rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in found.items()}
        print(json.dumps({**rounded, "cores": os.cpu_count(), "python": platform.python_version()}))


if __name__ == "__main__":
    main()
