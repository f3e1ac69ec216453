"""`datasets` and `runs`: rows of what there is."""

from pathlib import Path
from typing import Any

from lensmith.data import BUILTINS
from lensmith.runs import Run, list_runs


def dataset_rows() -> list[dict[str, Any]]:
    """List the data sets known by name."""
    return [
        {"name": name, "images": BUILTINS[name].images, "description": BUILTINS[name].description} for name in BUILTINS
    ]


def run_rows(runs: str | Path | None) -> list[dict[str, Any]]:
    """List the runs under the root, oldest first, with state and test accuracy (a fraction)."""
    return [_row(run) for run in list_runs(runs)]


def _row(run: Run) -> dict[str, Any]:
    info = run.info
    result = info.get("result")
    test = result.get("test") if isinstance(result, dict) else None
    accuracy = test.get("accuracy") if isinstance(test, dict) else None
    return {"name": run.name, "state": run.state, "started": str(info.get("started"))[:19], "test_accuracy": accuracy}
