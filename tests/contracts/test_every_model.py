"""Every registered builder keeps the contract, on TensorFlow and on JAX; a new one is tested without a change here."""

import inspect
from importlib.util import find_spec
from pathlib import Path

import keras
import pytest
from tests.contracts.network_contract import (
    CLASSES,
    FREE_SHAPES,
    Shape,
    check_answers,
    check_python,
    check_saving,
    check_training,
)
from tests.contracts.on_jax import pytest_on_jax

from lensmith.backend import backend_name
from lensmith.config import ModelConfig, Recipe, recipe_names
from lensmith.models import BUILDERS

# What a run's network does, its own recipe's contract says.
BUILDERS_LISTED = [name for name in BUILDERS if name != "run"]
every_builder = pytest.mark.parametrize("builder", BUILDERS_LISTED)
# Of hundreds of layers, which are compiled for longer than they train; the recipe `transfer` has one of them.
DEEP = ("efficientnet-lite0", "keras-application")


def recipe_with(builder: str) -> Recipe:
    return Recipe(name=builder, model=ModelConfig(builder=builder))


@every_builder
@pytest.mark.parametrize("shape", FREE_SHAPES, ids=lambda shape: "x".join(map(str, shape)))
@pytest.mark.parametrize("classes", CLASSES)
def test_builder_builds_and_answers_with_probabilities(builder: str, shape: Shape, classes: int) -> None:
    check_answers(recipe_with(builder), shape, classes)


@every_builder
def test_builder_is_saved_and_loaded_with_safe_mode(builder: str, tmp_path: Path) -> None:
    check_saving(recipe_with(builder), FREE_SHAPES[0], 2, tmp_path)


@pytest.mark.parametrize(
    "builder", [pytest.param(its, marks=pytest.mark.slow if its in DEEP else ()) for its in BUILDERS_LISTED]
)
def test_builder_trains(builder: str) -> None:
    check_training(recipe_with(builder), FREE_SHAPES[0], 2)


@every_builder
def test_builder_prints_python_that_is_the_same_network(builder: str) -> None:
    check_python(recipe_with(builder), FREE_SHAPES[0], 2)


@every_builder
def test_builder_gives_new_layers_each_time(builder: str) -> None:
    first, second = (BUILDERS[builder]((32, 32, 3), 10) for _ in range(2))
    assert all(isinstance(layer, keras.layers.Layer) for layer in first)
    assert not {id(layer) for layer in first} & {id(layer) for layer in second}


@every_builder
def test_builder_says_what_it_is_and_names_its_arguments(builder: str) -> None:
    function = BUILDERS[builder]
    shape, classes, *others = inspect.signature(function).parameters.values()
    assert (shape.name, classes.name) == ("image_shape", "num_classes")
    for parameter in others:
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert parameter.default is not parameter.empty
        assert f"{parameter.name}: " in str(function.__doc__)
    assert "Source:" in str(function.__doc__)


@pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")
@pytest.mark.skipif(backend_name() == "jax", reason="this is the JAX process")
@pytest.mark.parametrize(
    ("which", "tests"),
    [
        (
            f"not {' and not '.join((*DEEP, 'transfer'))}",
            2 * (len(BUILDERS_LISTED) + len(recipe_names()) - len(DEEP) - 1),
        ),
        pytest.param("efficientnet-lite0", 2, marks=pytest.mark.slow),
    ],
)
def test_the_contract_holds_on_jax(which: str, tests: int) -> None:
    folder = Path(__file__).parent
    files = [str(folder / "test_every_model.py"), str(folder / "test_every_recipe.py")]
    # The rest of the contract is the same Python on every backend.
    which = f"(saved or trains) and ({which})"
    assert f"{tests} passed" in pytest_on_jax("-m", "", "-k", which, *files)
