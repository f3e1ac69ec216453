"""Find runs: by folder, by name, the latest, all."""

import contextlib
import os
from pathlib import Path

from lensmith.errors import LensmithError, RunError, did_you_mean
from lensmith.files import UNFINISHED
from lensmith.runs.run import Run


def runs_root(runs: str | Path | None = None) -> Path:
    """Return the folder that runs are in: `runs`, else `$LENSMITH_RUNS`, else `./runs`."""
    return Path(runs or os.environ.get("LENSMITH_RUNS") or "runs")


def find_run(run: str | Path, runs: str | Path | None = None, *, trust: bool = False) -> Run:
    """Find a run by its folder, by its name under the runs root, or as `latest`.

    Args:
        run: Which.
        runs: The runs root.
        trust: Whether its model is one's own: then it is not looked into before it is loaded.

    Raises:
        RunError: There is none; with the nearest name.
    """
    if isinstance(run, Path) or (os.sep in str(run) and str(run) != "latest"):
        path = Path(run)
        if not os.path.exists(path / "run.json"):
            raise RunError(f"{path} is not a run: it has no run.json.")
        return Run(path, trust)
    root = runs_root(runs)
    found = list_runs(runs)
    if run == "latest":
        if not found:
            raise RunError(f"There are no runs in {root} yet. Make one with: lensmith train DATA")
        return Run(found[-1].path, trust)
    for candidate in (root / run, Path(run)):
        if os.path.exists(candidate / "run.json"):
            return Run(candidate, trust)
    raise RunError(f"No run named {run!r} in {root}.{did_you_mean(run, ['latest', *(its.name for its in found)])}")


def list_runs(runs: str | Path | None = None) -> list[Run]:
    """List the runs under the root, oldest first by their `run.json`."""
    found = []
    for file in runs_root(runs).glob("*/run.json"):
        if file.parent.name.startswith(UNFINISHED):
            continue
        with contextlib.suppress(LensmithError):
            run = Run(file.parent)
            found.append((str(run.info.get("started", "")), run.name, run))
    return [run for _, _, run in sorted(found, key=lambda item: item[:2])]
