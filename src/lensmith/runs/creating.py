"""Make run folders, and never over anything that is there unless that is asked for."""

import contextlib
import errno
import itertools
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lensmith.errors import RunError
from lensmith.files import new_folder, not_written, remove_abandoned, write_bytes
from lensmith.locks import locked
from lensmith.records import to_json
from lensmith.runs.finding import runs_root
from lensmith.runs.run import Run, now


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
        raise RunError(f"{not_written(root, error)} Choose another folder with --runs.") from None
    # Unlike Path.exists, it does not raise for a long name.
    if name is None or not os.path.exists(root / name) or _is_empty_folder(root / name):
        return root
    if not (root / name / "run.json").exists():
        raise RunError(f"{root / name} exists and is not a run, so it is never replaced. Choose another --name.")
    if not force:
        raise RunError(f"A run named {name!r} exists in {root}. Choose another --name, or replace it with --force.")
    return root


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def create_run(
    stem: str,
    name: str | None,
    runs: str | Path | None,
    *,
    force: bool = False,
    info: Mapping[str, Any] | None = None,
    recipe: str = "",
) -> Run:
    """Make a new run folder, with all it needs to be resumed from the first moment on.

    Nothing is overwritten unless `force`.

    Args:
        stem: What an automatic name begins with: `<stem>-<n>`.
        name: A name of the user's, or `None`.
        runs: The runs root.
        force: Replace a run of that name. A folder that is not a run is never replaced.
        info: What `run.json` is to hold beside state and time.
        recipe: What `recipe.toml` is to hold.

    Raises:
        RunError: As `check_destination`; or the run to be replaced is being trained.
    """
    root = check_destination(name, runs, force=force)
    text = to_json({"state": "running", "started": now(), **(info or {})})
    remove_abandoned(root)
    for path in [root / name] if name else _free_names(root, re.sub(r"[^\w.-]+", "-", stem)):
        try:
            with _unused(path, force=force), new_folder(path, replace=force) as folder:
                (folder / "checkpoints").mkdir()
                if recipe:
                    write_bytes(folder / "recipe.toml", recipe.encode())
                write_bytes(folder / "run.json", text.encode())
            return Run(path)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise RunError(f"No run was made: {not_written(path, error)}") from None
            if name:  # another process was quicker
                raise RunError(f"A run named {name!r} exists in {root}. Choose another --name.") from None
    raise AssertionError("there is always another number")


@contextlib.contextmanager
def _unused(path: Path, *, force: bool) -> Iterator[None]:
    """Make sure that nobody trains what is to be replaced."""
    if force and path.exists():
        with locked(path):
            yield
    else:
        yield


def _free_names(root: Path, stem: str) -> Iterator[Path]:
    """Yield `<stem>-<n>` from the next free n on; another process may take it first."""
    pattern = re.compile(re.escape(stem) + r"-(\d+)", re.IGNORECASE)
    taken = [int(match[1]) for entry in root.iterdir() if (match := pattern.fullmatch(entry.name))]
    return (root / f"{stem}-{n}" for n in itertools.count(max(taken, default=0) + 1))
