"""Images that come as NumPy arrays: `.npz` files, and what the built-in data sets hold."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lensmith.data.cache import native_or_photo_size
from lensmith.data.dataset import Images, Labels
from lensmith.data.decode import Color, recolor, resize
from lensmith.errors import DataError

if TYPE_CHECKING:
    # Pydantic stays out of `predict`, which needs no recipe.
    from lensmith.config import DataConfig

SPLIT_SUFFIXES = {"train": "train", "validation": "val", "test": "test"}
"""How the arrays of each split end: `x_val`, `y_val`."""
ARRAYS = {f"{letter}_{suffix}" for suffix in SPLIT_SUFFIXES.values() for letter in "xy"} | {"class_names"}
LARGEST_FRACTION = 1.001
"""Floating-point pixels up to here are fractions: scaling to 0 to 1 may round a little above 1."""


def read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays of a `.npz` file that lensmith knows by name; never unpickles.

    Raises:
        DataError: Not an NPZ file, an array of objects, or `x_train` or `y_train` missing.
    """
    _check_is_npz(path)
    try:
        # Opened here, for NumPy leaves a damaged file open.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = sorted(file.files)
            arrays = {name: np.asarray(file[name]) for name in found if name in ARRAYS}
    except Exception as error:  # zip, its compressions and NumPy each have their own for each kind of damage
        why = str(error) or type(error).__name__
        if "allow_pickle" in why:
            why = "it holds Python objects, which are never unpickled. Store numbers, or names as str"
        raise DataError(f"{path} cannot be read as NPZ: {why}.") from None
    for name in ("x_train", "y_train"):
        if name not in arrays:
            raise DataError(
                f"{path} has no {name}; it holds {', '.join(found) or 'nothing'}. "
                "Expected x_train, y_train and perhaps x_test, y_test."
            )
    for suffix in ("val", "test"):
        if (f"x_{suffix}" in arrays) != (f"y_{suffix}" in arrays):
            raise DataError(f"{path} has only one of x_{suffix} and y_{suffix}. Add the other, or remove it.")
    return arrays


