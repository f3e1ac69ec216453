"""Whether runs may be compared: the same images, the same splits, the same classes in the same order."""

from collections.abc import Sequence
from typing import Any

from lensmith.errors import LensmithError, RunError, did_you_mean
from lensmith.runs import Run

SPLITS = ("validation", "test")


def check_split(split: str) -> None:
    """Refuse a split that nothing is compared on.

    Raises:
        LensmithError: It is none of `SPLITS`.
    """
    if split not in SPLITS:
        raise LensmithError(f"--split {split!r} is none that is compared on.{did_you_mean(split, SPLITS)}")


def check_comparable(runs: Sequence[Run], split: str) -> None:
    """Make sure that what runs answered can be set side by side.

    On test images it is enough that these are the same: a run may have had more images to train on than another.

    Args:
        runs: At least two.
        split: Whose images are to be answered, one of `SPLITS`.

    Raises:
        LensmithError: There are fewer than two, one comes twice, or in what they differ.
    """
    if len(runs) < 2:
        raise LensmithError("There is one run only. Name at least two to compare; `lensmith runs` lists them.")
    places = [run.path.resolve() for run in runs]
    for place, run in zip(places, runs, strict=True):
        if places.count(place) > 1:
            raise LensmithError(f"{run.path} is named twice.")
    first, *others = runs
    for run in others:
        reason = _difference(first, run, split)
        if reason:
            raise RunError(f"{first.name} and {run.name} cannot be compared: {reason}")


def _difference(first: Run, second: Run, split: str) -> str:
    a, b = _data_of(first), _data_of(second)
    if a.get("class_names") != b.get("class_names"):
        if set(map(str, a["class_names"])) == set(map(str, b["class_names"])):
            return "their classes are the same, but in another order."
        return f"they name different things ({_listed(a)}; and {_listed(b)})."
    if a.get("fingerprint") != b.get("fingerprint"):
        return (
            f"they were trained on different data ({a.get('source')}, {a.get('used'):,} images; and {b.get('source')}, "
            f"{b.get('used'):,} images), or it has changed in between. Train both on the same images."
        )
    if _of_split(a, split) != _of_split(b, split):
        return (
            f"their splits were made differently ({a.get('split_origin')}; and {b.get('split_origin')}). Train both "
            "with the same data.validation, data.test, data.group and data.split_seed."
        )
    return ""


def _of_split(data: dict[str, Any], split: str) -> Any:
    """Return what must be the same for the images of this split to be."""
    return data["counts"].get("test") if split == "test" else (data.get("split_origin"), data["counts"])


def _data_of(run: Run) -> dict[str, Any]:
    run.artifact  # noqa: B018  (raises where the run has no model, which is the clearer message)
    data, result = run.info.get("data"), run.info.get("result")
    kinds = {"used": int, "fingerprint": str, "class_names": list, "counts": dict, "source": str}
    found: dict[str, Any] = data if isinstance(data, dict) else {}
    if not all(isinstance(found.get(key), kind) for key, kind in kinds.items()) or not isinstance(result, dict):
        raise RunError(f"{run.path / 'run.json'} does not say what the run was trained on, and what came of it.")
    if run.artifact.get("class_names") != found["class_names"]:
        raise RunError(f"{run.path}: run.json and artifact.json are of different classes.")
    return found


def _listed(data: dict[str, Any], most: int = 5) -> str:
    names = data.get("class_names") or ["nothing"]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
