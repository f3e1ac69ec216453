"""Train a recipe again with other seeds, on the same splits, and keep what is there already."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from lensmith.config import Recipe, to_toml
from lensmith.errors import RunError
from lensmith.files import write_text
from lensmith.rendering.progress import Screen
from lensmith.runs import Run
from lensmith.workflows.provenance import recipe_of, settings_of
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
    recipe = recipe_of(run)
    others = [seed for seed in range(seeds + 1) if seed != recipe.seed][: seeds - 1]
    source, root = run.info["data"]["source"], run.path.parent
    return [run, *(trained(source, with_seed(recipe, its), f"{run.name}-seed{its}", root, screen) for its in others)]


def with_seed(recipe: Recipe, seed: int) -> Recipe:
    """Return the recipe with another seed."""
    return recipe.model_copy(update={"seed": seed})


def trained(source: str, recipe: Recipe, name: str, root: Path, screen: Screen) -> Run:
    """Return the run of this name, trained by this recipe: now, or some time ago.

    Args:
        source: DATA.
        recipe: Resolved.
        name: Of the run.
        root: The folder of runs.
        screen: To talk to.

    Raises:
        RunError: The name belongs to a run of another recipe.
    """
    run = Run(root / name)
    if not (run.path / "run.json").exists():
        screen.say(f"Training {run.path}.")
        _train(source, recipe, name, root)
        return run
    differing = _differences(run, recipe)
    if differing:
        raise RunError(
            f"{run.path} is in the way: it was trained with another {', '.join(differing)}. Give it another name."
        )
    if run.state != "finished":
        screen.say(f"{run.path} was not finished; it goes on.")
        resume(run.path)
    return run


def _train(source: str, recipe: Recipe, name: str, root: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{recipe.name or 'recipe'}.toml"
        write_text(file, to_toml(recipe))
        train(source, file, name=name, runs=root)


def _differences(run: Run, recipe: Recipe) -> Sequence[str]:
    """Name the keys in which the run's recipe is another; the number of epochs counts, too."""
    then, wanted = recipe_of(run), settings_of(recipe)
    its = settings_of(then) | {"training.epochs": then.training.epochs}
    return [key for key, value in {**wanted, "training.epochs": recipe.training.epochs}.items() if its[key] != value]
