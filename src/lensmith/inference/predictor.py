"""Pixels to probabilities: the same decoding and resizing as training, then ONNX Runtime over the artefact."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from lensmith.data.decode import MAX_PIXELS, Color, Pixels, Resize, decode, resize
from lensmith.data.listing import is_visible, printable
from lensmith.data.reading import read_file
from lensmith.errors import DataError, DecodeError, RunError, UnsafeFile
from lensmith.files import sha256_of
from lensmith.inference.network import BATCH, OnnxNetwork
from lensmith.records import Record
from lensmith.runs import Run
from lensmith.safety import check_onnx_file

T = TypeVar("T")

UNKNOWN = "unknown"
"""The answer where the likeliest class is not likely enough."""
BELONG = "run.json, artifact.json and model.onnx of one run belong together."
MOST_NUMBERS = 2**28
"""Of what a batch of somebody else's model may become on its way through the network: a gigabyte."""


@dataclass(frozen=True)
class FilePrediction(Record):
    """The answer for one file.

    Attributes:
        path: As it was given.
        label: The likeliest class; `None` when the file could not be read, `unknown` when it is rejected.
        probability: Of the likeliest class, a fraction.
        rejected: Whether that is less than the run's rejection threshold; the label is then `unknown`.
        top: Class and probability of the likeliest classes, best first.
        error: Why there is no answer, or `None`.
    """

    path: str
    label: str | None
    probability: float | None
    top: list[tuple[str, float]]
    error: str | None = None
    rejected: bool = False


@dataclass(frozen=True)
class Prediction(Record):
    """Answers of one run's model for some files, in their order."""

    run: str
    predictions: list[FilePrediction]


