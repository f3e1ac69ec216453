"""`train --from RUN`: begin with the network of an earlier run."""

import hashlib
from pathlib import Path
from typing import Any

from lensmith.errors import RunError
from lensmith.runs import find_run, runs_root


def settings_from(
    run: str | Path, runs: str | Path | None, *, name: str | None = None, trust: bool = False
) -> dict[str, Any]:
    """Return the settings by which a recipe takes over the network of a run, and sees images as it did.

    Args:
        run: A run folder, a run's name, or `latest`.
        runs: The runs root.
        name: Of the new run.
        trust: Whether the run is one's own.

    Raises:
        RunError: There is no such run, it has no model yet, or the new run would replace it.
        UnsafeFile: Its files are elsewhere.
    """
    found = find_run(run, runs, trust=trust)
    if name is not None and found.path.resolve() == (runs_root(runs) / name).resolve():
        raise RunError(f"A run cannot begin with {found.path} and replace it. Choose another --name.")
    artifact, file = found.artifact, found.keras_file
    found.check_file(file)
    try:
        seen = {f"data.{key}": artifact[key] for key in ("image_size", "color", "resize")}
        content = file.read_bytes()
    except KeyError as error:
        raise RunError(f"{found.path / 'artifact.json'} lacks {error}.") from None
    except OSError as error:
        raise RunError(f"{file} cannot be read: {error.strerror}.") from None
    return seen | {
        "model.layers": None,
        "model.builder": "run",
        "model.weights": str(file.resolve()),
        "model.arguments": {"sha256": hashlib.sha256(content).hexdigest()},
        "model.rescale": False,
    }
