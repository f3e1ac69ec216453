"""Stratified, seeded splits of data that does not come split."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lensmith.data.dataset import Labels, Split
from lensmith.errors import DataError


def stratified_split(
    labels: Labels, fractions: dict[str, float], seed: int, together: Sequence[Sequence[int]] = ()
) -> dict[str, Labels]:
    """Choose, class by class, which images go to which split.

    Each split gets its fraction of each class, rounded, but at least one image of every class; where groups are kept
    together, about that. What is left over is `train`, large groups with it. The same labels, fractions, groups and
    seed always give the same split.

    Args:
        labels: `int64 (N,)`.
        fractions: Fraction of all images by split name, without `train`; zero leaves a split out.
        seed: Any seed of NumPy's.
        together: Groups of positions that no split may tear apart; a group counts for the class of its first.

    Returns:
        Positions in `labels` by split name, `train` first, each sorted; together every position once.
    """
    wanted = {name: fraction for name, fraction in fractions.items() if fraction > 0}
    first_of = np.arange(len(labels))
    for group in together:
        first_of[list(group)] = min(group)
    firsts, sizes = np.unique(first_of, return_counts=True)
    chosen: dict[str, list[Labels]] = {name: [] for name in ("train", *wanted)}
    random = np.random.default_rng(seed)
    for label in np.unique(labels[firsts]):
        members = random.permutation(np.flatnonzero(labels[firsts] == label))
        images = int(sizes[members].sum())
        for name, fraction in wanted.items():
            taken = _filling(sizes[members], max(1, round(fraction * images)))
            chosen[name].append(firsts[members[taken]])
            members = members[~taken]
        chosen["train"].append(firsts[members])
    return {name: np.flatnonzero(np.isin(first_of, np.concatenate(parts))) for name, parts in chosen.items()}


def _filling(sizes: Labels, count: int) -> npt.NDArray[np.bool_]:
    """Choose groups, in their order, that have about so many images together: none that goes far beyond them.

    Of groups that are all too large, the smallest.
    """
    taken, left = np.zeros(len(sizes), bool), count
    for place, size in enumerate(sizes.tolist()):
        if left <= 0:
            break
        if size < 2 * left or size == 1:
            taken[place], left = True, left - size
    if len(sizes) and not taken.any():
        taken[int(np.argmin(sizes))] = True
    return taken


def split_off(
    split: Split,
    fractions: dict[str, float],
    seed: int,
    class_names: tuple[str, ...],
    together: Sequence[Sequence[int]] = (),
) -> dict[str, Split]:
    """Divide a split into `train` and the named others.

    Args:
        split: To divide.
        fractions: Of each of the others.
        seed: Any seed of NumPy's.
        class_names: For messages.
        together: Groups of positions that are not torn apart.

    Raises:
        DataError: A class has too few images for every split to get one.
    """
    wanted = ("train", *(name for name, fraction in fractions.items() if fraction > 0))
    check_class_sizes(split, class_names, wanted)
    positions = stratified_split(split.labels, fractions, seed, together)
    for name, chosen in positions.items():
        counts = np.bincount(split.labels[chosen], minlength=len(class_names))
        for label in np.flatnonzero(counts == 0):
            apart = ", and images that belong together are not torn apart" if together else ""
            raise DataError(
                f"Class {class_names[label]!r} is too small for these split fractions{apart}: its {name} split "
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
