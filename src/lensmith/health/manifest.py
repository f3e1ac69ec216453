"""A cleaned list of the images: what remains once what is wrong is left out. The images themselves are not touched."""

import csv
import io
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lensmith.data import joined, printable
from lensmith.health.checking import Health

KEPT_FIRST = ("test", "validation", "train")
"""Of equal pictures in several splits, which is kept: what is measured stays as it is."""


def dropped(health: Health) -> dict[int, str]:
    """Choose the images to leave out.

    Of equal pictures one is kept, or none where they have several labels; of nearly equal ones in several splits those
    of the one that is measured; nothing is kept that is blank.

    Returns:
        The reason by place.
    """
    whole, reasons = health.whole, dict.fromkeys(health.blank, "blank")
    for group in health.exact:
        if len({int(whole.images.labels[place]) for place in group}) > 1:
            reasons |= dict.fromkeys(group, "same pixels under several labels")
        else:
            _, *others = sorted(group, key=lambda place: KEPT_FIRST.index(whole.splits[place]))
            reasons |= dict.fromkeys(others, "same pixels as another")
    for pair in health.near:
        ranked = sorted((pair.a, pair.b), key=lambda place: KEPT_FIRST.index(whole.splits[place]))
        if whole.splits[pair.a] != whole.splits[pair.b]:
            reasons.setdefault(ranked[1], "nearly the same picture as one of another split")
    return reasons


def manifest(health: Health, file: Path, together: Sequence[Sequence[int]] = ()) -> tuple[str, Counter[str]]:
    """Write the CSV that `train` takes: path, label, split where there are several, and group.

    Images that are nearly the same, or that were of one group before, have one group, so that no split tears them
    apart.

    Args:
        health: What was found, of images that are files.
        file: Where it will be, for the paths in it.
        together: Groups of places that are to be kept together, too.

    Returns:
        The text, and how many images are left out for which reason.
    """
    whole, reasons = health.whole, dropped(health)
    for place, path in enumerate(whole.paths):
        if printable(path) != path:
            reasons.setdefault(place, "name that is not UTF-8")
        if any(its != its.strip() for its in (path, whole.class_of(place))):
            reasons.setdefault(place, "name with spaces around it")
    near = ((pair.a, pair.b) for pair in health.near)
    groups = joined([*health.exact, *filter(None, whole.together), *together, *near])
    group_of = {place: number for number, group in enumerate(groups, 1) for place in group}
    several = len(set(whole.splits)) > 1
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "label", *(["split"] if several else []), "group"])
    here = file.resolve().parent
    for place, path in enumerate(whole.paths):
        if place not in reasons:
            split = [whole.splits[place]] if several else []
            writer.writerow([_relative(path, here), whole.class_of(place), *split, group_of.get(place, "")])
    return text.getvalue(), Counter(reasons.values())


def _relative(path: str, folder: Path) -> str:
    """Write a path as the CSV's reader will look for it: below the CSV's folder, or whole."""
    whole = os.path.abspath(path)
    return os.path.relpath(whole, folder) if whole.startswith(f"{folder}{os.sep}") else whole
