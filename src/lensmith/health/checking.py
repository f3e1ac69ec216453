"""All checks of a data set, one after the other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lensmith.data import SPLIT_FOLDERS, Dataset, Loaded, NearPair, by_stem, by_time, exact_duplicates
from lensmith.health.balance import TINY, UNBALANCED, balance_of
from lensmith.health.files import FileFacts, read_facts, unreadable, unusual
from lensmith.health.findings import SEVERITIES, Finding, Severity, Whole, finding, finding_of_groups
from lensmith.health.pictures import measure, problems
from lensmith.health.repeats import exact_repeats, repeated
from lensmith.records import Record

PICTURES: dict[str, tuple[Severity, str]] = {
    "blank": ("warning", "They show nothing: remove them (--fix does)."),
    "dark": ("warning", "Brighten them, or remove them."),
    "bright": ("warning", "Darken them, or remove them."),
    "blurred": ("note", "Look whether what they show can be told; remove those where it cannot."),
}
"""What is wrong with a picture: how bad that is, and what to do about it."""


@dataclass(frozen=True)
class Health(Record):
    """What a check has found.

    Attributes:
        data: What the user gave.
        images: Files found, or images of arrays.
        readable: Of these, how many can be read.
        classes: How many of which class each split has.
        findings: The worst first.
        whole, exact, near, blank: What the findings are about, by place, for who goes on with it.
    """

    data: str
    images: int
    readable: int
    classes: dict[str, dict[str, int]]
    findings: list[Finding]
    whole: Whole = field(repr=False)
    exact: list[list[int]] = field(repr=False)
    near: list[NearPair] = field(repr=False)
    blank: list[int] = field(repr=False)

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found but what is good to know."""
        return all(its.severity == "note" for its in self.findings)


def check_health(
    data: str,
    loaded: Loaded,
    others: Sequence[Finding] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Health:
    """Look for everything that is wrong with a data set and can be told from files and pixels.

    Args:
        data: What the user gave.
        loaded: What `survey` has read.
        others: Findings of the caller's.
        progress: Called with pairs of pictures compared and pairs in all.
    """
    whole = Whole.of(loaded.splits, loaded.class_names, loaded.files, loaded.together)
    files = read_facts(list(whole.images.names), whole.paths) if whole.paths else []
    repeats, exact, near = repeated(whole, progress)
    wrong = problems(measure(whole.images))
    counts = _counts(loaded)
    found = [
        *repeats,
        *others,
        *_balance(counts),
        *unreadable(loaded.skipped),
        *unusual(files),
        *_pictures(whole, wrong),
        *_belonging_together(whole, files, split=len(loaded.splits) > 1),
    ]
    found.sort(key=lambda its: SEVERITIES.index(its.severity))
    readable, blank = len(whole.images), wrong["blank"].tolist()
    return Health(data, readable + len(loaded.skipped), readable, counts, found, whole, exact, near, blank)


def check_quickly(dataset: Dataset) -> list[Finding]:
    """Look for what is found without taking long, and makes numbers wrong or classes unlearnable.

    Args:
        dataset: As it is about to be trained on.
    """
    whole = Whole.of(dataset.splits, dataset.class_names)
    found = [*_few_images(dataset.class_counts["train"]), *exact_repeats(whole, exact_duplicates(whole.images))]
    return [its for its in found if its.kind != "same pixels"]


def _counts(loaded: Loaded) -> dict[str, dict[str, int]]:
    k = len(loaded.class_names)
    counts = {name: np.bincount(split.labels, minlength=k).tolist() for name, split in loaded.splits.items()}
    return {name: dict(zip(loaded.class_names, its, strict=True)) for name, its in counts.items()}


def _balance(counts: dict[str, dict[str, int]]) -> list[Finding]:
    balance = balance_of(counts)
    found = []
    if len(counts["train"]) < 2:
        found += finding("one class only", "error", list(counts["train"]), "A classifier needs at least two.")
    for split, names in balance.missing.items():
        advice = (
            f"Nothing can be {'learned' if split == 'train' else 'said'} of them. Add images, or take the class out."
        )
        found += finding(f"classes without an image in {split}", "error", names, advice)
    found += _few_images(counts["train"])
    if balance.is_unbalanced:
        train = sorted(counts["train"].items(), key=lambda its: its[1])
        few, many = next(its for its in train if its[1]), train[-1]
        found += finding(
            "unbalanced classes",
            "warning",
            [few[0], many[0]],
            f"More than {UNBALANCED:g} to 1: train with --set training.class_weights=balanced and judge by balanced "
            "accuracy. The recipe auto does both.",
            [f"{few[1]:,} images", f"{many[1]:,} images"],
        )
    return found


def _few_images(counts: Mapping[str, int]) -> list[Finding]:
    tiny = balance_of({"train": counts}).tiny
    return finding(
        "classes of few images",
        "warning",
        list(tiny),
        f"Add images, up to {TINY} at the least; every number about such a class is a guess.",
        [f"{count} images" for count in tiny.values()],
    )


def _pictures(whole: Whole, places: Mapping[str, npt.NDArray[np.int64]]) -> list[Finding]:
    return [
        its
        for kind, (severity, advice) in PICTURES.items()
        for its in finding(kind, severity, whole.names_of(places[kind].tolist()), advice)
    ]


def _belonging_together(whole: Whole, files: Sequence[FileFacts], *, split: bool) -> list[Finding]:
    """Find what a random split would tear apart; where the splits are given, what they have torn apart."""
    names = [_without_split(name) if split else name for name in whole.images.names]
    by_name = by_stem(names, whole.images.labels.tolist()) if files else []
    shots = by_time([its.facts.taken_at for its in files])
    by_shot = [[files[number].place for number in group] for group in shots]
    torn = [its for its in whole.together if len({whole.splits[place] for place in its}) > 1]
    advice = "What is measured on them is no measure: give all of a group one split."
    found = finding_of_groups("groups in several splits", "error", [whole.names_of(its) for its in torn], advice)
    for kind, word, groups in (
        ("names that differ in a counter", "name", by_name),
        ("taken in a burst", "time", by_shot),
    ):
        torn = [its for its in groups if not split or len({whole.splits[place] for place in its}) > 1]
        advice = (
            "If these show the same thing, what is measured on one of them is no measure: put them into one split."
            if split
            else f"If these show the same thing, no split may tear them apart: train with --group {word}."
        )
        found += finding_of_groups(kind, "note", [whole.names_of(its) for its in torn], advice)
    return found


def _without_split(name: str) -> str:
    """Leave out the folder that says which split a file is in, so that files can be told to belong together."""
    first, slash, rest = name.partition("/")
    return rest if slash and first.lower() in SPLIT_FOLDERS else name
