"""DATA: a built-in name, a folder, a `.csv` or a `.npz`, opened as a `Dataset`."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.config import DataConfig
from lensmith.data.arrays import fit_arrays, read_npz, to_class_indices, to_images, to_labels
from lensmith.data.builtin import BUILTINS, load_builtin
from lensmith.data.cache import Progress, decode_files
from lensmith.data.dataset import Dataset, Skipped, Split
from lensmith.data.listing import Listing, list_csv, list_folder
from lensmith.data.splitting import split_off
from lensmith.errors import DataError, did_you_mean
from lensmith.registry import Registry


@dataclass(frozen=True)
class Loaded:
    """Images of one source before splits are made: one store, and who belongs to which split.

    Attributes:
        splits: By name; just `train` when the data does not come split.
        fingerprint_parts: Bytes that stand for the images, such as hashes of their files.
    """

    splits: dict[str, Split]
    class_names: tuple[str, ...]
    fingerprint_parts: list[bytes]
    color: str
    skipped: tuple[Skipped, ...] = ()


Reader = Callable[[str, DataConfig, Progress | None], Loaded]
SOURCES: Registry[Reader] = Registry("kind of data", DataError)


def open_dataset(source: str | Path, config: DataConfig, seed: int = 0, progress: Progress | None = None) -> Dataset:
    """Open DATA and make the splits it does not come with.

    Args:
        source: A built-in name, a folder, a `.csv` or a `.npz`. A built-in name wins over a folder of that
            name; write `./mnist` for the folder.
        config: Size, colour, resizing, and split fractions.
        seed: Of the split; the same seed gives the same split.
        progress: Called with files done and files in all while image files are decoded.

    Raises:
        DataError: Anything about the data that a classifier cannot be trained on.
    """
    kind = kind_of(str(source))
    loaded = SOURCES[kind](str(source), config, progress)
    splits, origin = _complete(loaded, config, seed)
    for name, split in splits.items():
        if not len(split):
            raise DataError(f"The {name} split of {source} is empty.")
    return Dataset(
        name=str(source) if kind == "builtin" else Path(source).resolve().stem,
        source=str(source) if kind == "builtin" else str(Path(source).resolve()),
        class_names=loaded.class_names,
        train=splits["train"],
        validation=splits.get("validation"),
        test=splits.get("test"),
        skipped=loaded.skipped,
        fingerprint=_fingerprint(loaded),
        color=loaded.color,
        resize=config.resize,
        split_origin=origin,
    )


def kind_of(source: str) -> str:
    """Tell which registered kind of data a DATA argument is.

    Raises:
        DataError: No such path, or a file that is neither CSV nor NPZ.
    """
    if source in BUILTINS:
        return "builtin"
    path = Path(source)
    if path.is_dir():
        return "folder"
    if not path.exists():
        raise DataError(f"No such data: {source}. It is neither a path nor a data set known by name.{did_you_mean(source, BUILTINS)}")
    kind = path.suffix.lower().removeprefix(".")
    if kind in ("csv", "npz"):
        return kind
    raise DataError(f"{source} is a file of a kind that is not read as data. Expected a folder of class folders, a .csv or a .npz.")


@SOURCES.register("builtin")
def _read_builtin(source: str, config: DataConfig, progress: Progress | None) -> Loaded:
    del progress
    return _from_arrays(load_builtin(source), config, source, BUILTINS[source].class_names)


@SOURCES.register("npz")
def _read_npz(source: str, config: DataConfig, progress: Progress | None) -> Loaded:
    del progress
    arrays = read_npz(Path(source))
    class_names = tuple(str(name) for name in arrays["class_names"]) if "class_names" in arrays else None
    return _from_arrays(arrays, config, source, class_names)


@SOURCES.register("folder")
def _read_folder(source: str, config: DataConfig, progress: Progress | None) -> Loaded:
    return _from_listing(list_folder(Path(source)), config, source, progress)


@SOURCES.register("csv")
def _read_csv(source: str, config: DataConfig, progress: Progress | None) -> Loaded:
    return _from_listing(list_csv(Path(source)), config, source, progress)


def _from_arrays(arrays: dict[str, npt.NDArray[Any]], config: DataConfig, where: str, class_names: tuple[str, ...] | None) -> Loaded:
    suffixes = {"train": "train", "validation": "val", "test": "test"}
    present = {split: suffix for split, suffix in suffixes.items() if f"x_{suffix}" in arrays}
    images = {split: to_images(arrays[f"x_{suffix}"], f"{where}: x_{suffix}") for split, suffix in present.items()}
    labels = {
        split: to_labels(arrays[f"y_{suffix}"], len(images[split]), f"{where}: y_{suffix}")
        for split, suffix in present.items()
    }
    indices, names = to_class_indices(labels, class_names, where)
    store, color = fit_arrays(images, config)
    splits, start = {}, 0
    for split, suffix in present.items():
        rows = np.arange(start, start + len(images[split]))
        splits[split] = Split(store, rows, indices[split], [f"x_{suffix}[{row - start}]" for row in rows])
        start += len(rows)
    return Loaded(splits, names, [np.ascontiguousarray(store).data.cast("B")], color)


def _from_listing(listing: Listing, config: DataConfig, where: str, progress: Progress | None) -> Loaded:
    decoded = decode_files([file.path for file in listing.files], config, progress)
    skipped = [Skipped(listing.files[place].name, reason, detail) for place, reason, detail in decoded.problems]
    if not decoded.kept:
        examples = "; ".join(f"{its.path}: {its.reason}" for its in skipped[:3])
        raise DataError(f"{where}: none of {len(listing.files)} files is an image that can be used{f' ({examples})' if examples else ''}.")
    files = [listing.files[place] for place in decoded.kept]
    labels = np.array([listing.class_names.index(file.label) for file in files], np.int64)
    splits = {}
    for split in ("train", "validation", "test"):
        rows = np.flatnonzero([(file.split or "train") == split for file in files])
        if len(rows) or any(file.split == split for file in listing.files):
            splits[split] = Split(decoded.pixels, rows, labels[rows], [files[row].name for row in rows])
    parts = ["\n".join(decoded.hashes).encode(), str(decoded.pixels.shape).encode()]
    return Loaded(splits, listing.class_names, parts, decoded.color, (*listing.skipped, *skipped))


def _complete(loaded: Loaded, config: DataConfig, seed: int) -> tuple[dict[str, Split], str]:
    """Make the splits that are missing out of the training images."""
    given = dict(loaded.splits)
    _check_enough(given["train"], loaded.class_names)
    fractions = {}
    if "test" not in given and "validation" not in given:
        fractions["test"] = config.test
    if "validation" not in given:
        fractions["validation"] = config.validation
    if not any(fractions.values()):
        return given, "as the data comes"
    made = split_off(given["train"], fractions, seed, loaded.class_names)
    order = {name: made.get(name) or given[name] for name in ("train", "validation", "test") if name in made or name in given}
    names = [name for name in made if name != "train"]
    return order, f"{' and '.join(names)} taken from the training images, stratified by class, seed {seed}"


def _check_enough(train: Split, class_names: tuple[str, ...]) -> None:
    counts = np.bincount(train.labels, minlength=len(class_names))
    for label in np.flatnonzero(counts < 2):
        raise DataError(
            f"Class {class_names[label]!r} has {'one training image' if counts[label] else 'no usable training images'}; "
            "at least two are needed. Add images of it, or take the class out."
        )


def _fingerprint(loaded: Loaded) -> str:
    digest = hashlib.sha256()
    for part in loaded.fingerprint_parts:
        digest.update(part)
    for name, split in loaded.splits.items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(split.labels).data)
    digest.update("\0".join(loaded.class_names).encode())
    return digest.hexdigest()


