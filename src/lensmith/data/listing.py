"""What a folder or a CSV names: files with their labels and splits, before any is opened."""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lensmith.data.dataset import Skipped
from lensmith.errors import DataError, did_you_mean

SPLIT_FOLDERS = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
SYSTEM_FILES = {
    "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information",
    "__macosx", "icon\r", "@eadir", "lost+found",
}  # fmt: skip


Row = dict[str | None, Any]
"""A row of a CSV by column; under `None`, what goes beyond the header."""


@dataclass(frozen=True)
class ListedFile:
    """One file: where it is, what the user calls it, its class, its split and its group (empty when none is given).

    `name` and `label` can always be printed and stored as UTF-8; `path` is as the file system has it, and text, because
    of very many files that is a good deal quicker than a `Path`.
    """

    path: str
    name: str
    label: str
    split: str = ""
    group: str = ""


@dataclass(frozen=True)
class Listing:
    """All files of a data set in order, its classes, and what was found beside them."""

    files: tuple[ListedFile, ...]
    class_names: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()


def list_folder(root: Path, *, lenient: bool = False) -> Listing:
    """List `root/<class>/…` or `root/{train,val,test}/<class>/…`.

    Classes are the training folders' names, sorted. Files lie at any depth below their class. Hidden and
    system files are ignored.

    Args:
        root: The folder.
        lenient: List what cannot be trained on, too: classes are then those of any split.

    Raises:
        DataError: No class folders, one class only, or splits whose classes differ.
    """
    folders = _folders(root)
    if not folders:
        raise DataError(
            f"{root} has no class folders. Put the images of each class in a folder of its own: {root}/<class>/*.jpg."
        )
    split_folders = _split_folders(root, folders)
    if split_folders:
        return _list_splits(root, split_folders, lenient=lenient)
    class_names = tuple(printable(folder.name) for folder in folders)
    if not lenient:
        _check_classes(class_names, str(root))
    files = [file for folder in folders for file in _list_class(root, folder, "")]
    return Listing(tuple(files), class_names, _outside(root, [root]))


def list_csv(path: Path, *, lenient: bool = False) -> Listing:
    """List the files that a CSV with the columns `path`, `label` and perhaps `split` and `group` names.

    Paths are relative to the CSV's folder. Classes are the labels of the training rows, sorted. No split that is made
    tears a group apart.

    Args:
        path: The file.
        lenient: List what cannot be trained on, too: classes are then those of any split.

    Raises:
        DataError: Not UTF-8, a column missing, an empty field, a split that is not one; with the line's
            number.
    """
    header, rows = _read_rows(path)
    for column in ("path", "label"):
        if header and column not in header:
            raise DataError(
                f"{path} has no column {column!r}; its header is {','.join(header)!r}. Expected path,label[,split]."
            )
    if not rows:
        raise DataError(
            f"{path} names no images. Expected a header `path,label` or `path,label,split`, then a row an image."
        )
    files = tuple(_listed_row(path, line, row) for line, row in rows)
    training = {file.label for file in files if file.split in ("", "train")}
    if not training:
        raise DataError(f"{path} has no row with the split train. Give each row train, val or test.")
    if lenient:
        return Listing(files, tuple(sorted({file.label for file in files})))
    class_names = tuple(sorted(training))
    _check_classes(class_names, str(path))
    _check_row_splits(path, files)
    return Listing(files, class_names)


def _read_rows(path: Path) -> tuple[list[str], list[tuple[int, Row]]]:
    """Read the header and the rows, each with the number of its (last) line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            header = [name.strip().lower() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            return header, [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}.") from None


def _listed_row(csv_path: Path, line: int, row: Row) -> ListedFile:
    if None in row:
        raise DataError(
            f"{csv_path}, line {line}: more fields than the header has. Put a path with a comma in double quotes."
        )
    name, label, split = ((row.get(column) or "").strip() for column in ("path", "label", "split"))
    for column, value in (("path", name), ("label", label)):
        if not value:
            raise DataError(f"{csv_path}, line {line}: {column} is empty. Fill it in, or take the line out.")
    if "\0" in name:
        raise DataError(f"{csv_path}, line {line}: path holds a NUL character. Save the file as UTF-8 text.")
    if split and split.lower() not in SPLIT_FOLDERS:
        raise DataError(f"{csv_path}, line {line}: no split named {split!r}.{did_you_mean(split, SPLIT_FOLDERS)}")
    group = (row.get("group") or "").strip()
    return ListedFile(str(csv_path.parent / name), name, label, SPLIT_FOLDERS.get(split.lower(), ""), group)


def _check_row_splits(path: Path, files: tuple[ListedFile, ...]) -> None:
    without = sum(not file.split for file in files)
    if 0 < without < len(files):
        raise DataError(f"{path}: {without} of {len(files)} rows have no split. Give every row one, or none.")
    seen: dict[str, str] = {}
    for file in files:
        place = os.path.realpath(file.path)
        if place in seen:
            raise DataError(
                f"{path} names {file.name} twice ({seen[place]} and {file.split or 'again'}). Keep one row."
            )
        seen[place] = file.split or "once"
    classes: dict[str, set[str]] = {}
    for file in files:
        classes.setdefault(file.split, set()).add(file.label)
    for split, its_classes in classes.items():
        _check_same_classes(f"{path}, split {split!r}", its_classes, classes.get("train", its_classes))


def _visible(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    return [entry for entry in entries if is_visible(entry.name)]


def is_visible(name: str) -> bool:
    """Tell whether a file or folder of this name is the user's own: neither hidden nor made by a system."""
    return not name.startswith(".") and name.lower() not in SYSTEM_FILES