class Predictor:
    """An exported model, ready to answer."""

    def __init__(self, onnx_file: Path, artifact: dict[str, Any], batch: int = BATCH) -> None:
        """Open the model.

        Args:
            onnx_file: The exported model.
            artifact: What `artifact.json` holds.
            batch: Images at once.

        Raises:
            RunError: The file cannot be opened as a model, or the artefact lacks something.
        """
        self.onnx_file = onnx_file
        # One for all who ask: as many large pictures are in memory as there are cores.
        self._pool = ThreadPoolExecutor(os.cpu_count())
        self._network = OnnxNetwork(onnx_file, batch)
        try:
            self.class_names: tuple[str, ...] = tuple(artifact["class_names"])
            self._size: tuple[int, int] = tuple(artifact["image_size"])
            self._color: Color = artifact["color"]
            self._resize: Resize = artifact["resize"]
            self.temperature = _temperature(artifact.get("temperature"))
            self.rejection_threshold = _fraction(artifact.get("rejection_threshold"))
        except (KeyError, TypeError) as error:
            raise RunError(f"artifact.json beside {onnx_file} lacks {error}.") from None
        self._check_fits()

    @classmethod
    def of_run(cls, run: Run) -> "Predictor":
        """Open a run's model.

        Raises:
            RunError: The run has no model, or that of another run.
            UnsafeFile: It may be somebody else's, and it could do more than a model should.
        """
        artifact = run.artifact
        if not run.onnx_file.exists():
            raise RunError(f"{run.onnx_file} is missing: {BELONG} Copy it, too.")
        if run.trusted:
            return cls(run.onnx_file, artifact)
        run.check_file(run.onnx_file)
        try:
            numbers = check_onnx_file(run.onnx_file)
        except UnsafeFile as error:
            raise UnsafeFile(f"{error} Use --trust if it is your own.") from None
        _check_artifact(artifact, run)
        _check_together(artifact, run)
        return cls(run.onnx_file, artifact, max(1, min(BATCH, MOST_NUMBERS // max(1, numbers))))

    def _check_fits(self) -> None:
        """Make sure that artefact and model are of each other."""
        channels = 1 if self._color == "grayscale" else 3
        wanted = [("images", self._network.input_shape, [*self._size, channels])]
        wanted += [("classes", self._network.output_shape, [len(self.class_names)])]
        for what, found, shape in wanted:
            if found != shape:
                raise RunError(
                    f"artifact.json beside {self.onnx_file} is for {what} of the shape {shape}, the model for {found}."
                )

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of what the model takes."""
        height, width, channels = self._network.input_shape
        return (height, width, channels)

    def probabilities(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Answer for raw pixels: `uint8 (N, H, W, C)` of the model's size to `float32 (N, K)`."""
        return self._network(images)

    def read(self, path: Path) -> Pixels:
        """Decode and resize one file as training did: `uint8 (H, W, C)`.

        Raises:
            DecodeError: It is not an image that can be read.
        """
        return self._decode(read_file(path))

    def predict_files(self, paths: Iterable[Path], top: int = 5) -> list[FilePrediction]:
        """Answer for image files, in their order; a file that cannot be read gets an error instead.

        Args:
            paths: Image files.
            top: How many of the likeliest classes to name.
        """
        return self._predict([(str(path), path) for path in paths], self.read, top)

    def predict_bytes(self, files: Iterable[tuple[str, bytes]], top: int = 5) -> list[FilePrediction]:
        """Answer for image files that have been read, as `predict_files` does.

        Args:
            files: Name and content of each.
            top: How many of the likeliest classes to name.
        """
        return self._predict(list(files), self._decode, top)

    def _decode(self, content: bytes) -> Pixels:
        return resize(decode(content, self._color), self._size, self._resize)

    def _predict(self, files: Sequence[tuple[str, T]], read: Callable[[T], Pixels], top: int) -> list[FilePrediction]:
        def read_or_error(file: tuple[str, T]) -> Pixels | DecodeError:
            try:
                return read(file[1])
            except DecodeError as error:
                return error

        answers = []
        for start in range(0, len(files), BATCH):
            batch = files[start : start + BATCH]
            names = [printable(name) for name, _ in batch]
            answers += self._predict_batch(names, list(self._pool.map(read_or_error, batch)), top)
        return answers

    def _predict_batch(
        self, names: Sequence[str], results: Sequence[Pixels | DecodeError], top: int
    ) -> list[FilePrediction]:
        images = [result for result in results if not isinstance(result, DecodeError)]
        answers = iter(self.probabilities(np.stack(images)) if images else ())
        return [
            FilePrediction(name, None, None, [], str(result))
            if isinstance(result, DecodeError)
            else self._answer(name, next(answers), top)
            for name, result in zip(names, results, strict=True)
        ]

    def _answer(self, name: str, probabilities: npt.NDArray[np.float32], top: int) -> FilePrediction:
        likeliest = np.argsort(-probabilities, kind="stable")[:top]
        named = [(self.class_names[place], float(probabilities[place])) for place in likeliest]
        # In double precision, as the threshold was chosen.
        label, probability = named[0]
        rejected = probability < (self.rejection_threshold or 0.0)
        return FilePrediction(name, UNKNOWN if rejected else label, probability, named, rejected=rejected)


def _temperature(temperature: Any) -> float | None:
    if temperature is None or (isinstance(temperature, (int, float)) and 0 < temperature < float("inf")):
        return temperature
    raise RunError(f"artifact.json: temperature is {temperature!r}, no number above 0.")


def _fraction(threshold: Any) -> float | None:
    """Take a rejection threshold; none answers everything."""
    if threshold is None:
        return None
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not 0 <= threshold <= 1:
        raise RunError(f"artifact.json: rejection_threshold is {threshold!r}, no number from 0 to 1.")
    return float(threshold)


def _check_together(artifact: dict[str, Any], run: Run) -> None:
    """Refuse a run that was put together from several."""
    file, hashes = run.onnx_file, artifact.get("sha256")
    told = hashes.get(file.name) if isinstance(hashes, dict) else None
    if told and told != sha256_of(file):
        raise RunError(f"{file} is not the model that artifact.json beside it is of: {BELONG} Copy all of them anew.")


def _check_artifact(artifact: dict[str, Any], run: Run) -> None:
    """Refuse values that images could not be brought to."""
    match artifact.get("image_size"):
        case [int(height), int(width)] if min(height, width) > 0 and height * width <= MAX_PIXELS:
            pass
        case size:
            raise UnsafeFile(f"{run.path / 'artifact.json'}: image_size is {size!r}, which no image is brought to.")
    for key, known in (("color", get_args(Color)), ("resize", get_args(Resize))):
        if artifact.get(key) not in known:
            raise UnsafeFile(
                f"{run.path / 'artifact.json'}: {key} is {artifact.get(key)!r}, none of {', '.join(known)}."
            )


def image_files(arguments: Sequence[str | Path]) -> list[Path]:
    """List the files that arguments name: files as they are, folders with all but hidden and system files in them.

    Raises:
        DataError: A path that does not exist, or no file at all.
    """
    found: list[Path] = []
    for argument in map(Path, arguments):
        if os.path.isdir(argument):
            inside = (path for path in argument.rglob("*") if not path.is_dir())
            found += sorted(path for path in inside if all(map(is_visible, path.relative_to(argument).parts)))
        elif os.path.exists(argument):
            found.append(argument)
        else:
            raise DataError(f"No such file or folder: {argument}.")
    if not found:
        raise DataError(f"There are no files in {', '.join(map(str, arguments))}.")
    return found
