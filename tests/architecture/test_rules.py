import pytest
from tests.architecture.networks import chain, every_window, layers, with_shortcuts

from lensmith.architecture.calls import calls_of
from lensmith.architecture.rules import Objective, broken_rules
from lensmith.config import load_recipe, recipe_names
from lensmith.models import build_model
from lensmith.workflows.models import example_shape
from lensmith.workflows.summary import objective_of

ENTROPY = Objective(3, "CategoricalCrossentropy")


def problems(*its, objective: Objective = ENTROPY) -> list[str]:
    return [f"{rule.layer}: {rule.problem}" for rule in broken_rules(calls_of(chain(*its)), objective)]


def head(activation: str | None = "softmax", units: int = 3) -> list:
    return [layers.GlobalAveragePooling2D(), layers.Dense(units, activation=activation, name="last")]


@pytest.mark.parametrize(
    "between",
    [[], [layers.BatchNormalization()], [layers.MaxPooling2D()], [layers.Dropout(0.1), layers.MaxPooling2D()]],
    ids=["nothing", "normalisation", "pooling", "dropout and pooling"],
)
def test_two_convolutions_without_an_activation_between_are_named(between: list):
    found = problems(layers.Conv2D(4, 3, name="a"), *between, layers.Conv2D(4, 3, activation="relu", name="b"), *head())
    assert found == ["a: no activation between it and b: two such layers can do no more than one"]


@pytest.mark.parametrize(
    "between",
    [
        [layers.ReLU()],
        [layers.BatchNormalization(), layers.Activation("silu")],
        [layers.MaxPooling2D(), layers.PReLU()],
    ],
    ids=["relu", "normalisation and silu", "pooling and prelu"],
)
def test_an_activation_in_a_layer_of_its_own_counts(between: list):
    assert problems(layers.Conv2D(4, 3), *between, layers.Conv2D(4, 3, activation="relu"), *head()) == []


def test_linear_convolutions_of_one_pixel_and_before_one_are_as_they_should_be():
    assert problems(
        layers.DepthwiseConv2D(3), layers.Conv2D(4, 1), layers.Conv2D(4, 3, activation="relu"), *head()
    ) == []  # fmt: skip


@pytest.mark.parametrize(
    ("its", "objective", "problem"),
    [
        (head(units=4), ENTROPY, "the network ends in 4 numbers, and there are 3 classes"),
        (head("relu"), ENTROPY, "the network ends in relu, which makes no probabilities"),
        (head("sigmoid"), ENTROPY, "sigmoid answers for each class by itself"),
        (head(), Objective(3, "CategoricalCrossentropy", True), "has from_logits = true, and the network ends in prob"),
        (head(None), ENTROPY, "CategoricalCrossentropy wants probabilities, and the network ends in none"),
        (head(), Objective(3, "MeanSquaredError"), "MeanSquaredError is not made for one class of 3"),
        (head(), Objective(3, "BinaryCrossentropy"), "BinaryCrossentropy is not made for one class of 3"),
    ],
)
def test_what_does_not_fit_the_last_layer_is_named(its: list, objective: Objective, problem: str):
    found = problems(layers.Conv2D(4, 3, activation="relu"), *its, objective=objective)
    assert any(problem in line for line in found), found


def test_logits_with_a_loss_for_them_are_as_they_should_be():
    objective = Objective(3, "SparseCategoricalCrossentropy", True)
    assert problems(layers.Conv2D(4, 3, activation="relu"), *head(None), objective=objective) == []


def test_networks_that_nothing_is_known_about_are_not_blamed_for_it():
    assert broken_rules(calls_of(every_window()), Objective()) == []
    assert [its.layer for its in broken_rules(calls_of(with_shortcuts()), Objective())] == []


@pytest.mark.parametrize("name", recipe_names())
def test_no_recipe_breaks_a_rule(name: str):
    recipe = load_recipe(name)
    model = build_model(recipe.model, example_shape(recipe), 10, name)
    assert broken_rules(calls_of(model), objective_of(recipe, 10)) == []
