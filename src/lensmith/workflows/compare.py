"""`compare`: several runs on the same images, with what can be said of their differences and what cannot."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lensmith.comparison import (
    COSTS,
    Compared,
    Comparison,
    Contestant,
    Cost,
    Standing,
    compare_all,
    pareto_front,
    standing_of,
)
from lensmith.data import Split
from lensmith.errors import DataError, LensmithError, RunError, did_you_mean
from lensmith.files import write_text
from lensmith.rendering.comparison_page import render_comparison
from lensmith.rendering.progress import Screen, current_screen
from lensmith.runs import Run, find_run, note_look
from lensmith.workflows.answers import Answers, answers_of, open_split
from lensmith.workflows.comparable import SPLITS, check_comparable
from lensmith.workflows.costs import costs_of
from lensmith.workflows.repeats import repeats_of

PAGE = "comparison.html"
CHOSEN_BY_TEST = (
    "These are test images. If you choose among these runs by them, the test accuracy of the one chosen is too high: "
    "choose by the validation images, and look here once, to confirm."
)
ONE_SEED = (
    "These are single trainings: the intervals hold for these models, on other images of the same kind. What another "
    "seed would change is not in them; --seeds 5 tells."
)
FEW_IMAGES = 30


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
    check_comparable(found)
    page = Path(output) if output else found[0].path.parent / PAGE
    _check_page(page)
    with current_screen() as screen:
        groups = [repeats_of(run, seeds, screen) if seeds > 1 else [run] for run in found]
        record = compare_groups([run.name for run in found], groups, split, page, screen)
    write_text(page, render_comparison(record))
    return record


def compare_groups(
    names: Sequence[str], groups: Sequence[Sequence[Run]], split: str, page: Path, screen: Screen
) -> Comparison:
    """Compare groups of repeats on the same images.

    Args:
        names: One for each group.
        groups: Runs that may be compared, in each group as many.
        split: `validation` or `test`.
        page: Where the page will be.
        screen: To talk to.
    """
    answers = [[answers_of(run, split, screen) for run in group] for group in groups]
    first = answers[0][0]
    _check_same_images([its for group in answers for its in group], groups)
    contestants = [
        Contestant(name, np.stack([its.right for its in group]), np.mean([its.sureness for its in group], axis=0))
        for name, group in zip(names, answers, strict=True)
    ]
    data, every = groups[0][0].info["data"], [run for group in groups for run in group]
    if split == "test":
        note_look(page_root(groups), data["fingerprint"], "compare", [run.name for run in every])
    standings = [standing_of(its) for its in contestants]
    return Comparison(
        data=data["source"],
        split=split,
        n=len(first.labels),
        runs=_compared(groups, standings, costs_of(groups)),
        pairs=compare_all(contestants, first.labels, data["class_names"]),
        notices=_notices(split, len(first.labels), len(groups[0])),
        report=str(page),
        names=first.names,
        labels=first.labels,
        class_names=tuple(data["class_names"]),
        images=_images(groups[0][0], split, screen),
    )


def page_root(groups: Sequence[Sequence[Run]]) -> Path:
    """Return the folder of runs that the first of them is in."""
    return groups[0][0].path.parent


def _check_options(split: str, seeds: int) -> None:
    if split not in SPLITS:
        raise LensmithError(f"--split {split!r} is none of {', '.join(SPLITS)}.{did_you_mean(split, SPLITS)}")
    if seeds < 1:
        raise LensmithError(f"--seeds {seeds}: at least 1; from 2 on what another seed changes can be told.")


def _check_page(page: Path) -> None:
    if page.suffix.lower() != ".html":
        raise LensmithError(f"The page {page} must end in .html.")
    if not page.resolve().parent.is_dir():
        raise LensmithError(f"There is no folder {page.resolve().parent} to write {page.name} into.")


def _check_same_images(answers: Sequence[Answers], groups: Sequence[Sequence[Run]]) -> None:
    runs = [run for group in groups for run in group]
    for its, run in zip(answers, runs, strict=True):
        if its.names != answers[0].names or not np.array_equal(its.labels, answers[0].labels):
            raise RunError(
                f"{runs[0].name} and {run.name} cannot be compared: they answered different images "
                f"({len(answers[0].names):,} and {len(its.names):,}), so their splits are not the same."
            )


def _compared(groups: Sequence[Sequence[Run]], standings: Sequence[Standing], costs: Sequence[Cost]) -> list[Compared]:
    fronts: dict[str, list[bool]] = {}
    for name in COSTS:
        values = [getattr(its, name) for its in costs]
        if None not in values:
            fronts[name] = pareto_front(values, [its.accuracy for its in standings])
    return [
        Compared(
            name=standing.name,
            runs=[str(run.path) for run in group],
            standing=standing,
            cost=cost,
            on_front=[name for name, on in fronts.items() if on[place]],
        )
        for place, (group, standing, cost) in enumerate(zip(groups, standings, costs, strict=True))
    ]


def _notices(split: str, n: int, repeats: int) -> list[str]:
    few = f"{n} images are few: only a very large difference could be seen." if n < FEW_IMAGES else ""
    return [its for its in (CHOSEN_BY_TEST if split == "test" else "", ONE_SEED if repeats == 1 else "", few) if its]


def _images(run: Run, split: str, screen: Screen) -> Split | None:
    """Open the images for the pictures; without them the numbers still stand."""
    try:
        return open_split(run, split, screen).splits[split]
    except (DataError, RunError) as error:
        screen.warn(f"Without pictures: {error}")
        return None
