import pytest
from pydantic import ValidationError

from lensmith.config import Recipe
from lensmith.config.recipe import DataConfig, EarlyStopping, EvaluationConfig, ModelConfig, Table, TrainingConfig

MODEL = {"builder": "small-cnn"}


def test_defaults_are_those_of_the_tutorials() -> None:
    recipe = Recipe(model=MODEL)
    assert (recipe.training.epochs, recipe.training.batch_size) == (5, 64)
    assert recipe.training.optimizer.class_name == "Adam"
    assert recipe.training.loss.class_name == "CategoricalCrossentropy"
    assert (recipe.data.image_size, recipe.data.color, recipe.data.resize) == ("auto", "auto", "stretch")
    assert (recipe.data.validation, recipe.data.test, recipe.seed) == (0.1, 0.2, 0)
    assert recipe.model.rescale
    assert recipe.training.early_stopping is None
    assert recipe.evaluation.tta == "none"


def test_a_keras_object_is_a_name_or_a_table_with_arguments() -> None:
    training = TrainingConfig(optimizer="SGD", loss={"class_name": "Huber", "delta": 2.0}, metrics=["AUC"])
    assert (training.optimizer.class_name, training.optimizer.arguments) == ("SGD", {})
    assert (training.loss.class_name, training.loss.arguments) == ("Huber", {"delta": 2.0})
    assert [metric.class_name for metric in training.metrics] == ["AUC"]


def test_arguments_can_be_changed_without_changing_the_recipe() -> None:
    training = TrainingConfig(loss={"class_name": "Huber", "delta": 2.0})
    training.loss.arguments["delta"] = 3.0
    assert training.loss.arguments == {"delta": 2.0}


@pytest.mark.parametrize("kind", [DataConfig, ModelConfig, EarlyStopping, TrainingConfig, EvaluationConfig, Recipe])
def test_no_table_takes_a_key_that_does_not_exist(kind: type[Table]) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        kind(no_such_key=1)


@pytest.mark.parametrize(
    "values",
    [
        {"seed": "1"},
        {"seed": 1.0},
        {"seed": True},
        {"seed": -1},
        {"seed": 2**32},
        {"data": {"validation": 1.0}},
        {"data": {"validation": -0.1}},
        {"data": {"test": 0.0}},
        {"data": {"image_size": 0}},
        {"data": {"image_size": [8]}},
        {"data": {"image_size": [8, 8, 3]}},
        {"data": {"image_size": [8, -1]}},
        {"data": {"image_size": [8, 5000]}},
        {"data": {"resize": "bend"}},
        {"training": {"epochs": 0}},
        {"training": {"batch_size": 0}},
        {"training": {"early_stopping": {"patience": 0}}},
        {"training": {"tensorboard": 1}},
        {"evaluation": {"tta": "rotate"}},
        {"published_test_accuracy": 99.14},
    ],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Recipe(model=MODEL, **values)


@pytest.mark.parametrize(
    "values",
    [
        {"seed": 2**32 - 1},
        {"data": {"validation": 0}},
        {"data": {"image_size": 1}},
        {"data": {"image_size": [8, 4096]}},
        {"training": {"early_stopping": {"patience": 1}}},
    ],
)
def test_values_at_the_edge_are_taken(values: dict[str, object]) -> None:
    Recipe(model=MODEL, **values)


@pytest.mark.parametrize(
    "values", [{}, {"layers": []}, {"layers": ["Flatten"], "builder": "small-cnn"}, {"builder": ""}]
)
def test_a_network_is_either_layers_or_a_builder(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=r"either layers .* or a builder"):
        ModelConfig(**values)


def test_arguments_need_a_builder() -> None:
    with pytest.raises(ValidationError, match="no arguments without a builder"):
        ModelConfig(layers=["Flatten"], arguments={"filters": [4]})
    assert ModelConfig(builder="small-cnn", arguments={"filters": [4]}).arguments == {"filters": [4]}
