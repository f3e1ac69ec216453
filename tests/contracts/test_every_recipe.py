"""Every packaged recipe keeps the contract; a new file in src/lensmith/recipes is tested without a change here."""

from importlib import resources
from pathlib import Path

import pytest
from tests.contracts.network_contract import (
    CLASSES,
    Shape,
    check_answers,
    check_python,
    check_saving,
    check_training,
    shapes_of,
)

from lensmith.config import Recipe, load_recipe, recipe_names, to_toml

RECIPES = {name: load_recipe(name) for name in recipe_names()}
CASES = [
    pytest.param(recipe, shape, classes, id=f"{name}-{'x'.join(map(str, shape))}-{classes}")
    for name, recipe in RECIPES.items()
    for shape in shapes_of(recipe)
    for classes in CLASSES
]

every_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


def test_every_packaged_file_is_a_recipe() -> None:
    folder = resources.files("lensmith") / "recipes"
    assert sorted(entry.name for entry in folder.iterdir() if "." in entry.name) == sorted(
        f"{name}.toml" for name in RECIPES
    )


@pytest.mark.parametrize(("recipe", "shape", "classes"), CASES)
def test_recipe_builds_and_answers_with_probabilities(recipe: Recipe, shape: Shape, classes: int) -> None:
    check_answers(recipe, shape, classes)


@every_recipe
def test_recipe_is_saved_and_loaded_with_safe_mode(recipe: Recipe, tmp_path: Path) -> None:
    check_saving(recipe, shapes_of(recipe)[-1], 10, tmp_path)


@every_recipe
def test_recipe_trains(recipe: Recipe) -> None:
    check_training(recipe, shapes_of(recipe)[-1], 10)


@every_recipe
def test_recipe_prints_python_that_is_the_same_network(recipe: Recipe) -> None:
    check_python(recipe, shapes_of(recipe)[-1], 10)


@every_recipe
def test_recipe_reads_back_from_what_is_written(recipe: Recipe, tmp_path: Path) -> None:
    file = tmp_path / f"{recipe.name}.toml"
    file.write_text(to_toml(recipe), encoding="utf-8")
    assert load_recipe(file) == recipe


@every_recipe
def test_recipe_says_what_it_is_for_and_where_it_comes_from(recipe: Recipe) -> None:
    assert recipe.description.endswith(".")
    assert recipe.source
