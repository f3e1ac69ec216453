"""Names in a chart: how wide they are, as much of them as fits, and places where none lies on another."""

import unicodedata
from collections.abc import Iterator, Sequence

from lensmith.rendering.wording import shorten

SIZE = 13
"""CSS pixels of the letters of a name."""
LINE = 14
"""From one name to the one below it."""
GAP = 8
"""From a dot to its name."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def width_of(text: str) -> float:
    """Estimate how wide a text is drawn, in pixels: rather too much than too little.

    Example:
        >>> width_of("iii") < width_of("aaa") < width_of("WWW")
        True
    """
    return SIZE * sum(map(_ems, text))


def _ems(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF" or character in "MWmw@%…" or not character.isascii():
        return 1.05
    return 0.8 if character.isupper() or character.isdigit() else 0.4 if character in "fijlrt .,:;'-|!" else 0.66


def fitted(text: str, pixels: float) -> str:
    """Cut the middle out of a text until it fits.

    Example:
        >>> fitted("a-rather-long-name-of-a-run", 100)
        'a-rath…-a-run'
    """
    longest = len(text)
    while longest > 1 and width_of(shorten(text, longest)) > pixels:
        longest -= 1
    return shorten(text, longest)


def placed(points: Sequence[tuple[float, float, str]], frame: Box) -> list[tuple[float, float] | None]:
    """Find a place for each name beside its point.

    Args:
        points: Each with its name.
        frame: That all must lie in.

    Returns:
        For each the left end and the base of its line; `None` where there is no room.
    """
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y, _ in points]
    found: list[tuple[float, float] | None] = [None] * len(points)
    for place, (x, y, name) in sorted(enumerate(points), key=lambda its: its[1][1]):
        for box in _tried(x, y, width_of(name)):
            if _within(box, frame) and not any(_meet(box, other) for other in taken):
                taken.append(box)
                found[place] = (box[0], box[3] - 3)
                break
    return found


def _tried(x: float, y: float, width: float) -> Iterator[Box]:
    """Yield boxes beside a point: right and left of it, then a little above and below."""
    for moved in (0, -10, 10, -LINE, LINE, -1.5 * LINE, 1.5 * LINE, -2.5 * LINE, 2.5 * LINE):
        for left in (x + GAP, x - GAP - width):
            yield left, y + moved - LINE / 2, left + width, y + moved + LINE / 2


def _within(box: Box, frame: Box) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _meet(box: Box, other: Box) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
