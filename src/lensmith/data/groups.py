"""Find pictures that belong together, such as frames of a film or shots of a burst, which a split would tear apart."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePath

COUNTER = re.compile(r"[ _.\-]*\(?\d+\)?$")
"""What a series of pictures counts with, at the end of a name."""
MOST_OF_CLASS = 0.5
"""Share of a class that one stem may have: `IMG_0001` to `IMG_0999` say nothing of what belongs together."""
LONGEST_BURST = 10.0
"""Seconds from one shot to the next."""


def stem_of(name: str) -> str:
    """Return a file's name without its ending and the counter before it, with its folder.

    Example:
        >>> stem_of("cats/tom_03.jpg"), stem_of("cats/tom (4).JPG"), stem_of("cats/7.png")
        ('cats/tom', 'cats/tom', 'cats/')
    """
    path = PurePath(name)
    return f"{path.parent}/{COUNTER.sub('', path.stem)}"


def by_stem(names: Sequence[str], labels: Sequence[int]) -> list[list[int]]:
    """Group the places of files whose names differ in a counter only.

    Names that are nothing but a counter, and stems that most of a class has, are no groups.

    Args:
        names: Of files.
        labels: Their classes.

    Returns:
        Groups of two or more places.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        stem = stem_of(name)
        if not stem.endswith("/"):
            groups[stem].append(place)
    sizes: dict[int, int] = defaultdict(int)
    for label in labels:
        sizes[label] += 1
    return [
        places
        for places in groups.values()
        if 1 < len(places) <= MOST_OF_CLASS * max(sizes[labels[place]] for place in places)
    ]


def by_time(times: Sequence[float | None]) -> list[list[int]]:
    """Group the places of pictures that were taken one right after the other.

    Args:
        times: When each was taken, in seconds from any moment on; `None` where that is not known.

    Returns:
        Groups of two or more places, in the order in which they were taken.
    """
    known = sorted((time, place) for place, time in enumerate(times) if time is not None)
    groups: list[list[int]] = []
    last = -float("inf")
    for time, place in known:
        if time - last > LONGEST_BURST:
            groups.append([])
        groups[-1].append(place)
        last = time
    return [places for places in groups if len(places) > 1]
