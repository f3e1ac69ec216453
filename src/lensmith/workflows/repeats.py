"""Train a recipe again with other seeds, on the same splits, and keep what is there already."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lensmith.backend import start_keras
from lensmith.config import Recipe, to_toml
from lensmith.errors import Interrupted, RunError
from lensmith.files import write_text
from lensmith.rendering.progress import Screen
from lensmith.runs import Run
from lensmith.training import ending_by_exception
from lensmith.workflows.provenance import check_same_data, open_data_of, recipe_of, settings_of
from lensmith.workflows.resume import resume
from lensmith.workflows.train import train


def repeats_of(run: Run, seeds: int, screen: Screen) -> list[Run]:
    """Return the run with repeats of it that differ in the seed alone, trained where they are not there yet.

    They lie beside the run, as `<run>-seed<n>`. One that was stopped goes on.

    Args:
        run: With a model; one of the repeats.
        seeds: How many in all, at least 2.
        screen: To talk to.

    Raises:
        RunError: Something else has one of their names.
    """
    if run.state != "finished":
        raise RunError(f"{run.name} is {run.state}, so its model is not what its recipe says. Finish it first.")
    recipe = recipe_of(run)
    others = [seed for seed in range(seeds + 1) if seed != recipe.seed][: seeds - 1]
    start_keras(run.info["backend"])
    check_same_data(run, open_data_of(run, recipe, screen))
    made = [_repeat(run, with_seed(recipe, seed), screen) for seed in others]
    return [run, *made]


@contextlib.contextmanager
def going_on(kept: str = "What was trained is kept.") -> Iterator[None]:
    """Say how a command that trains several runs goes on once it was stopped, whatever it was doing then.

    Args:
        kept: What is not lost, in a sentence.
    """
    message = f"{kept} Give the same command again, and it goes on."
    try:
        with ending_by_exception(message):
            yield
    except Interrupted as stopped:
        raise type(stopped)(message) from None


def repeated_settings(recipe: Recipe) -> dict[str, Any]:
    """Return what a recipe's repeats have in common: all that decides a training but the seed."""
    settings = settings_of(recipe) | {"training.epochs": recipe.training.epochs}
    return {key: value for key, value in settings.items() if key != "seed"}


def with_seed(recipe: Recipe, seed: int) -> Recipe:
    """Return the recipe with another seed."""
    return recipe.model_copy(update={"seed": seed})


def _repeat(first: Run, recipe: Recipe, screen: Screen) -> Run:
    """Return the run beside the first with another seed, trained now or some time ago."""
    run = Run(first.path.with_name(f"{first.name}-seed{recipe.seed}"), first.trusted)
    if not (run.path / "run.json").exists():
        screen.say(f"Training {run.path}.")
        _train(first.info["data"]["source"], recipe, run.name, run.path.parent)
        return run
    differing = _differences(run, recipe)
    if differing:
        raise RunError(
            f"{run.path} is in the way: it was trained with another {', '.join(differing)}. Rename or remove it."
        )
    if run.state != "finished":
        screen.say(f"{run.path} was not finished; it goes on.")
        resume(run.path, trust=run.trusted)
    return run


def _train(source: str, recipe: Recipe, name: str, root: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{recipe.name or 'recipe'}.toml"
        write_text(file, to_toml(recipe))
        train(source, file, name=name, runs=root)


def _differences(run: Run, recipe: Recipe) -> Sequence[str]:
    """Name what of the run's recipe is another."""
    then = recipe_of(run)
    its, wanted = ({"seed": one.seed, **repeated_settings(one)} for one in (then, recipe))
    return [key for key, value in wanted.items() if its[key] != value]
