"""What a recipe leaves to the machine, decided before there is a run."""

from typing import Any

from lensmith.backend import compiles_steps, multiplies_bfloat16_fast
from lensmith.config import Recipe
from lensmith.training.precision import FULL, MIXED


def settle(recipe: Recipe) -> Recipe:
    """Replace what this machine and backend decide by what it will be, so that the recipe says what was done.

    A `dtype_policy` of `auto` becomes what is fastest here; progressive resizing is left out where the backend
    does not compile the steps.
    """
    changes: dict[str, Any] = {}
    if recipe.training.dtype_policy == "auto":
        changes["dtype_policy"] = MIXED if multiplies_bfloat16_fast() else FULL
    if not compiles_steps():
        changes["progressive_resizing"] = None
    return recipe.model_copy(update={"training": recipe.training.model_copy(update=changes)})
