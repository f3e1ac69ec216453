"""What a run's `run.json` says about where it comes from, and getting recipe and data back from it."""

import contextlib
import os
import platform
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lensmith.backend import backend_name, versions
from lensmith.config import Recipe, load_recipe
from lensmith.data import Dataset, open_dataset
from lensmith.errors import RunError
from lensmith.rendering.progress import Screen
from lensmith.runs import Run


def provenance(dataset: Dataset, recipe: Recipe) -> dict[str, Any]:
    """Collect what `run.json` holds beside state and result."""
    used = sum(len(split) for split in dataset.splits.values())
    return {
        "command": command_line(),
        "recipe": recipe.name,
        "seed": recipe.seed,
        "backend": backend_name(),
        "versions": versions(),
        "machine": machine(),
        "data": {
            "name": dataset.name,
            "source": dataset.source,
            "fingerprint": dataset.fingerprint,
            "image_shape": dataset.image_shape,
            "class_names": dataset.class_names,
            "counts": dataset.class_counts,
            "split_origin": dataset.split_origin,
            "found": used + len(dataset.skipped),
            "used": used,
            "skipped_by_reason": dataset.skipped_by_reason,
            "skipped": dataset.skipped,
        },
    }


def recipe_of(run: Run, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read a run's recipe, under the name it was trained by.

    Raises:
        RunError: The run stopped before it had one.
    """
    info = run.info
    if "data" not in info or not run.recipe_file.exists():
        raise RunError(f"Run {run.name} stopped before training began; train it anew.")
    return load_recipe(run.recipe_file, overrides).model_copy(update={"name": info["recipe"]})


def open_data_of(run: Run, recipe: Recipe, screen: Screen) -> Dataset:
    """Open a run's data with the same splits.

    Raises:
        RunError: The data has changed since; the message says in what.
    """
    then = run.info["data"]
    dataset = open_dataset(then["source"], recipe.data, recipe.seed, screen.decoding())
    if dataset.fingerprint != then["fingerprint"]:
        raise RunError(
            f"The data of run {run.name} has changed since: {_difference(dataset, then)}. "
            "What the run says holds for the images it saw; train a new run on these."
        )
    return dataset


def _difference(dataset: Dataset, then: Mapping[str, Any]) -> str:
    if list(dataset.class_names) != then["class_names"]:
        return f"its classes were {', '.join(then['class_names'])} and are {', '.join(dataset.class_names)}"
    used = sum(len(split) for split in dataset.splits.values())
    if used != then["used"]:
        return f"it had {then['used']:,} usable images and has {used:,}"
    return f"as many images, but others (fingerprint {dataset.fingerprint[:12]}, was {then['fingerprint'][:12]})"


def machine() -> dict[str, Any]:
    """Describe the machine: system, processor, cores, memory in bytes."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": memory,
        "python": platform.python_version(),
    }


def command_line() -> str:
    """Return the command as it was typed, near enough to repeat it."""
    program = Path(sys.argv[0]).name
    return shlex.join(["lensmith" if program == "__main__.py" else program, *sys.argv[1:]])


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
