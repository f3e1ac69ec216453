"""What a network makes of images before its last layer, computed once for each image and kept in the cache.

The cache is `$LENSMITH_HOME/features/<network>/`, with the network as `network.onnx` and a folder for each data set:
`values` (raw `float32`, a row an image) and `done` (a byte an image). It is safe to delete.
"""

import contextlib
import hashlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.backend import backend_name, export_onnx, versions
from lensmith.data import CACHE_VERSION, Dataset, Progress, Split, lensmith_home
from lensmith.errors import DataError, ExportError
from lensmith.files import not_written, replacing
from lensmith.inference import OnnxNetwork
from lensmith.models import leaves

Floats = npt.NDArray[np.float32]
Answer = Callable[[npt.NDArray[np.uint8]], Floats]

BATCH, MEASURED = 32, 5
KEPT_EVERY = 64
"""Batches after which what is computed is flushed to disk."""
# Part of the key: to be raised whenever a network of the same settings comes to other features.
FEATURES_VERSION = 1


class Features:
    """The features of the images of a data set, by one network."""

    def __init__(self, network: Any, dataset: Dataset) -> None:
        """Look up what is known of them.

        Args:
            network: A `keras.Sequential`; its last layer, and a `Dropout` before it, have no part in this.
            dataset: The images.
        """
        self._network, self._rows = network, len(dataset.train.store)
        self._width = int(network.layers[-1].kernel.shape[0])
        self._some = dataset.train.take(np.arange(min(BATCH, len(dataset.train))))
        self._of_network = lensmith_home() / "features" / _key_of_network(network)
        self._folder = self._of_network / _key_of_images(dataset)

    def of_all(self, splits: Sequence[Split], progress: Progress) -> list[Floats]:
        """Return the features of each split, `(N, D)`; those that are not known yet are computed.

        Args:
            splits: Of the data set.
            progress: Called with images done and images in all, of those to be computed.

        Raises:
            DataError: The cache cannot be written.
        """
        from filelock import FileLock

        with self._writable(), FileLock(self._of_network / "lock"):
            self._folder.mkdir(exist_ok=True)
            values, done = self._open()
            missing = [split.take(np.flatnonzero(done[split.indices] == 0)) for split in splits]
            if any(map(len, missing)):
                self._compute(missing, values, done, progress)
            return [np.asarray(values[split.indices]) for split in splits]

    def count_unknown(self, splits: Sequence[Split]) -> int:
        """Return of how many images the features are to be computed yet."""
        if not self._are_whole():
            return sum(map(len, splits))
        done = np.fromfile(self._folder / "done", np.uint8)
        return sum(int((done[split.indices] == 0).sum()) for split in splits)

    def measure(self) -> float:
        """Return how many images a second features are computed of, from a batch of the training images.

        The median of a few times: other work on the machine may make one of them several times too long.
        """
        with self._writable():
            answer = self._answer()
        images = self._some.read()
        answer(images)  # the first call makes things ready
        times = []
        for _ in range(MEASURED):
            began = time.perf_counter()
            answer(images)
            times.append(time.perf_counter() - began)
        return len(images) / statistics.median(times)

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        """Make the folder, and say what to do where it cannot be written."""
        try:
            self._of_network.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise DataError(
                f"The features could not be kept. {not_written(self._folder, error)} Or set LENSMITH_HOME to another "
                "folder."
            ) from None

    def _open(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        """Map both files into memory; those of another size are begun anew."""
        values, done = (self._folder / name for name in ("values", "done"))
        if not self._are_whole():
            done.unlink(missing_ok=True)  # first: never a byte that says done beside values that are not there
            values.unlink(missing_ok=True)
            for path, size in self._sizes().items():
                with path.open("wb") as file:
                    _allocate(file.fileno(), size)
        shape = (self._rows, self._width)
        return np.memmap(values, np.float32, "r+", shape=shape), np.memmap(done, np.uint8, "r+", shape=(self._rows,))

    def _are_whole(self) -> bool:
        return all(path.exists() and path.stat().st_size == size for path, size in self._sizes().items())

    def _sizes(self) -> dict[Path, int]:
        """Return how many bytes each file has, the one that is made last at the end."""
        values = self._rows * self._width * np.dtype(np.float32).itemsize
        return {self._folder / "values": values, self._folder / "done": self._rows}

    def _compute(
        self,
        splits: Sequence[Split],
        values: npt.NDArray[np.float32],
        done: npt.NDArray[np.uint8],
        progress: Progress,
    ) -> None:
        """Compute a batch while the next is read."""
        answer, total, count = self._answer(), sum(map(len, splits)), 0
        batches = [
            split.take(np.arange(start, min(start + BATCH, len(split))))
            for split in splits
            for start in range(0, len(split), BATCH)
        ]
        waiting: list[npt.NDArray[np.int64]] = []
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(batches[0].read)
            for place, batch in enumerate(batches, 1):
                images = coming.result()
                if place < len(batches):
                    coming = reader.submit(batches[place].read)
                values[batch.indices] = answer(images)
                waiting.append(batch.indices)
                if len(waiting) == KEPT_EVERY or place == len(batches):
                    _keep(values, done, waiting)
                    waiting.clear()
                count += len(batch)
                progress(count, total)

    def _answer(self) -> Answer:
        """Return what computes features: ONNX Runtime, which is several times as fast, where the network has that form.

        It is written once for all data sets.
        """
        file = self._of_network / "network.onnx"
        if file.exists():
            return OnnxNetwork(file, BATCH)
        backbone = _without_last(self._network)
        try:
            with tempfile.TemporaryDirectory() as folder, replacing(file) as written:
                keras_file = Path(folder) / "network.keras"
                backbone.save(keras_file)
                export_onnx(keras_file, written)
        except ExportError:
            return lambda images: np.asarray(backbone.predict_on_batch(images.astype(np.float32)), np.float32)
        return OnnxNetwork(file, BATCH)


def _allocate(file: int, size: int) -> None:
    """Make a file of zeros that has its place on disk: to run out of it later would end the process."""
    if hasattr(os, "posix_fallocate") and size:
        os.posix_fallocate(file, 0, size)
    else:
        os.ftruncate(file, size)


def _keep(values: npt.NDArray[np.float32], done: npt.NDArray[np.uint8], rows: Sequence[npt.NDArray[np.int64]]) -> None:
    """Have values on disk, then say so."""
    values.flush()  # type: ignore[attr-defined]
    done[np.concatenate(rows)] = 1
    done.flush()  # type: ignore[attr-defined]


def _key_of_network(network: Any) -> str:
    """Name a network by all that decides what it makes of an image before its last layer: layers and weights."""
    kept = _before_last(network.layers)
    known = [
        FEATURES_VERSION,
        backend_name(),
        versions()["keras"],
        network.input_shape,
        *map(_description, leaves(kept)),
    ]
    digest = hashlib.sha256(json.dumps(known, default=str).encode())
    for layer in kept:
        for weights in layer.get_weights():
            digest.update(np.ascontiguousarray(weights).data)
    return digest.hexdigest()[:32]


def _description(layer: Any) -> list[Any]:
    """Describe a layer but for its name, which may be another one each time."""
    config = {name: value for name, value in layer.get_config().items() if name not in ("name", "trainable")}
    return [type(layer).__name__, config]


def _key_of_images(dataset: Dataset) -> str:
    """Name images by what they are and how they were brought to one size and colour."""
    brought_to = [*dataset.image_shape, dataset.resize, dataset.color]
    known = [dataset.fingerprint, *brought_to, CACHE_VERSION, versions()["pillow"]]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:32]


def _before_last(layers: Sequence[Any]) -> list[Any]:
    """Leave out the last layer, and what drops the features that go into it."""
    import keras

    kept = list(layers[:-1])
    while kept and isinstance(kept[-1], keras.layers.Dropout):
        kept.pop()
    return kept


def _without_last(network: Any) -> Any:
    """Copy a network without its last layer: layers that belong to two networks have no one place in either."""
    import keras

    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return keras.Sequential([keras.Input(network.input_shape[1:]), *_before_last(copy.layers)])
