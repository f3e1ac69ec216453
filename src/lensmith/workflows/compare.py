"""`compare`: several runs on the same images, with what can be said of their differences and what cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from lensmith.comparison import (
    Compared,
    Comparison,
    Contestant,
    Cost,
    Standing,
    compare_all,
    on_fronts,
    standing_of,
)
from lensmith.data import Split
from lensmith.errors import DataError, LensmithError, RunError
from lensmith.files import write_text
from lensmith.rendering.comparison_page import render_comparison
from lensmith.rendering.pages import check_page
from lensmith.rendering.progress import Screen, current_screen
from lensmith.runs import Run, find_run, note_look
from lensmith.workflows.answers import Answers, Opened, answers_of, open_split, require_split
from lensmith.workflows.comparable import check_comparable, check_split
from lensmith.workflows.costs import costs_of
from lensmith.workflows.provenance import recipe_of
from lensmith.workflows.repeats import going_on, repeated_settings, repeats_of

PAGE = "comparison.html"
CHOSEN_BY_TEST = (
    "These are test images. If you choose among these runs by them, the test accuracy of the one chosen is too high: "
    "choose by the validation images, and look here once, to confirm."
)
CHOSEN_EPOCHS = (
    "Validation images also chose each run's best epoch, so these accuracies are a little too high, and more so after "
    "many epochs; the intervals do not hold that. --split test is free of it: confirm there, once."
)
ONE_SEED = (
    "These are single trainings: the intervals hold for these models, on other images of the same kind. What another "
    "seed would change is not in them; --seeds 5 tells."
)
TWO_SEEDS = (
    "Two trainings of each say little of what another seed changes: where it matters much, 95 % intervals hold in 87 "
    "of 100 cases only. Five are a fair number."
)
FEW_IMAGES = 30


@dataclass(frozen=True)
class Group:
    """Trainings of one recipe that differ in the seed alone, under the name they are shown by."""

    name: str
    runs: list[Run]


def compare(
    runs: Sequence[str | Path],
    *,
    split: str = "validation",
    seeds: int = 1,
    output: str | Path | None = None,
    root: str | Path | None = None,
    trust: bool = False,
) -> Comparison:
    """Compare runs on the same images: accuracies, paired differences, costs.

    Args:
        runs: At least two: run folders, names of runs, or `latest`.
        split: `validation`, or `test` to confirm a choice that has been made.
        seeds: How many trainings of each recipe to compare, this run among them; those that are not there yet are
            trained, with other seeds.
        output: The page to write; `comparison.html` in the runs root by default.
        root: The runs root.
        trust: Whether the runs are one's own.

    Raises:
        LensmithError: Fewer than two runs, a run without a model, runs on different images, splits or classes; or a run
            has not answered these images and cannot now, because its data are gone or have changed.
    """
    _check_options(split, seeds)
    found = [find_run(its, root, trust=trust) for its in runs]
    check_comparable(found, split)
    require_split(found[0], split)
    page = Path(output) if output else found[0].path.parent / PAGE
    check_page(page)
    if seeds > 1:
        _check_repeatable(found)
    with current_screen() as screen, going_on():
        groups = [
            Group(name, repeats_of(run, seeds, screen) if seeds > 1 else [run])
            for name, run in zip(_told_apart(found), found, strict=True)
        ]
        record = compare_groups(groups, list(combinations(range(len(found)), 2)), split, page, screen)
        notices = [*record.notices, *_trained_on(found)]
        record = replace(record, images=_images(found[0], split, screen), notices=notices)
    write_text(page, render_comparison(record))
    return record


def compare_groups(
    groups: Sequence[Group], pairs: Sequence[tuple[int, int]], split: str, page: Path, screen: Screen
) -> Comparison:
    """Compare groups of repeats on the same images, without pictures of them.

    Args:
        groups: Of runs that may be compared; each of as many.
        pairs: Which of them to compare, by their places.
        split: `validation` or `test`.
        page: Where the page will be.
        screen: To talk to.
    """
    opened: Opened = {}
    every = [run for group in groups for run in group.runs]
    if split == "test":
        for folder in dict.fromkeys(run.path.parent for run in every):
            note_look(folder, every[0].info["data"]["fingerprint"], "compare", [run.name for run in every])
    answers = {run.path: answers_of(run, split, screen, opened) for run in every}
    first, data = answers[every[0].path], every[0].info["data"]
    _check_same_images(answers)
    contestants = [_contestant(its.name, [answers[run.path] for run in its.runs]) for its in groups]
    standings = [standing_of(its) for its in contestants]
    return Comparison(
        data=data["source"],
        split=split,
        n=len(first.labels),
        runs=_compared(groups, standings, costs_of([its.runs for its in groups])),
        pairs=compare_all([(contestants[a], contestants[b]) for a, b in pairs], first.labels, data["class_names"]),
        notices=_notices(split, len(first.labels), len(groups[0].runs)),
        report=str(page),
        names=first.names,
        labels=first.labels,
        class_names=tuple(data["class_names"]),
        images=None,
    )


def _told_apart(runs: Sequence[Run]) -> list[str]:
    """Name runs by their names, or where two have the same, by their folders."""
    names = [run.name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.path) for run in runs]


def _contestant(name: str, answers: Sequence[Answers]) -> Contestant:
    return Contestant(
        name, np.stack([its.right for its in answers]), np.mean([its.sureness for its in answers], axis=0)
    )


def _check_options(split: str, seeds: int) -> None:
    check_split(split)
    if seeds < 1:
        raise LensmithError(f"--seeds {seeds}: at least 1; from 2 on what another seed changes can be told.")


def _check_same_images(answers: Mapping[Path, Answers]) -> None:
    (path, first), *others = answers.items()
    for other, its in others:
        if its.names != first.names or not np.array_equal(its.labels, first.labels):
            raise RunError(
                f"{path.name} and {other.name} cannot be compared: they answered different images "
                f"({len(first.names):,} and {len(its.names):,}), so their splits are not the same."
            )


def _compared(groups: Sequence[Group], standings: Sequence[Standing], costs: Sequence[Cost]) -> list[Compared]:
    fronts = on_fronts(costs, [its.accuracy for its in standings])
    return [
        Compared(standing.name, [str(run.path) for run in group.runs], standing, cost, on_front)
        for group, standing, cost, on_front in zip(groups, standings, costs, fronts, strict=True)
    ]


def _check_repeatable(runs: Sequence[Run]) -> None:
    """Refuse runs that differ in the seed alone, for as recipes they are one, and runs of several backends."""
    backends = list(dict.fromkeys(str(run.info.get("backend")) for run in runs))
    if len(backends) > 1:
        raise LensmithError(
            f"These runs were trained on {' and '.join(backends)}, and --seeds trains on one backend. Compare them "
            "without it, or train them on the same."
        )
    settings = [repeated_settings(recipe_of(run)) for run in runs]
    for place, (its, run) in enumerate(zip(settings, runs, strict=True)):
        if its in settings[:place]:
            other = runs[settings.index(its)]
            raise LensmithError(
                f"{other.name} and {run.name} differ in the seed alone, so --seeds makes them the same."
            )


def _notices(split: str, n: int, repeats: int) -> list[str]:
    few = f"{n} images are few: only a very large difference could be seen." if n < FEW_IMAGES else ""
    by_split = CHOSEN_BY_TEST if split == "test" else CHOSEN_EPOCHS
    by_seeds = {1: ONE_SEED, 2: TWO_SEEDS}.get(repeats, "")
    return [its for its in (by_split, by_seeds, few) if its]


def _trained_on(runs: Sequence[Run]) -> list[str]:
    """Say so where some had more images to train on than others."""
    counts = {run.name: sum(run.info["data"]["counts"]["train"].values()) for run in runs}
    if len(set(counts.values())) == 1:
        return []
    listed = ", ".join(f"{name} on {count:,}" for name, count in counts.items())
    return [f"They were trained on different numbers of images: {listed}."]


def _images(run: Run, split: str, screen: Screen) -> Split | None:
    """Open the images for the pictures; without them the numbers still stand."""
    try:
        return open_split(run, split, screen).splits[split]
    except (DataError, RunError) as error:
        screen.warn(f"Without pictures: {error}")
        return None
