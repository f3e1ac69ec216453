"""What a run's `run.json` says about where it comes from, and getting recipe and data back from it."""

import contextlib
import os
import platform
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lensmith.backend import backend_name, versions
from lensmith.config import Recipe, load_recipe
from lensmith.data import Dataset, open_dataset
from lensmith.errors import RunError
from lensmith.rendering.progress import Screen
from lensmith.runs import Run

SAME_BITS = ("processor", "cores")
"""What of a machine decides the last bits of a sum."""
FREE_TO_CHANGE = ("training.epochs", "training.checkpoint_seconds", "training.tensorboard")
"""Keys of a recipe that may be others in a resumed run."""


def provenance(dataset: Dataset, recipe: Recipe) -> dict[str, Any]:
    """Collect what `run.json` holds beside state and result."""
    used = sum(len(split) for split in dataset.splits.values())
    return {
        "command": command_line(),
        "recipe": recipe.name,
        "settings": settings_of(recipe),
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
        RunError: The run has none.
    """
    info = run.info
    if "data" not in info:
        raise RunError(f"Run {run.name} stopped before training began; train it anew.")
    if not run.recipe_file.exists():
        raise RunError(f"{run.recipe_file} is missing. Put it back, or train the run anew.")
    run.check_file(run.recipe_file)
    return load_recipe(run.recipe_file, overrides).model_copy(update={"name": info["recipe"]})


def open_data_of(run: Run, recipe: Recipe, screen: Screen) -> Dataset:
    """Open a run's data as it was opened then.

    Raises:
        RunError: `run.json` does not say which data that was.
    """
    data = run.info.get("data")
    kinds = {"source": str, "fingerprint": str, "class_names": list, "image_shape": list, "used": int}
    lacking = [key for key, kind in kinds.items() if not isinstance(data, dict) or not isinstance(data.get(key), kind)]
    if lacking:
        raise RunError(f"{run.path / 'run.json'} does not say what the run was trained on: it lacks data.{lacking[0]}.")
    return open_dataset(run.info["data"]["source"], recipe.data, screen.decoding())


def check_unchanged(run: Run, recipe: Recipe, dataset: Dataset, *, force: bool = False) -> list[str]:
    """Make sure that a run can go on as what it was.

    Args:
        run: Says what it was.
        recipe: As it is to go on; another number of epochs is no change.
        dataset: As it is now.
        force: Go on although versions have changed, or images of the same classes that come with a test split.

    Returns:
        What has changed and does no harm or was forced, in sentences.

    Raises:
        RunError: What has changed since, each with what it was and what it is.
    """
    then = run.info
    fixed = [*_changes("recipe", then.get("settings", {}), settings_of(recipe)), *_changed_kind(dataset, then["data"])]
    if fixed:
        raise RunError(
            f"Run {run.name} cannot go on, because it would be another one: {'; '.join(fixed)}. "
            "Undo that, or train a new run."
        )
    images = _changed_images(dataset, then["data"])
    if images and dataset.test_is_drawn:
        raise RunError(
            f"Run {run.name} cannot go on, not even with --force: {images[0]}, and its test split is drawn from them, "
            "so images that it was trained on would now be in the test. Put back the images that it had, or train a "
            "new run."
        )
    forced = [*images, *_changes("versions", then.get("versions", {}), versions())]
    if forced and not force:
        raise RunError(
            f"Run {run.name} would not go on as it began: {'; '.join(forced)}. "
            "Undo that, train a new run, or go on all the same with --force."
        )
    before = then.get("machine", {})
    moved = _changes("its", {key: before[key] for key in SAME_BITS if key in before}, machine())
    notes = [f"This is another machine: {'; '.join(moved)}. Results may differ in the last digits."] if moved else []
    return [f"Going on all the same: {its}." for its in forced] + notes


def check_same_data(run: Run, dataset: Dataset) -> None:
    """Make sure that a run's data are what it was trained on.

    Raises:
        RunError: In what they differ.
    """
    changes = [*_changed_kind(dataset, run.info["data"]), *_changed_images(dataset, run.info["data"])]
    if changes:
        raise RunError(
            f"The data of run {run.name} has changed since: {'; '.join(changes)}. "
            "What the run says holds for the images it saw; train a new run on these."
        )


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """Return what decides a training: the seed, and each section's keys as `section.key`."""
    its = recipe.model_dump(mode="json", include={"data", "model", "training"})
    keys = {f"{section}.{key}": value for section, values in its.items() for key, value in values.items()}
    return {"seed": recipe.seed, **{key: value for key, value in keys.items() if key not in FREE_TO_CHANGE}}


def _changes(what: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Tell what differs; what there was no word of then is as it was."""
    found = (its for key, value in then.items() for its in _differences(key, value, now.get(key)))
    return [f"{what} {its}" for its in found]


def _differences(key: str, then: Any, now: Any) -> Iterator[str]:
    """Go down to what differs within tables; what is left out of one is `None`."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in sorted(then.keys() | now.keys()):
            yield from _differences(f"{key}.{name}", then.get(name), now.get(name))
    elif then != now:
        yield f"{key} was {then} and is {now}"


def _changed_kind(dataset: Dataset, then: Mapping[str, Any]) -> list[str]:
    if list(dataset.class_names) != then["class_names"]:
        return [f"its classes were {', '.join(then['class_names'])} and are {', '.join(dataset.class_names)}"]
    if list(dataset.image_shape) != then["image_shape"]:
        return [f"its images were {then['image_shape']} and are {list(dataset.image_shape)}"]
    if then.get("split_origin", dataset.split_origin) != dataset.split_origin:
        return [f"its splits were {then['split_origin']!r} and are {dataset.split_origin!r}"]
    return []


def _changed_images(dataset: Dataset, then: Mapping[str, Any]) -> list[str]:
    if dataset.fingerprint == then["fingerprint"]:
        return []
    used = sum(len(split) for split in dataset.splits.values())
    if used != then["used"]:
        return [f"it had {then['used']:,} usable images and has {used:,}"]
    return [f"as many images, but others (fingerprint {dataset.fingerprint[:12]}, was {then['fingerprint'][:12]})"]


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
