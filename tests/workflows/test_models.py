from pathlib import Path

import pytest

from lensmith.config import load_recipe, recipe_names
from lensmith.errors import RecipeError
from lensmith.records import to_json
from lensmith.workflows.models import ModelRow, example_shape, list_models, model_python


@pytest.fixture(scope="module")
def rows() -> dict[str, ModelRow]:
    return {row.recipe: row for row in list_models()}


def test_every_recipe_is_listed_in_order(rows: dict[str, ModelRow]) -> None:
    assert list(rows) == recipe_names()


def test_the_tutorials_are_listed_with_their_parameters(rows: dict[str, ModelRow]) -> None:
    assert {name: rows[name].parameters for name in ("cifar-3conv", "mnist-3conv", "cifar-mlp", "mnist-2conv")} == {
        "cifar-3conv": 528_054,
        "mnist-3conv": 93_322,
        "cifar-mlp": 1_707_274,
        "mnist-2conv": 34_826,
    }
    assert rows["cifar-bn-dropout"].parameters == 309_290


def test_a_row_says_input_and_what_the_network_is_made_of(rows: dict[str, ModelRow]) -> None:
    assert (rows["mnist-3conv"].input, rows["mnist-3conv"].any_size) == ((28, 28, 1), False)
    assert (rows["cifar-3conv"].input, rows["cifar-3conv"].any_size) == ((32, 32, 3), False)
    assert (rows["auto"].input, rows["auto"].any_size) == ((32, 32, 3), True)
    assert (rows["auto"].builder, rows["mnist-3conv"].builder) == ("fast-cnn", "layers")


def test_every_row_says_what_it_is_for_and_where_it_comes_from(rows: dict[str, ModelRow]) -> None:
    assert all(row.description and row.source for row in rows.values())


def test_the_list_can_be_printed_as_json(rows: dict[str, ModelRow]) -> None:
    assert '"parameters": 93322' in to_json(list(rows.values()))


@pytest.mark.parametrize(
    ("overrides", "shape"),
    [
        ({}, (28, 28, 1)),
        ({"data.color": "rgb"}, (28, 28, 3)),
        ({"data.image_size": 20}, (20, 20, 1)),
        ({"data.image_size": "auto"}, (32, 32, 1)),
        ({"data.image_size": [20, 30], "data.color": "auto"}, (20, 30, 3)),
    ],
)
def test_a_network_is_shown_at_the_recipes_own_size(overrides: dict[str, object], shape: tuple[int, int, int]) -> None:
    assert example_shape(load_recipe("mnist-3conv", overrides)) == shape


def test_the_code_of_a_recipe_is_the_networks_own() -> None:
    assert "keras.Input((28, 28, 1))" in model_python("mnist-3conv")
    assert model_python("auto").count("layers.Conv2D(") == 6


def test_the_code_of_a_recipe_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('description = "mine"\n[model]\nbuilder = "small-cnn"\narguments = { filters = [4] }\n')
    assert model_python(str(file)).startswith('"""mine"""')
    assert "layers.Conv2D(4, 3, " in model_python(str(file))


def test_an_unknown_recipe_is_answered_before_keras_starts() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'mnist-3conv'"):
        model_python("mnist-3con")
