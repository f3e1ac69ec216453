"""`train --resume`: go on with a run that was interrupted, however that was, or train a finished one further."""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lensmith.backend import make_deterministic, start_keras
from lensmith.config import Recipe, to_toml
from lensmith.data import Dataset
from lensmith.errors import RunError
from lensmith.files import not_written, remove_unfinished, write_text
from lensmith.locks import locked
from lensmith.rendering.progress import current_screen
from lensmith.runs import Run, find_run, now
from lensmith.training import (
    Checkpoint,
    newest_checkpoint,
    prepare,
    remove_damaged,
    steps_per_epoch,
    total_steps,
)
from lensmith.workflows.provenance import check_unchanged, command_line, open_data_of, provenance, recipe_of
from lensmith.workflows.session import Clock, Session, TrainRecord


def resume(
    run: str | Path,
    *,
    epochs: float | None = None,
    runs: str | Path | None = None,
    force: bool = False,
    trust: bool = False,
    callbacks: Sequence[Any] = (),
) -> TrainRecord:
    """Go on with a run, from the newest checkpoint that is whole.

    On the same machine the result is that of a run that was never interrupted, bit for bit: weights, state of the
    optimizer, history.

    Args:
        run: A run folder, a run's name, or `latest`.
        epochs: Where to end, counted from the run's beginning; the recipe's by default. A learning-rate schedule that
            spans the training spans this many.
        runs: The runs root.
        force: Go on although versions have changed, or images of the same classes that come with a test split.
        trust: Whether the run is one's own: its files may be links to other places.
        callbacks: As for `train`. What they know themselves does not come back.

    Raises:
        RunError: No such run; another process is training it; data, classes, recipe or versions have changed since.
    """
    clock, found = Clock.start(), find_run(run, runs, trust=trust)
    _check_files(found)
    with locked(found.path), current_screen() as screen:
        remove_unfinished(found.path)
        recipe = recipe_of(found, {} if epochs is None else {"training.epochs": epochs})
        start, notes = _find_start(found, recipe)
        _check_goes_on(found, recipe, start)
        start_keras(found.info.get("backend"))
        clock.data = time.perf_counter()
        dataset = open_data_of(found, recipe, screen)
        notes += check_unchanged(found, recipe, dataset, force=force)
        _check_steps(found, recipe, dataset, start)
        for note in notes:
            screen.warn(note)
        screen.say(_where(start, total_steps(recipe.training, len(dataset.train))))
        make_deterministic(recipe.seed)
        prepared = prepare(dataset, recipe)
        remove_damaged(found.checkpoints)
        write_text(found.recipe_file, to_toml(recipe))
        this_time = {"at": now(), "command": command_line(), "step": start.state.step if start else 0, "notes": notes}
        resumed = [*found.info.get("resumed", []), this_time]
        found.update(**provenance(dataset, recipe) | {"command": found.info["command"], "resumed": resumed})
        return Session(found, dataset, recipe, callbacks, clock, screen).complete(prepared, start)


def _check_files(run: Run) -> None:
    """Refuse a run whose files are elsewhere, before anything is written or removed there."""
    for path in (run.checkpoints, run.path / "evaluation", run.path / "tensorboard"):
        for its in (path, *path.rglob("*")):
            run.check_file(its)
    try:
        run.checkpoints.mkdir(exist_ok=True)
    except OSError as error:
        raise RunError(not_written(run.checkpoints, error)) from None


def _find_start(run: Run, recipe: Recipe) -> tuple[Checkpoint | None, list[str]]:
    """Find where to go on from, `None` for the beginning; and what the user should know of that."""
    start, notes = newest_checkpoint(run.checkpoints, recipe.training.epochs)
    if start is None:
        if run.keras_file.exists():
            raise RunError(
                f"Run {run.name} is finished and has no checkpoint to go on from. Train anew: "
                f"lensmith train {run.info['data']['source']} --recipe {run.recipe_file}"
            )
        notes.append(f"Run {run.name} has no checkpoint yet{' that is whole' if notes else ''}: it begins anew.")
    elif notes:
        notes.append(f"Going on from {start.path.name}, the newest that is whole.")
    return start, notes


def _where(start: Checkpoint | None, steps: int) -> str:
    """Say where training goes on; nothing where it begins anew or all of its steps are done."""
    if start is None or start.state.step >= steps:
        return ""
    step, per_epoch = start.state.step, start.state.steps_per_epoch
    within = f", step {step % per_epoch + 1:,} of {per_epoch:,}" if step % per_epoch else ""
    return f"Going on in epoch {step // per_epoch + 1}{within}."


def _check_steps(run: Run, recipe: Recipe, dataset: Dataset, start: Checkpoint | None) -> None:
    """Refuse what is behind the run already, and epochs of another length: steps could not be counted on."""
    if start is None:
        return
    images, step = len(dataset.train), start.state.step
    total = total_steps(recipe.training, images)
    if step > total:
        raise RunError(f"Run {run.name} is past {recipe.training.epochs:g} epochs already. Give more of them.")
    before, now_steps = start.state.steps_per_epoch, steps_per_epoch(recipe.training, images)
    if before != now_steps:
        raise RunError(
            f"Run {run.name} cannot go on with {images:,} training images, not even with --force: an epoch was "
            f"{before:,} steps and would be {now_steps:,}. Put back the images that it had, or train a new run."
        )
    if not start.is_within_epoch and step < start.state.epoch * before < total:
        raise RunError(
            f"A callback ended run {run.name} within epoch {start.state.epoch}, so it cannot be trained further. "
            f"Train a new run, or give --epochs {start.state.epoch} for its model."
        )


def _check_goes_on(run: Run, recipe: Recipe, start: Checkpoint | None) -> None:
    """Refuse epochs that a run has behind it, and more than those of one that ended within an epoch."""
    done, before = start.state.epoch if start else 0, recipe_of(run, {}).training.epochs
    wanted = recipe.training.epochs
    if math.ceil(wanted) < done:
        further = f"{before:g}" if before % 1 else f"{done} for their model, or more to go on"
        raise RunError(f"Run {run.name} has {done} epochs already. Give --epochs {further}.")
    if before % 1 and done == math.ceil(before) and wanted != before:
        raise RunError(
            f"Run {run.name} ended within an epoch, after {before:g}, and cannot be trained further. "
            f"Train anew: lensmith train {run.info['data']['source']} --recipe {run.recipe_file} --epochs {wanted:g}"
        )
