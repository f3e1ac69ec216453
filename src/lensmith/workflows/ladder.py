"""`ladder`: one change after the other on the same data, with the same seeds and time, and what each gains."""

import contextvars
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lensmith.backend import start_keras
from lensmith.comparison import Comparison, Ladder, Step
from lensmith.config import load_recipe
from lensmith.data import resolve_source
from lensmith.errors import LensmithError, RunError, TrainingDiverged, did_you_mean
from lensmith.files import write_text
from lensmith.rendering.ladder_page import render_ladder
from lensmith.rendering.pages import check_page
from lensmith.rendering.progress import Screen, current_screen
from lensmith.rendering.wording import duration
from lensmith.runs import Run, check_destination
from lensmith.workflows.answers import require_split
from lensmith.workflows.budget import BudgetTooShort, check_compiles, parse_budget
from lensmith.workflows.comparable import check_comparable, check_split
from lensmith.workflows.compare import Group, compare_groups
from lensmith.workflows.provenance import check_same_data, open_data_of, recipe_of, settings_of
from lensmith.workflows.repeats import going_on
from lensmith.workflows.rungs import LADDERS, Rung
from lensmith.workflows.session import COMMAND_STARTED
from lensmith.workflows.train import train

FEWEST_SEEDS, FEWEST_STEPS = 2, 2
KEPT = "What was trained to its end is kept; the training that was stopped begins anew."
UNEVEN = 1.25
"""Times as many epochs of one training as of another of the same step are not chance."""


def ladder(
    data: str | Path,
    *,
    of: str = "steps",
    seeds: int = 3,
    budget: str = "60s",
    split: str = "validation",
    output: str | Path | None = None,
    runs: str | Path | None = None,
) -> Ladder:
    """Train each step of a ladder several times, and tell what it gains over the one before it.

    Trainings that are there already are not done again.

    Args:
        data: A built-in name, a folder, a `.csv` or a `.npz`.
        of: Which ladder: `steps`, `activations` or `optimizers`.
        seeds: Trainings of each step, at least 2.
        budget: Time of each training, such as `60s`.
        split: `validation` or `test`, to compare on.
        output: The page to write; `ladder-<data>-<of>.html` in the runs root by default.
        runs: The runs root.

    Raises:
        LensmithError: No such ladder, fewer than two steps could be trained in the budget, or a run of another kind is
            in the way.
    """
    _check_options(of, seeds, split)
    parse_budget(budget)
    resolve_source(data)  # so that a mistyped path is answered at once
    root, stem = check_destination(None, runs), f"ladder-{Path(str(data)).stem or 'data'}"
    page = Path(output) if output else root / f"{stem}-{of}.html"
    check_page(page)
    with current_screen() as screen, going_on(KEPT):
        start_keras()
        check_compiles()  # else the first training would say so
        trainings = _Trainings(data, budget, seeds, split, root / stem, screen)
        rungs = LADDERS[of]()
        trainings.check_begun(rungs)
        groups, left_out = trainings.of_all(rungs)
        if len(groups) < FEWEST_STEPS:
            raise LensmithError(f"Fewer than two steps could be trained in {budget}. {' '.join(left_out.values())}")
        comparison = _compare(groups, split, page, screen)
        comparison = replace(comparison, notices=[*comparison.notices, *_uneven(groups)])
    steps = [_step(rung, group) for rung, group in groups]
    found = Ladder(comparison.data, budget, steps, comparison, left_out)
    write_text(page, render_ladder(found))
    return found


