"""A run folder, read from its files when asked."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lensmith.backend import load_model
from lensmith.errors import LensmithError, RunError, UnsafeFile
from lensmith.files import not_written, write_text
from lensmith.locks import is_locked
from lensmith.records import html_table, to_json
from lensmith.safety import read_json


@dataclass(frozen=True)
class Run:
    """A run folder. Attributes are read from its files when asked for.

    Attributes:
        path: The folder.
        trusted: Whether its files are one's own, so that nobody looks into them before they are used.
    """

    path: Path
    trusted: bool = False

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
    def state(self) -> str:
        """What has become of the run: what `run.json` says, or `killed` where it had no time to say so itself."""
        state = str(self.info.get("state", "unknown"))
        return "killed" if state == "running" and is_locked(self.path) is False else state

    @property
    def artifact(self) -> dict[str, Any]:
        """What `artifact.json` holds: input size, colour, resizing, class names, hashes.

        Raises:
            RunError: The run has not got as far as a model, or the file is damaged.
        """
        if not (self.path / "artifact.json").exists():
            raise RunError(
                f"Run {self.name} has no model yet: its state is {self.state!r}. "
                f"Go on with it: lensmith train --resume {self.path}"
            )
        return self._read_json("artifact.json")

    @property
    def model(self) -> Any:
        """The trained model as a plain `keras.Model`: raw pixels 0 to 255 in, probabilities out.

        Raises:
            RunError: There is none, or it cannot be read.
            UnsafeFile: It may be somebody else's, and it could do more than a model should.
        """
        if not self.keras_file.exists():
            raise RunError(f"Run {self.name} has no model.keras yet: its state is {self.state!r}.")
        self.check_file(self.keras_file)
        try:
            return load_model(self.keras_file, trusted=self.trusted)
        except LensmithError:
            raise
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
        return self._made(self.path / "evaluation")

    def evaluation_of(self, split: str) -> Path:
        """The folder of what `evaluate` finds about a split; made when asked for."""
        return self.evaluation if split == "test" else self._made(self.evaluation / split)

    @property
    def report_file(self) -> Path:
        """`report.html`."""
        return self.path / "report.html"

    def check_file(self, path: Path) -> None:
        """Refuse a file or folder of the run that is a link to one elsewhere, or none at all but a pipe or a device.

        Raises:
            UnsafeFile: It is, and the run is not trusted.
        """
        if self.trusted:
            return
        place, here = os.path.realpath(path), os.path.realpath(self.path)
        if not place.startswith(here + os.sep):
            raise UnsafeFile(f"{path} is a link to {place}, outside the run. Use --trust if that is yours.")
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UnsafeFile(f"{path} is neither a file nor a folder.")

    def _repr_html_(self) -> str:
        info = self.info
        result = info.get("result") or {}
        shown = {"run": str(self.path), "state": self.state, **result}
        return html_table("Run", shown)

    def update(self, **values: Any) -> None:
        """Change values of `run.json`."""
        write_text(self.path / "run.json", to_json({**self.info, **values}))

    def _made(self, folder: Path) -> Path:
        self.check_file(folder)
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise RunError(not_written(folder, error)) from None
        return folder

    def _read_json(self, name: str) -> dict[str, Any]:
        self.check_file(self.path / name)
        try:
            found = read_json(self.path / name)
        except FileNotFoundError:
            raise RunError(f"{self.path} is not a run: it has no {name}.") from None
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path / name} cannot be read: {error}.") from None
        if not isinstance(found, dict):
            raise RunError(f"{self.path / name} does not hold what it should: expected a JSON object.")
        return found


def now() -> str:
    """Return the time, UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