def _check_is_npz(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(6)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    if start == b"\x93NUMPY":
        raise DataError(f"{path} is a single array (.npy). Expected an NPZ with x_train and y_train.")
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is not an NPZ file, or only a part of one. Make it with np.savez.")


def to_images(values: npt.NDArray[Any], where: str) -> Images:
    """Bring an array of images to `uint8 (N, H, W, C)`, C 1 or 3.

    Whole numbers must be 0 to 255; `uint16` that goes beyond is scaled by 1/257. Floating-point values are
    taken as 0 to 1 when none is above 1, else as 0 to 255.

    Raises:
        DataError: NaN or infinite values (with the first image that has one), values out of range, another
            shape.
    """
    if values.ndim == 3:
        values = values[..., np.newaxis]
    if values.ndim != 4 or values.shape[3] not in (1, 3) or 0 in values.shape:
        raise DataError(
            f"{where} has the shape {values.shape}; expected (N, H, W), (N, H, W, 1) or (N, H, W, 3) with N at least 1."
        )
    if values.dtype.kind not in "iuf":
        raise DataError(f"{where} has the type {values.dtype}; expected uint8 pixels, 0 to 255.")
    return values if values.dtype == np.uint8 else _to_eight_bit(values, where)


def _to_eight_bit(values: npt.NDArray[Any], where: str) -> Images:
    if values.dtype.kind == "f":
        _check_finite(values, where)
    low, high = float(values.min()), float(values.max())
    if values.dtype == np.uint16 and high > 255:
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if low < 0 or high > 255:
        raise DataError(f"{where} has values from {low:g} to {high:g}; expected pixels 0 to 255 (or 0 to 1).")
    if values.dtype.kind == "f" and high <= LARGEST_FRACTION:
        values = np.minimum(values, 1) * 255
    return np.asarray(np.rint(values), np.uint8)


def _check_finite(values: npt.NDArray[Any], where: str) -> None:
    finite = np.isfinite(values).all(axis=(1, 2, 3))
    if not finite.all():
        raise DataError(
            f"{where} has NaN or infinite pixels in {np.count_nonzero(~finite)} of {len(values)} images, "
            f"first in image {int(np.argmin(finite))}. Take these images out, or make them again."
        )


def to_labels(values: npt.NDArray[Any], n: int, where: str) -> npt.NDArray[Any]:
    """Bring labels to whole numbers or names `(N,)`.

    Raises:
        DataError: Another length or shape, fractions, negative numbers.
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2:
        raise DataError(
            f"{where} has the shape {values.shape}; expected one label an image, (N,). "
            "For one-hot rows store y.argmax(axis=1)."
        )
    if values.shape != (n,):
        raise DataError(f"{where} has the shape {values.shape} for {n} images; expected ({n},).")
    if values.dtype.kind == "f" and np.isfinite(values).all() and (values == np.rint(values)).all():
        values = values.astype(np.int64)
    if values.dtype.kind not in "iuUb":
        raise DataError(f"{where} has the type {values.dtype}; expected whole numbers from 0 on, or names.")
    if values.dtype.kind == "i" and values.min() < 0:
        raise DataError(f"{where} has the negative label {values.min()}; expected whole numbers from 0 on.")
    return values


def to_class_names(values: npt.NDArray[Any], where: str) -> tuple[str, ...]:
    """Bring the array `class_names` to names.

    Raises:
        DataError: Not a list of `str`, or a name twice.
    """
    if values.ndim != 1 or values.dtype.kind != "U":
        raise DataError(f"{where} has the shape {values.shape} of {values.dtype}; expected (K,) of str.")
    names = tuple(values.tolist())
    if len(set(names)) < len(names):
        raise DataError(f"{where} has a name twice: {', '.join(names)}. Give every class a name of its own.")
    return names


def to_class_indices(
    labels: Mapping[str, npt.NDArray[Any]], class_names: tuple[str, ...] | None, where: str
) -> tuple[dict[str, Labels], tuple[str, ...]]:
    """Turn labels into indices of class names; classes are those of the training labels, sorted.

    With `class_names` given, whole numbers are indices into them.

    Raises:
        DataError: A label beyond `class_names`, or one that the training labels lack.
    """
    if class_names is None:
        values = np.unique(labels["train"]).tolist()
    else:
        values = list(class_names if labels["train"].dtype.kind == "U" else range(len(class_names)))
    names = class_names or tuple(str(value) for value in values)
    index_of = {value: index for index, value in enumerate(values)}
    indices = {}
    for split, its_labels in labels.items():
        distinct, places = np.unique(its_labels, return_inverse=True)
        unknown = [str(value) for value in distinct.tolist() if value not in index_of]
        if unknown:
            known = "class_names" if class_names else "the training labels"
            raise DataError(f"{where}: the {split} labels hold {', '.join(unknown[:5])}, which {known} lack.")
        indices[split] = np.array([index_of[value] for value in distinct.tolist()], np.int64)[places]
    if len(names) < 2:
        raise DataError(f"{where} has one class only: {', '.join(names)}. A classifier needs at least two classes.")
    return indices, names


def fit_arrays(splits: Mapping[str, Images], config: "DataConfig") -> tuple[Images, Color]:
    """Put the splits one after another in one store of the size and colour the configuration wants."""
    shapes = {images.shape[1:] for images in splits.values()}
    if len(shapes) > 1:
        found = ", ".join(str(shape) for shape in sorted(shapes))
        raise DataError(f"The splits hold images of different shapes: {found}. Bring them to one.")
    ((height, width, channels),) = shapes
    store = np.concatenate(list(splits.values())) if len(splits) > 1 else next(iter(splits.values()))
    color: Color = ("rgb" if channels == 3 else "grayscale") if config.color == "auto" else config.color
    size = native_or_photo_size(config, {(height, width)})
    if size == (height, width) and channels == (3 if color == "rgb" else 1):
        return store, color
    fitted = np.empty((len(store), *size, 3 if color == "rgb" else 1), np.uint8)  # at once: they may be gigabytes
    for place, image in enumerate(store):
        fitted[place] = resize(recolor(image, color), size, config.resize)
    return fitted, color
