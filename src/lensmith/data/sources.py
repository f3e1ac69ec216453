"""DATA: a built-in name, a folder, a `.csv` or a `.npz`, opened as a `Dataset`."""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lensmith.data.arrays import (
    SPLIT_SUFFIXES,
    fit_arrays,
    read_npz,
    to_class_indices,
    to_class_names,
    to_images,
    to_labels,
)
from lensmith.data.builtin import BUILTINS, load_builtin
from lensmith.data.cache import Progress, decode_files
from lensmith.data.dataset import Dataset, Labels, Skipped, Split
from lensmith.data.decode import FORMATS
from lensmith.data.duplicates import exact_duplicates, joined
from lensmith.data.facts import taken_at
from lensmith.data.groups import by_stem, by_time
from lensmith.data.listing import ListedFile, Listing, list_csv, list_folder, printable
from lensmith.data.splitting import check_class_sizes, split_off
from lensmith.errors import DataError, did_you_mean
from lensmith.registry import Registry

if TYPE_CHECKING:
    # Pydantic stays out of `predict`, which needs no recipe.
    from lensmith.config import DataConfig


@dataclass(frozen=True)
class Loaded:
    """Images of one source before splits are made: one store, and who belongs to which split.

    Attributes:
        splits: By name; just `train` when the data does not come split.
        fingerprint_parts: Bytes that stand for the images as they come, whatever size they are brought to: they
            themselves, or hashes of their files.
        together: Groups of rows of the store that no split tears apart.
        files: The file of each row of the store; empty for arrays.
    """

    splits: dict[str, Split]
    class_names: tuple[str, ...]
    fingerprint_parts: Sequence[bytes | memoryview]
    color: str
    skipped: tuple[Skipped, ...] = ()
    together: Sequence[Sequence[int]] = ()
    files: Sequence[ListedFile] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 over images, labels and class names."""
        digest = hashlib.sha256()
        for part in self.fingerprint_parts:
            digest.update(part)
        for name, split in self.splits.items():
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(split.labels).data)
        digest.update("\0".join(self.class_names).encode())
        return digest.hexdigest()


Reader = Callable[[str, "DataConfig", Progress | None], Loaded]
SOURCES: Registry[Reader] = Registry("kind of data", DataError)


def open_dataset(source: str | Path, config: "DataConfig", progress: Progress | None = None) -> Dataset:
    """Open DATA and make the splits it does not come with.

    Args:
        source: A built-in name, a folder, a `.csv` or a `.npz`. A built-in name wins over a folder of that
            name; write `./mnist` for the folder.
        config: Size, colour, resizing, and the fractions and the seed of splits.
        progress: Called with files done and files in all while image files are decoded.

    Raises:
        DataError: Anything about the data that a classifier cannot be trained on.
    """
    kind = kind_of(str(source))
    name, place = _name_and_place(str(source), kind)
    loaded = SOURCES[kind](place, config, progress)
    splits, origin = _complete(loaded, config)
    return Dataset(
        name=name,
        source=place,
        class_names=loaded.class_names,
        train=splits["train"],
        validation=splits.get("validation"),
        test=splits.get("test"),
        skipped=loaded.skipped,
        fingerprint=loaded.fingerprint,
        color=loaded.color,
        resize=config.resize,
        split_origin=origin,
    )


def survey(source: str | Path, config: "DataConfig", progress: Progress | None = None) -> Loaded:
    """Read all images of DATA that can be read, without making splits, and without asking whether they will do.

    Args:
        source: As `open_dataset` takes it.
        config: Size, colour and resizing.
        progress: Called with files done and files in all while image files are decoded.

    Raises:
        DataError: No such data, or not one image in it that can be read.
    """
    kind = kind_of(str(source))
    _, place = _name_and_place(str(source), kind)
    listers = {"folder": list_folder, "csv": list_csv}
    if kind in listers:
        return _from_listing(listers[kind](Path(place), lenient=True), config, place, progress)
    return SOURCES[kind](place, config, progress)


def kind_of(source: str) -> str:
    """Tell which registered kind of data a DATA argument is.

    Raises:
        DataError: No such path, or a file that is neither CSV nor NPZ.
    """
    if source in BUILTINS:
        return "builtin"
    # `Path.exists` raises for a name that is too long to be one.
    if os.path.isdir(source):
        return "folder"
    if not os.path.exists(source):
        raise DataError(
            f"No such data: {source}. It is neither a path nor a data set known by name."
            f"{did_you_mean(source, BUILTINS)}"
        )
    kind = Path(source).suffix.lower().removeprefix(".")
    if kind in ("csv", "npz") and os.path.isfile(source):  # a pipe would block
        return kind
    raise DataError(
        f"{source} is a file of a kind that is not read as data. Expected a folder of class folders, a .csv or a .npz."
    )


def resolve_source(source: str | Path) -> str:
    """Return what a run keeps of a DATA argument: a built-in's name, or an absolute path.

    Raises:
        DataError: There is no such data.
    """
    return _name_and_place(str(source), kind_of(str(source)))[1]


def _name_and_place(source: str, kind: str) -> tuple[str, str]:
    """The short name of the data, and where a later command finds it again."""
    if kind == "builtin":
        return source, source
    path = Path(source).resolve()
    if printable(str(path)) != str(path):
        raise DataError(f"The path {printable(str(path))} is not UTF-8, so no run can keep it. Rename it.")
    return (path.name if kind == "folder" else path.stem) or "data", str(path)


@SOURCES.register("builtin")
def _read_builtin(source: str, config: "DataConfig", progress: Progress | None) -> Loaded:
    del progress
    return _from_arrays(load_builtin(source), config, source, BUILTINS[source].class_names)


@SOURCES.register("npz")
def _read_npz(source: str, config: "DataConfig", progress: Progress | None) -> Loaded:
    del progress
    arrays = read_npz(Path(source))
    given = arrays.get("class_names")
    class_names = None if given is None else to_class_names(given, f"{source}: class_names")
    return _from_arrays(arrays, config, source, class_names)


@SOURCES.register("folder")
def _read_folder(source: str, config: "DataConfig", progress: Progress | None) -> Loaded:
    return _from_listing(list_folder(Path(source)), config, source, progress)


@SOURCES.register("csv")
def _read_csv(source: str, config: "DataConfig", progress: Progress | None) -> Loaded:
    return _from_listing(list_csv(Path(source)), config, source, progress)


def _from_arrays(
    arrays: dict[str, npt.NDArray[Any]],
    config: "DataConfig",
    where: str,
    class_names: tuple[str, ...] | None,
) -> Loaded:
    present = {split: suffix for split, suffix in SPLIT_SUFFIXES.items() if f"x_{suffix}" in arrays}
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
    return Loaded(splits, names, [np.ascontiguousarray(its).data.cast("B") for its in images.values()], color)


def _from_listing(listing: Listing, config: "DataConfig", where: str, progress: Progress | None) -> Loaded:
    decoded = decode_files([file.path for file in listing.files], config, progress)
    names = [file.name for file in listing.files]
    skipped = [Skipped(names[place], reason, detail) for place, reason, detail in decoded.problems]
    if not decoded.kept:
        examples = "; ".join(f"{its.path}: {its.reason}" for its in skipped[:3])
        raise DataError(
            f"{where}: none of {len(listing.files)} files is an image that can be used"
            f"{f' ({examples})' if examples else ''}. Expected {', '.join(FORMATS)}."
        )
    files = [listing.files[place] for place in decoded.kept]
    label_of = {name: label for label, name in enumerate(listing.class_names)}
    labels = np.array([label_of[file.label] for file in files], np.int64)
    splits = {}
    for split in ("train", "validation", "test"):
        rows = np.flatnonzero([(file.split or "train") == split for file in files])
        if len(rows) or any(file.split == split for file in listing.files):
            splits[split] = Split(decoded.pixels, rows, labels[rows], [files[row].name for row in rows])
    parts = ["\n".join(decoded.hashes).encode()]
    together = _groups(files, labels, config.group)
    parts += [str(together).encode()] if together else []
    return Loaded(splits, listing.class_names, parts, decoded.color, (*listing.skipped, *skipped), together, files)


def _groups(files: Sequence[ListedFile], labels: Labels, kind: str) -> list[list[int]]:
    """Find which files belong together: by what a CSV says, and as the configuration wants it."""
    named: dict[str, list[int]] = {}
    for row, file in enumerate(files):
        if file.group:
            named.setdefault(file.group, []).append(row)
    found = list(named.values())
    if kind == "name":
        found += by_stem([file.name for file in files], labels.tolist())
    elif kind == "time":
        with ThreadPoolExecutor() as pool:
            found += by_time(list(pool.map(taken_at, [file.path for file in files])))
    return found


def _complete(loaded: Loaded, config: "DataConfig") -> tuple[dict[str, Split], str]:
    """Make the splits that are missing out of the training images."""
    given = loaded.splits
    for name, split in given.items():
        if not len(split):
            raise DataError(f"The {name} split has no usable image. Add some, or take the split out.")
    fractions = {}
    if "test" not in given and "validation" not in given:
        fractions["test"] = config.test
    if "validation" not in given:
        fractions["validation"] = config.validation
    if not any(fractions.values()):
        check_class_sizes(given["train"], loaded.class_names)
        return given, "as the data comes"
    together = _together(given["train"], loaded.together)
    every = given | split_off(given["train"], fractions, config.split_seed, loaded.class_names, together)
    names = [name for name in every if name not in given]
    origin = f"{' and '.join(names)} taken from the training images, stratified by class, seed {config.split_seed}"
    return {name: every[name] for name in SPLIT_SUFFIXES if name in every}, origin


def _together(split: Split, groups: Sequence[Sequence[int]]) -> list[list[int]]:
    """Join groups of rows of the store with those of equal pixels, as positions within a split."""
    position_of = {int(row): position for position, row in enumerate(split.indices)}
    inside = [[position_of[row] for row in group if row in position_of] for group in groups]
    return joined([*filter(None, inside), *exact_duplicates(split)])