@dataclass(frozen=True)
class _Trainings:
    """What all steps have in common.

    Attributes:
        data: DATA.
        budget: Of each training.
        seeds: Trainings of each step.
        split: That all are compared on.
        stem: What the paths of their runs begin with.
        screen: To talk to.
    """

    data: str | Path
    budget: str
    seeds: int
    split: str
    stem: Path
    screen: Screen

    def check_begun(self, rungs: Sequence[Rung]) -> None:
        """Refuse to go on with a ladder that was begun on other images than there are now.

        Raises:
            RunError: In what they differ, or a run of another kind is in the way.
        """
        places = [(rung, self._run_of(rung, seed)) for rung in rungs for seed in range(self.seeds)]
        begun = [(rung, run) for rung, run in places if _state_of(run)]
        for rung, run in begun:
            self._check_own(run, rung)
        finished = [run for _, run in begun if run.state == "finished"]
        if len(finished) > 1:
            check_comparable(finished, self.split)
        for run in finished[:1]:
            try:
                check_same_data(run, open_data_of(run, recipe_of(run), self.screen))
            except RunError as error:
                raise RunError(f"{error} Remove the runs of this ladder, or choose other --runs.") from None

    def of_all(self, rungs: Sequence[Rung]) -> tuple[list[tuple[Rung, Group]], dict[str, str]]:
        """Train all steps; return those that could be trained in the time with their runs, and why others could not."""
        runs = [self._run_of(rung, seed) for rung in rungs for seed in range(self.seeds)]
        there = sum(_state_of(run) == "finished" for run in runs)
        left = len(runs) - there
        known = f" {there} of them are there already." if there else ""
        rest = f" The rest takes about {duration(left * parse_budget(self.budget))}." if left else ""
        self.screen.say(
            f"{len(rungs)} steps, {self.seeds} trainings of each: {len(runs)} of {self.budget} each.{known}{rest}"
        )
        groups, left_out = list[tuple[Rung, Group]](), dict[str, str]()
        for rung in rungs:
            try:
                groups.append((rung, Group(rung.name, [self._of(rung, seed) for seed in range(self.seeds)])))
            except (BudgetTooShort, TrainingDiverged) as error:
                left_out[rung.name] = str(error)
                self.screen.warn(f"{rung.name} is left out: {error}")
        return groups, left_out

    def _run_of(self, rung: Rung, seed: int) -> Run:
        slug = re.sub(r"[^a-z0-9]+", "-", rung.name.lower()).strip("-")
        return Run(self.stem.with_name(f"{self.stem.name}-{slug}-{self.budget}-seed{seed}"))

    def _of(self, rung: Rung, seed: int) -> Run:
        """Return the run of a step and a seed, trained now where it is not there or was not finished."""
        run = self._run_of(rung, seed)
        state = _state_of(run)
        if state == "diverged":
            raise TrainingDiverged(str(run.info.get("error")).removeprefix("TrainingDiverged: "))
        if state != "finished":
            self.screen.say(f"{rung.name}, seed {seed}:")
            contextvars.copy_context().run(self._train, rung, seed, run)
            require_split(run, self.split)
        return run

    def _check_own(self, run: Run, rung: Rung) -> None:
        """Refuse a run by this name that was trained on other data, by other settings, or further than its time."""
        info, asked = run.info, settings_of(load_recipe(rung.recipe, rung.settings))
        settings, data = info.get("settings") or {}, info.get("data") or {}
        # Words for augmentation are spelled out in a run.
        known = [key for key in rung.settings if key != "training.augmentation"]
        same = info.get("recipe") == rung.recipe and all(settings.get(key) == asked[key] for key in known)
        if not same or info.get("resumed") or data.get("source") != resolve_source(self.data):
            raise RunError(f"{run.path} is in the way: it is no run of this ladder. Remove it, or choose other --runs.")

    def _train(self, rung: Rung, seed: int, run: Run) -> None:
        """Train with the budget for this training alone, from now on."""
        COMMAND_STARTED.set(time.perf_counter())
        settings, root = {**rung.settings, "seed": seed}, run.path.parent
        train(self.data, rung.recipe, set=settings, name=run.name, runs=root, budget=self.budget, force=True)


def _state_of(run: Run) -> str:
    """Return what has become of a run; empty where there is none yet."""
    return run.state if (run.path / "run.json").exists() else ""


def _check_options(of: str, seeds: int, split: str) -> None:
    check_split(split)
    if of not in LADDERS:
        raise LensmithError(f"--of {of!r} is no ladder.{did_you_mean(of, LADDERS)}")
    if seeds < FEWEST_SEEDS:
        raise LensmithError(f"--seeds {seeds}: at least {FEWEST_SEEDS}, so that luck can be told from a gain.")


def _compare(groups: Sequence[tuple[Rung, Group]], split: str, page: Path, screen: Screen) -> Comparison:
    check_comparable([run for _, group in groups for run in group.runs], split)
    place_of = {rung.name: place for place, (rung, _) in enumerate(groups)}
    pairs = [
        (place - 1 if rung.against is None else place_of[rung.against], place)
        for place, (rung, _) in enumerate(groups)
        if place and (rung.against is None or rung.against in place_of)
    ]
    if not pairs:
        raise LensmithError(f"{groups[0][0].against} is left out, which all others are compared with. Give more time.")
    return compare_groups([group for _, group in groups], pairs, split, page, screen)


def _uneven(groups: Sequence[tuple[Rung, Group]]) -> list[str]:
    """Say which steps' trainings had very different numbers of epochs in what should be the same time."""
    epochs = {rung.name: [_epochs_of(run.info) for run in group.runs] for rung, group in groups}
    uneven = [
        f"{name} ({min(its):.1f} to {max(its):.1f})" for name, its in epochs.items() if max(its) > UNEVEN * min(its)
    ]
    if not uneven:
        return []
    return [
        f"In the same time, trainings of one step had different numbers of epochs: {', '.join(uneven)}. Other work on "
        "this machine does that, and so do images and features that the first training read and the others found. Part "
        "of the differences may be its doing: to be sure, remove these runs and give the command on a quiet machine."
    ]


def _step(rung: Rung, group: Group) -> Step:
    epochs = [_epochs_of(run.info) for run in group.runs]
    return Step(rung.name, rung.what, sum(epochs) / len(epochs))


def _epochs_of(info: Mapping[str, Any]) -> float:
    """Tell how often a run has seen its training images; its own number of epochs counts a begun one whole."""
    images, batch = sum(info["data"]["counts"]["train"].values()), info["settings"]["training.batch_size"]
    return float(info["result"]["steps"] / math.ceil(images / batch))