def _folders(folder: Path) -> list[Path]:
    return [entry for entry in _visible(folder) if _is_folder(entry)]


def _is_folder(entry: "Path | os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # where the entry may not be looked at
        return False


def printable(name: str) -> str:
    r"""Write the bytes of a file's name that are not UTF-8 as escapes, so that the name can be stored.

    Example:
        >>> print(printable("caf\udce9.jpg"))
        caf\xe9.jpg
    """
    try:
        content = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a pair, as names may have on Windows and in requests
        content = name.encode("utf-8", "surrogatepass")
    return content.decode("utf-8", "backslashreplace")


def _split_folders(root: Path, folders: list[Path]) -> dict[str, Path]:
    """The split folders by split; empty when the folders are classes (one may well be called `train`)."""
    named = [folder for folder in folders if folder.name.lower() in SPLIT_FOLDERS]
    others = [folder.name for folder in folders if folder not in named]
    with_classes = [folder for folder in named if _folders(folder)]
    if not with_classes or (others and len(with_classes) == 1):
        return {}
    names = [folder.name for folder in named]
    if others:
        raise DataError(
            f"{root} has the splits {', '.join(names)} and beside them {', '.join(others)}. "
            "Move what is not a split elsewhere."
        )
    if "train" not in [name.lower() for name in names]:
        raise DataError(f"{root} has {', '.join(names)} but no train folder.")
    splits = [SPLIT_FOLDERS[name.lower()] for name in names]
    if len(set(splits)) < len(splits):
        raise DataError(
            f"{root} has several folders for one split: {', '.join(names)}. Keep one of val, valid, validation."
        )
    return dict(zip(splits, named, strict=True))


def _list_splits(root: Path, split_folders: dict[str, Path], *, lenient: bool) -> Listing:
    classes = {
        split: {printable(entry.name): entry for entry in _folders(folder)} for split, folder in split_folders.items()
    }
    class_names = tuple(sorted({name for its in classes.values() for name in its} if lenient else classes["train"]))
    if not lenient:
        _check_classes(class_names, str(split_folders["train"]))
        for split, its_classes in classes.items():
            _check_same_classes(str(split_folders[split]), set(its_classes), set(class_names))
    order = [split for split in ("train", "validation", "test") if split in classes]
    places = [(split, name) for split in order for name in class_names if name in classes[split]]
    listed = [_list_class(root, classes[split][name], split) for split, name in places]
    files = tuple(file for its_files in listed for file in its_files)
    return Listing(files, class_names, _outside(root, [root, *split_folders.values()]))


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
        raise DataError(
            f"{where} has {found}. A classifier needs at least two classes, each in a folder (or label) of its own."
        )


def _list_class(root: Path, folder: Path, split: str) -> list[ListedFile]:
    # A link back up would never end, or bring in the images of other classes.
    above = {place for start in (root.resolve(), folder.resolve()) for place in (start, *start.parents)}
    place, inside, label = str(folder), folder.relative_to(root).as_posix(), printable(folder.name)
    return [
        ListedFile(f"{place}{os.sep}{name}", printable(f"{inside}/{name}"), label, split)
        for name in sorted(_walk(place, above))
    ]


def _walk(folder: str, above: set[Path]) -> Iterator[str]:
    """Yield the files' paths below a folder, with slashes: of strings, because a `Path` for each takes longer."""
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if is_visible(entry.name)]
    except OSError as error:
        raise DataError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    for entry in visible:
        if not _is_folder(entry):
            yield entry.name
        elif (place := Path(entry.path).resolve()) not in above:
            yield from (f"{entry.name}/{name}" for name in _walk(entry.path, above | {place}))


def _outside(root: Path, folders: list[Path]) -> tuple[Skipped, ...]:
    outside = [entry for folder in folders for entry in _visible(folder) if not _is_folder(entry)]
    names = [printable(entry.relative_to(root).as_posix()) for entry in outside]
    return tuple(Skipped(name, "outside any class folder") for name in names)
