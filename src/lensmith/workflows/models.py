"""`models`: list the recipes with what their networks are, or print the Keras code of one."""

from dataclasses import dataclass

from lensmith.backend import start_keras
from lensmith.config import Recipe, load_recipe, recipe_names
from lensmith.models import build_model, to_python
from lensmith.records import Record

# What a network without a size of its own is shown at.
EXAMPLE_SIZE = 32
EXAMPLE_CLASSES = 10


@dataclass(frozen=True)
class ModelRow(Record):
    """One recipe and its network.

    Attributes:
        recipe: Its name.
        builder: The registered builder, or `layers` for a network described layer by layer.
        input: Height, width and channels of the example its parameters are counted for.
        any_size: Whether the recipe takes images of other sizes as they come.
        parameters: For that input and ten classes.
        description: What it is for.
        source: Where it comes from.
    """

    recipe: str
    builder: str
    input: tuple[int, int, int]
    any_size: bool
    parameters: int
    description: str
    source: str


def list_models(only: str | None = None) -> list[ModelRow]:
    """List every recipe that comes with lensmith, or one of them.

    Raises:
        RecipeError: There is none of that name.
    """
    recipes = [load_recipe(name) for name in ([only] if only else recipe_names())]
    start_keras()
    rows = []
    for recipe in recipes:
        shape = example_shape(recipe)
        network = build_model(recipe.model, shape, EXAMPLE_CLASSES, recipe.name)
        rows.append(
            ModelRow(
                recipe=recipe.name,
                builder=recipe.model.builder or "layers",
                input=shape,
                any_size=recipe.data.image_size == "auto",
                parameters=network.count_params(),
                description=recipe.description,
                source=recipe.source,
            )
        )
    return rows


def model_python(recipe: str) -> str:
    """Write the Keras code of a recipe's network, ready to paste.

    Raises:
        RecipeError: No such recipe.
    """
    loaded = load_recipe(recipe)
    start_keras()
    return to_python(build_model(loaded.model, example_shape(loaded), EXAMPLE_CLASSES, loaded.name), loaded)


def example_shape(recipe: Recipe) -> tuple[int, int, int]:
    """Return the input shape a recipe's network is shown at: its own size, or an example's."""
    size = EXAMPLE_SIZE if recipe.data.image_size == "auto" else recipe.data.image_size
    height, width = (size, size) if isinstance(size, int) else size
    return (height, width, 1 if recipe.data.color == "grayscale" else 3)
