"""What a folder or a CSV names: files with their labels and splits, before any is opened."""

import csv
from dataclasses import dataclass
from pathlib import Path

from lensmith.data.dataset import Skipped
from lensmith.errors import DataError, did_you_mean

SPLIT_FOLDERS = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation", "test": "test"}
SYSTEM_FILES = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True)
class ListedFile:
    """One file: where it is, what the user calls it, its class, and its split (empty when none is given)."""

    path: Path
    name: str
    label: str
    split: str = ""


@dataclass(frozen=True)
class Listing:
    """All files of a data set in order, its classes, and what was found beside them."""

    files: tuple[ListedFile, ...]
    class_names: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()


def list_folder(root: Path) -> Listing:
    """List `root/<class>/…` or `root/{train,val,test}/<class>/…`.

    Classes are the training folders' names, sorted. Files lie at any depth below their class. Hidden and
    system files are ignored.

    Raises:
        DataError: No class folders, one class only, or splits whose classes differ.
    """
    folders = [entry for entry in _visible(root) if entry.is_dir()]
    if not folders:
        raise DataError(f"{root} has no class folders. Put the images of each class in a folder of its own: {root}/<class>/*.jpg.")
    split_folders = _split_folders(root, folders)
    if split_folders:
        return _list_splits(root, split_folders)
    class_names = tuple(folder.name for folder in folders)
    _check_classes(class_names, str(root))
    files = [file for folder in folders for file in _list_class(root, folder, "")]
    return Listing(tuple(files), class_names, _outside(root, [root]))


def list_csv(path: Path) -> Listing:
    """List the files that a CSV with the columns `path`, `label` and perhaps `split` names.

    Paths are relative to the CSV's folder. Classes are the labels of the training rows, sorted.

    Raises:
        DataError: Not UTF-8, a column missing, an empty field, a split that is not one; with the line's number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}.") from None
    if not rows:
        raise DataError(f"{path} names no images. Expected a header `path,label` or `path,label,split`, then a row an image.")
    for column in ("path", "label"):
        if column not in rows[0]:
            known = [str(name) for name in rows[0]]
            raise DataError(f"{path} has no column {column!r}; its header is {','.join(known)!r}. Expected path,label[,split].")
    files = tuple(_listed_row(path, line, row) for line, row in enumerate(rows, start=2))
    training = {file.label for file in files if file.split in ("", "train")}
    class_names = tuple(sorted(training))
    _check_classes(class_names, str(path))
    _check_row_splits(path, files)
    return Listing(files, class_names)


def _listed_row(csv_path: Path, line: int, row: dict[str, str | None]) -> ListedFile:
    name, label, split = ((row.get(column) or "").strip() for column in ("path", "label", "split"))
    for column, value in (("path", name), ("label", label)):
        if not value:
            raise DataError(f"{csv_path}, line {line}: {column} is empty.")
    if split and split not in SPLIT_FOLDERS:
        raise DataError(f"{csv_path}, line {line}: no split named {split!r}.{did_you_mean(split, SPLIT_FOLDERS)}")
    return ListedFile(csv_path.parent / name, name, label, SPLIT_FOLDERS.get(split, ""))


def _check_row_splits(path: Path, files: tuple[ListedFile, ...]) -> None:
    without = sum(not file.split for file in files)
    if 0 < without < len(files):
        raise DataError(f"{path}: {without} of {len(files)} rows have no split. Give every row one, or none.")
    classes = {split: {file.label for file in files if file.split == split} for split in {file.split for file in files}}
    for split, its_classes in classes.items():
        _check_same_classes(f"{path}, split {split!r}", its_classes, classes.get("train", its_classes))


def _visible(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    return [entry for entry in entries if not entry.name.startswith(".") and entry.name.lower() not in SYSTEM_FILES]


def _split_folders(root: Path, folders: list[Path]) -> dict[str, Path]:
    """The split folders by split; empty when the folders are classes (one may well be called `train`)."""
    names = [folder.name.lower() for folder in folders]
    if not all(name in SPLIT_FOLDERS for name in names):
        return {}
    if not any(entry.is_dir() for folder in folders for entry in _visible(folder)):
        return {}
    if "train" not in names:
        raise DataError(f"{root} has {', '.join(names)} but no train folder.")
    splits = [SPLIT_FOLDERS[name] for name in names]
    if len(set(splits)) < len(splits):
        raise DataError(f"{root} has several folders for one split: {', '.join(names)}. Keep one of val, valid, validation.")
    return dict(zip(splits, folders, strict=True))


def _list_splits(root: Path, split_folders: dict[str, Path]) -> Listing:
    classes = {
        split: {entry.name: entry for entry in _visible(folder) if entry.is_dir()}
        for split, folder in split_folders.items()
    }
    class_names = tuple(sorted(classes["train"]))
    _check_classes(class_names, str(split_folders["train"]))
    for split, its_classes in classes.items():
        _check_same_classes(str(split_folders[split]), set(its_classes), set(class_names))
    order = [split for split in ("train", "validation", "test") if split in classes]
    files = [file for split in order for name in class_names for file in _list_class(root, classes[split][name], split)]
    return Listing(tuple(files), class_names, _outside(root, [root, *split_folders.values()]))


def _check_same_classes(where: str, found: set[str], expected: set[str]) -> None:
    unknown, missing = sorted(found - expected), sorted(expected - found)
    if not unknown and not missing:
        return
    problems = [f"has {', '.join(unknown)}, which the training split lacks"] if unknown else []
    problems += [f"lacks {', '.join(missing)}"] if missing else []
    raise DataError(f"{where} {' and '.join(problems)}. Every split needs the same classes by the same names.")


def _check_classes(class_names: tuple[str, ...], where: str) -> None:
    if len(class_names) < 2:
        found = f"one class only: {class_names[0]}" if class_names else "no classes"
        raise DataError(f"{where} has {found}. A classifier needs at least two classes, each in a folder (or label) of its own.")


def _list_class(root: Path, folder: Path, split: str) -> list[ListedFile]:
    found = sorted(_walk(folder, (folder.resolve(),)), key=lambda path: path.relative_to(folder).as_posix())
    return [ListedFile(path, path.relative_to(root).as_posix(), folder.name, split) for path in found]


def _walk(folder: Path, ancestors: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for entry in _visible(folder):
        if not entry.is_dir():
            found.append(entry)
        elif entry.resolve() not in ancestors:  # a link back up would never end
            found.extend(_walk(entry, (*ancestors, entry.resolve())))
    return found


def _outside(root: Path, folders: list[Path]) -> tuple[Skipped, ...]:
    outside = [entry for folder in folders for entry in _visible(folder) if not entry.is_dir()]
    return tuple(Skipped(entry.relative_to(root).as_posix(), "outside any class folder") for entry in outside)
