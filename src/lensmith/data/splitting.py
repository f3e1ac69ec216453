"""Stratified, seeded splits of data that does not come split."""

import numpy as np

from lensmith.data.dataset import Labels, Split
from lensmith.errors import DataError


def stratified_split(labels: Labels, fractions: dict[str, float], seed: int) -> dict[str, Labels]:
    """Choose, class by class, which images go to which split.

    Each split gets its fraction of each class, rounded, but at least one image of every class; what is
    left over is `train`. The same labels, fractions and seed always give the same split.

    Args:
        labels: `int64 (N,)`.
        fractions: Fraction of all images by split name, without `train`; zero leaves a split out.
        seed: Any seed of NumPy's.

    Returns:
        Positions in `labels` by split name, `train` first, each sorted; together every position once.
    """
    wanted = {name: fraction for name, fraction in fractions.items() if fraction > 0}
    chosen: dict[str, list[Labels]] = {name: [] for name in ("train", *wanted)}
    random = np.random.default_rng(seed)
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        start = 0
        for name, fraction in wanted.items():
            count = max(1, round(fraction * len(members)))
            chosen[name].append(members[start : start + count])
            start += count
        chosen["train"].append(members[start:])
    return {name: np.sort(np.concatenate(parts)) for name, parts in chosen.items()}


def split_off(split: Split, fractions: dict[str, float], seed: int, class_names: tuple[str, ...]) -> dict[str, Split]:
    """Divide a split into `train` and the named others.

    Raises:
        DataError: A class has too few images for every split to get one.
    """
    wanted = ("train", *(name for name, fraction in fractions.items() if fraction > 0))
    check_class_sizes(split, class_names, wanted)
    positions = stratified_split(split.labels, fractions, seed)
    for name, chosen in positions.items():
        counts = np.bincount(split.labels[chosen], minlength=len(class_names))
        for label in np.flatnonzero(counts == 0):
            raise DataError(
                f"Class {class_names[label]!r} is too small for these split fractions: its {name} split "
                "would be empty. Add images of it, take it out, or lower data.validation and data.test."
            )
    return {name: split.take(chosen) for name, chosen in positions.items()}


def check_class_sizes(split: Split, class_names: tuple[str, ...], parts: tuple[str, ...] = ("train",)) -> None:
    """Make sure that each class has an image for each part of a split, and two at the very least.

    Raises:
        DataError: A class has fewer; the message names it and one of its images.
    """
    needed = max(2, len(parts))
    counts = np.bincount(split.labels, minlength=len(class_names))
    for label in np.flatnonzero(counts < needed):
        example = [name for name, its in zip(split.names, split.labels, strict=True) if its == label]
        found = f"1 image ({example[0]})" if len(example) == 1 else f"{counts[label]} images"
        purpose = f", one for each of the splits {', '.join(parts)}" if len(parts) > 1 else " to train on"
        raise DataError(
            f"Class {class_names[label]!r} has {found} that can be used; "
            f"at least {needed} are needed{purpose}. Add images of it, or take the class out."
        )
