"""`summary`: a network layer by layer, of a file, a run or a recipe, trained or not."""

import math
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from lensmith.architecture import Objective, Summary, summarize
from lensmith.backend import load_model, start_keras
from lensmith.config import Recipe, load_recipe, recipe_names
from lensmith.errors import LensmithError, RunError, did_you_mean
from lensmith.files import write_text
from lensmith.models import build_model
from lensmith.rendering.summary import render_drawing, render_summary
from lensmith.runs import find_run, list_runs
from lensmith.training import freeze, make_optimizer, wants_logits
from lensmith.workflows.models import EXAMPLE_CLASSES, example_shape
from lensmith.workflows.provenance import recipe_of

Shape = tuple[int, int, int]
BATCH = 64
PAGES = {".html": render_summary, ".svg": render_drawing}


def summary(  # noqa: PLR0913  (these are the options of a command)
    network: str | Path,
    *,
    input: str | None = None,
    classes: int | None = None,
    convolutional: bool = False,
    batch_size: int | None = None,
    output: str | Path | None = None,
    runs: str | Path | None = None,
    trust: bool = False,
) -> Summary:
    """Describe a network layer by layer: shapes, parameters, costs, receptive fields, what each layer is for.

    Args:
        network: A `.keras` file; a recipe by name or `.toml` file; or a run by folder or name, or `latest`. A recipe's
            name wins over a run of that name; write `runs/NAME` for the run.
        input: Height, width and channels of the picture, such as `32x32x3`; by default the network's own.
        classes: Of a recipe's network; 10 by default.
        convolutional: Only the part up to the last layer whose output has height and width.
        batch_size: For the memory that training takes; the recipe's by default, else 64.
        output: A page (`.html`) or a drawing (`.svg`) to write besides.
        runs: The runs root.
        trust: Whether the file or the run is one's own.

    Raises:
        LensmithError: There is no such network, it cannot be read or built, or it does not take such a picture.
    """
    picture = _parse(input) if input else None
    if output and Path(output).suffix.lower() not in PAGES:
        raise LensmithError(f"{output} must end in .html, for a page, or .svg, for the drawing alone.")
    for name, value in (("--classes", classes), ("--batch-size", batch_size)):
        if value is not None and value < 1:
            raise LensmithError(f"{name} is {value}; expected 1 or more.")
    model, recipe, objective = _find(str(network), picture, classes, runs, trust=trust)
    found = summarize(
        model,
        picture,
        objective,
        convolutional=convolutional,
        batch_size=batch_size or (recipe.training.batch_size if recipe else BATCH),
        kept_by_optimizer=_kept_by_optimizer(recipe) if recipe else 2,
    )
    if output:
        write_text(Path(output), PAGES[Path(output).suffix.lower()](found))
    return found


def _find(
    network: str, picture: Shape | None, classes: int | None, runs: str | Path | None, *, trust: bool
) -> tuple[Any, Recipe | None, Objective]:
    """Find and load the network, with its recipe where it has one, and what it is trained for."""
    if network.endswith(".keras"):
        return _load(Path(network), trust=trust), None, Objective()
    if network in recipe_names() or network.endswith(".toml"):
        recipe, classes = load_recipe(network), classes or EXAMPLE_CLASSES
        start_keras()
        model = build_model(recipe.model, picture or example_shape(recipe), classes, recipe.name)
        if recipe.training.transfer:
            freeze(model, recipe.training.transfer.unfrozen)
        return model, recipe, objective_of(recipe, classes)
    try:
        run = find_run(network, runs, trust=trust)
    except RunError:
        if os.sep in network:
            raise
        known = [*recipe_names(), *(its.name for its in list_runs(runs)), "latest"]
        raise LensmithError(
            f"No network named {network!r}: it is neither a .keras file, nor a recipe, nor a run."
            f"{did_you_mean(network, known)}"
        ) from None
    recipe = recipe_of(run)
    objective = objective_of(recipe, len(run.artifact["class_names"]))
    # A run's model always ends in probabilities, whatever its network was trained with.
    return run.model, recipe, replace(objective, from_logits=False)


def _load(file: Path, *, trust: bool) -> Any:
    if not file.is_file():
        raise LensmithError(f"There is no file {file}.")
    try:
        return load_model(file, trusted=trust)
    except LensmithError:
        raise
    except Exception as error:  # Keras, zipfile and HDF5 each have their own for a damaged file
        raise LensmithError(f"{file} cannot be read as a model: {error}") from error


def objective_of(recipe: Recipe, classes: int) -> Objective:
    """Say what a recipe trains its network for."""
    return Objective(classes, recipe.training.loss.class_name, wants_logits(recipe.training))


def _kept_by_optimizer(recipe: Recipe) -> int:
    """Count the numbers that a recipe's optimizer keeps of each weight."""
    import keras

    side = 2
    weight = keras.Variable(keras.ops.ones((side, side, side, side)))
    optimizer = make_optimizer(recipe.training, 1)
    optimizer.build([weight])
    kept: int = sum(math.prod(its.shape) for its in optimizer.variables if its.shape)
    return round(kept / side**4)


def _parse(text: str) -> Shape:
    match = re.fullmatch(r"(\d+)[x×](\d+)(?:[x×](\d+))?", text.strip().lower())
    if not match:
        raise LensmithError(f"--input {text!r} is no size. Expected height x width x channels, such as 32x32x3.")
    height, width, channels = (int(its) for its in (match[1], match[2], match[3] or 3))
    if 0 in (height, width) or channels not in (1, 3):
        raise LensmithError(f"--input {text!r}: a picture has at least one pixel, and 1 or 3 channels.")
    return height, width, channels
