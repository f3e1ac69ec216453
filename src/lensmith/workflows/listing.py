"""`datasets` and `runs`: rows of what there is."""

from pathlib import Path
from typing import Any

from lensmith.data import BUILTINS
from lensmith.runs import list_runs


def dataset_rows() -> list[dict[str, Any]]:
    """List the data sets known by name."""
    return [
        {"name": name, "images": BUILTINS[name].images, "description": BUILTINS[name].description} for name in BUILTINS
    ]


def run_rows(runs: str | Path | None) -> list[dict[str, Any]]:
    """List the runs under the root, oldest first, with state and test accuracy (a fraction)."""
    rows = []
    for run in list_runs(runs):
        info = run.info
        test = (info.get("result") or {}).get("test") or {}
        started = str(info.get("started"))[:19]
        rows.append(
            {"name": run.name, "state": info.get("state"), "started": started, "test_accuracy": test.get("accuracy")}
        )
    return rows
