"""The run folder: the only code that knows what it looks like.

```
runs/<name>/
  run.json          state, versions, machine, command, seed, data, times, and the record of `train`
  recipe.toml       resolved
  history.csv       one row an epoch
  checkpoints/      the whole training state after an epoch
  model.keras  model.onnx  artifact.json
  evaluation/       evaluation.json, predictions.csv, *.png
  report.html
```

Every file a reader may look at is replaced by rename, never rewritten in place.
"""

import contextlib
import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lensmith.backend import load_model
from lensmith.errors import RunError, did_you_mean
from lensmith.records import html_table, to_json

STATES = ("running", "finished", "interrupted", "failed", "diverged")


@dataclass(frozen=True)
class Run:
    """A run folder. Attributes are read from its files when asked for."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def info(self) -> dict[str, Any]:
        """What `run.json` holds.

        Raises:
            RunError: The file is missing or damaged.
        """
        return self._read_json("run.json")

    @property
    def artifact(self) -> dict[str, Any]:
        """What `artifact.json` holds: input size, colour, resizing, class names, hashes.

        Raises:
            RunError: The run has not got as far as a model, or the file is damaged.
        """
        if not (self.path / "artifact.json").exists():
            state = self.info.get("state", "unknown")
            raise RunError(
                f"Run {self.name} has no model yet: its state is {state!r}. "
                f"Go on with it: lensmith train --resume {self.path}"
            )
        return self._read_json("artifact.json")

    @property
    def model(self) -> Any:
        """The trained model as a plain `keras.Model`: raw pixels 0 to 255 in, probabilities out."""
        if not self.keras_file.exists():
            raise RunError(f"Run {self.name} has no model.keras yet: its state is {self.info.get('state')!r}.")
        try:
            return load_model(self.keras_file)
        except Exception as error:  # Keras, zipfile and HDF5 each have their own for a damaged file
            raise RunError(f"{self.keras_file} cannot be read as a model: {error}") from error

    @property
    def keras_file(self) -> Path:
        """`model.keras`."""
        return self.path / "model.keras"

    @property
    def onnx_file(self) -> Path:
        """`model.onnx`."""
        return self.path / "model.onnx"

    @property
    def recipe_file(self) -> Path:
        """`recipe.toml`."""
        return self.path / "recipe.toml"

    @property
    def history_file(self) -> Path:
        """`history.csv`."""
        return self.path / "history.csv"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def evaluation(self) -> Path:
        """The folder of what `evaluate` finds; made when asked for."""
        folder = self.path / "evaluation"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def report_file(self) -> Path:
        """`report.html`."""
        return self.path / "report.html"

    def _repr_html_(self) -> str:
        info = self.info
        result = info.get("result") or {}
        shown = {"run": str(self.path), "state": info.get("state"), **result}
        return html_table("Run", shown)

    def update(self, **values: Any) -> None:
        """Change values of `run.json`."""
        write_text(self.path / "run.json", to_json({**self.info, **values}))

    def _read_json(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunError(f"{self.path} is not a run: it has no {name}.") from None
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path / name} cannot be read: {error}.") from None
        if not isinstance(found, dict):
            raise RunError(f"{self.path / name} does not hold what it should: expected a JSON object.")
        return found


def runs_root(runs: str | Path | None = None) -> Path:
    """Return the folder that runs are in: `runs`, else `$LENSMITH_RUNS`, else `./runs`."""
    return Path(runs or os.environ.get("LENSMITH_RUNS") or "runs")


def check_destination(name: str | None, runs: str | Path | None, *, force: bool = False) -> Path:
    """Make sure, before any work is done, that a run of this name can be created.

    Returns:
        The runs root, which exists.

    Raises:
        RunError: The name exists, is not a folder's name, or the root cannot be written.
    """
    root = runs_root(runs)
    if name is not None and (not name.strip() or name in (".", "..", "latest") or Path(name).name != name):
        raise RunError(
            f"{name!r} cannot be a run's name: it must be the name of one folder, without / in it, and not 'latest'."
        )
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except FileExistsError:
        raise RunError(f"{root} is a file; runs need a folder there. Choose another with --runs.") from None
    except OSError as error:
        raise RunError(
            f"The runs folder {root} cannot be written: {error.strerror}. Choose another with --runs."
        ) from None
    if name is None or not os.path.exists(root / name):  # unlike Path.exists, it does not raise for a long name
        return root
    if not (root / name / "run.json").exists():
        raise RunError(f"{root / name} exists and is not a run, so it is never replaced. Choose another --name.")
    if not force:
        raise RunError(f"A run named {name!r} exists in {root}. Choose another --name, or replace it with --force.")
    return root


def create_run(stem: str, name: str | None, runs: str | Path | None, *, force: bool = False) -> Run:
    """Make a new run folder; nothing is overwritten unless `force`.

    Args:
        stem: What an automatic name begins with: `<stem>-<n>`.
        name: A name of the user's, or `None`.
        runs: The runs root.
        force: Replace a run of that name. A folder that is not a run is never replaced.

    Raises:
        RunError: As `check_destination`.
    """
    root = check_destination(name, runs, force=force)
    try:
        if name is None:
            path = _make_next_free(root, re.sub(r"[^\w.-]+", "-", stem))
        else:
            path = root / name
            if force and path.exists():
                shutil.rmtree(path)
            path.mkdir()
        (path / "checkpoints").mkdir()
    except OSError as error:
        raise RunError(f"The run cannot be made in {root}: {error.strerror}.") from None
    write_text(path / "run.json", to_json({"state": "running", "started": now()}))
    return Run(path)


def find_run(run: str | Path, runs: str | Path | None = None) -> Run:
    """Find a run by its folder, by its name under the runs root, or as `latest`.

    Raises:
        RunError: There is none; with the nearest name.
    """
    if isinstance(run, Path) or (os.sep in str(run) and str(run) != "latest"):
        path = Path(run)
        if not os.path.exists(path / "run.json"):
            raise RunError(f"{path} is not a run: it has no run.json.")
        return Run(path)
    root = runs_root(runs)
    found = list_runs(runs)
    if run == "latest":
        if not found:
            raise RunError(f"There are no runs in {root} yet. Make one with: lensmith train DATA")
        return found[-1]
    for candidate in (root / run, Path(run)):
        if os.path.exists(candidate / "run.json"):
            return Run(candidate)
    raise RunError(f"No run named {run!r} in {root}.{did_you_mean(run, ['latest', *(its.name for its in found)])}")


def list_runs(runs: str | Path | None = None) -> list[Run]:
    """List the runs under the root, oldest first by their `run.json`."""
    found = []
    for file in runs_root(runs).glob("*/run.json"):
        with contextlib.suppress(RunError):
            run = Run(file.parent)
            found.append((str(run.info.get("started", "")), run.name, run))
    return [run for _, _, run in sorted(found, key=lambda item: item[:2])]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and rename it to `path` when all went well and it is on disk.

    The temporary file has the same ending, because Keras looks at it.

    Raises:
        RunError: It cannot be written; what was there before is untouched.
    """
    temporary = None
    try:
        handle, name = tempfile.mkstemp(prefix=".", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old one or the new one, never half of it."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def now() -> str:
    """Return the time, UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _make_next_free(root: Path, stem: str) -> Path:
    """Make the folder `<stem>-<n>` with the next free n; another process may be doing the same."""
    pattern = re.compile(re.escape(stem) + r"-(\d+)", re.IGNORECASE)
    taken = [int(match[1]) for entry in root.iterdir() if (match := pattern.fullmatch(entry.name))]
    for n in itertools.count(max(taken, default=0) + 1):
        path = root / f"{stem}-{n}"
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            break
    return path
