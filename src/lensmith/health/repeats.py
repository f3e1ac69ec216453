"""Pictures that are there more than once: within a split, across splits, and under two labels."""

from collections.abc import Callable, Iterator, Sequence

from lensmith.data import NearPair, exact_duplicates, near_duplicates
from lensmith.health.findings import Finding, Severity, Whole, finding_of_groups

NEARLY = "nearly the same picture"
ACROSS = "What is measured on them is no measure: the network has seen them. Keep them on one side: --fix."
WITHIN = {
    "same pixels": "They count twice. Keep one of each: --fix.",
    NEARLY: "They count nearly twice. Keep one of each.",
}
TWO_LABELS = {
    "same pixels": "One of the labels is wrong: look at them, and correct it. --fix leaves them out.",
    NEARLY: "If they show the same thing, one of the labels is wrong: look at them, and correct it.",
}


def repeated(
    whole: Whole, progress: Callable[[int, int], None] | None = None
) -> tuple[list[Finding], list[list[int]], list[NearPair]]:
    """Find what is there more than once.

    Args:
        whole: All images.
        progress: Called with pairs looked at and pairs in all.

    Returns:
        The findings; the groups of places of equal pixels; the pairs of places of nearly equal ones, of each group of
        equal ones only the first.
    """
    exact = exact_duplicates(whole.images)
    near, beyond = near_duplicates(whole.images, exact, progress)
    details = [f"{its.similarity:.0%} alike{', mirrored' if its.mirrored else ''}" for its in near]
    nearly = _by_worst(whole, NEARLY, [[its.a, its.b] for its in near], details)
    found = [*exact_repeats(whole, exact), *nearly]
    if beyond:
        found.append(
            Finding(
                "too many pictures look alike",
                "note",
                beyond,
                [],
                "About so many pairs beyond those most alike, which were looked at closely.",
            )
        )
    return found, exact, near


def exact_repeats(whole: Whole, groups: Sequence[Sequence[int]]) -> list[Finding]:
    """List the groups of places of images of equal pixels, by what is worst about each."""
    return list(_by_worst(whole, "same pixels", groups, [""] * len(groups)))


def _by_worst(whole: Whole, what: str, groups: Sequence[Sequence[int]], details: Sequence[str]) -> Iterator[Finding]:
    """Sort groups by what is worst about each."""
    kinds: list[tuple[str, Severity, str]] = [
        (f"{what} in several splits", "error", ACROSS),
        (f"{what} under several labels", "error", TWO_LABELS[what]),
        (what, "warning", WITHIN[what]),
    ]
    sorted_by: dict[str, list[int]] = {kind: [] for kind, _, _ in kinds}
    for number, group in enumerate(groups):
        splits = {whole.splits[place] for place in group}
        labels = {int(whole.images.labels[place]) for place in group}
        worst = 0 if len(splits) > 1 else 1 if len(labels) > 1 else 2
        sorted_by[kinds[worst][0]].append(number)
    for kind, severity, advice in kinds:
        numbers = sorted_by[kind]
        told = ["; ".join(filter(None, [*_where(whole, groups[number]), details[number]])) for number in numbers]
        yield from finding_of_groups(
            kind, severity, [whole.names_of(groups[number]) for number in numbers], advice, told
        )


def _where(whole: Whole, group: Sequence[int]) -> list[str]:
    """Say which splits and classes the pictures are in, where those differ."""
    splits = [whole.splits[place] for place in group]
    classes = [whole.class_of(place) for place in group]
    return [" and ".join(dict.fromkeys(its)) for its in (splits, classes) if len(set(its)) > 1]
