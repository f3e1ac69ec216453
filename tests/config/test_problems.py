from typing import Any

import pytest
from pydantic import ValidationError

from lensmith.config import Recipe
from lensmith.config.problems import explain

MODEL: dict[str, Any] = {"builder": "small-cnn"}
KERAS_NAME = "the name of a Keras class, or a table with its class_name"


def explained(**values: Any) -> str:
    whole = {"model": MODEL, **values}
    with pytest.raises(ValidationError) as caught:
        Recipe(**whole)
    return explain(caught.value, whole)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"sed": 1}, "there is no key 'sed'. Did you mean 'seed'?"),
        ({"trainig": {"epochs": 1}}, "there is no key 'trainig'. Did you mean 'training'?"),
        ({"training": {"epoch": 1}}, "there is no key 'training.epoch'. Did you mean 'epochs'?"),
        ({"training": {"batch-size": 1}}, "there is no key 'training.batch-size'. Did you mean 'batch_size'?"),
        ({"training": {"list": 1}}, "there is no key 'training.list'. Known: "),
        ({"data": {"colour": "rgb"}}, "there is no key 'data.colour'. Did you mean 'color'?"),
        ({"model": {**MODEL, "layer": []}}, "there is no key 'model.layer'. Did you mean 'layers'?"),
        (
            {"training": {"early_stopping": {"patience": 1, "patient": 1}}},
            "there is no key 'training.early_stopping.patient'. Did you mean 'patience'?",
        ),
    ],
)
def test_a_misspelt_key_is_named_in_full_with_the_nearest_one(values: dict[str, Any], sentence: str) -> None:
    assert explained(**values).startswith(sentence)


@pytest.mark.parametrize(
    ("values", "there"),
    [
        ({"epochs": 3}, "training.epochs"),
        ({"data": {"batch_size": 3}}, "training.batch_size"),
        ({"training": {"image_size": 8}}, "data.image_size"),
        ({"model": {**MODEL, "seed": 8}}, "seed"),
        ({"training": {"patience": 8}}, "training.early_stopping.patience"),
        ({"tta": "flip"}, "evaluation.tta"),
    ],
)
def test_a_key_in_the_wrong_table_is_told_where_it_belongs(values: dict[str, Any], there: str) -> None:
    assert explained(**values).endswith(f" Did you mean {there!r}?")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"seed": "one"}, "'seed' is 'one': expected a whole number."),
        ({"seed": -1}, "'seed' is -1: expected at least 0."),
        ({"seed": 2**32}, "'seed' is 4294967296: expected less than 4294967296."),
        ({"description": 3}, "'description' is 3: expected text."),
        ({"data": {"color": "gray"}}, "'data.color' is 'gray': expected 'auto', 'rgb' or 'grayscale'."),
        ({"data": {"validation": "10%"}}, "'data.validation' is '10%': expected a number."),
        ({"data": {"test": 0}}, "'data.test' is 0: expected more than 0.0."),
        ({"data": 3}, "'data' is 3: expected a table."),
        ({"published_test_accuracy": 99}, "'published_test_accuracy' is 99: expected at most 1.0."),
        ({"training": {"epochs": -1}}, "'training.epochs' is -1: expected at least 0."),
        (
            {"training": {"epochs": 0}},
            "'training': expected more than 0 epochs, which only training.transfer can do without.",
        ),
        ({"training": {"epochs": {"a": 1}}}, "'training.epochs': expected a number."),
        ({"training": {"tensorboard": "yes"}}, "'training.tensorboard' is 'yes': expected true or false."),
        ({"training": {"metrics": "AUC"}}, "'training.metrics' is 'AUC': expected a list."),
        ({"training": {"metrics": ["AUC", 3]}}, f"'training.metrics.1' is 3: expected {KERAS_NAME}."),
        ({"training": {"optimizer": 3}}, f"'training.optimizer' is 3: expected {KERAS_NAME}."),
        ({"training": {"metrics": [{"k": 3}]}}, "'training.metrics.0.class_name' is missing."),
        ({"training": {"loss": {"class_name": 3}}}, "'training.loss.class_name' is 3: expected text."),
        ({"training": {"early_stopping": 3}}, "'training.early_stopping' is 3: expected a table."),
        ({"training": {"early_stopping": {}}}, "'training.early_stopping.patience' is missing."),
        ({"evaluation": {"tta": "flp"}}, "'evaluation.tta' is 'flp': expected 'none', 'flip' or 'shift'."),
        ({"model": {"layers": [{"units": 3}]}}, "'model.layers.0.class_name' is missing."),
        ({"model": {"builder": 3}}, "'model.builder' is 3: expected text."),
        ({"model": {**MODEL, "arguments": 3}}, "'model.arguments' is 3: expected a table."),
        ({"model": {}}, "'model': expected either layers ([[model.layers]]) or a builder (model.builder = ...)."),
        (
            {"model": {**MODEL, "layers": ["Flatten"]}},
            "'model': expected either layers ([[model.layers]]) or a builder (model.builder = ...).",
        ),
    ],
)
def test_a_wrong_value_gives_one_sentence_with_what_was_expected(values: dict[str, Any], sentence: str) -> None:
    assert explained(**values) == sentence


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        ("huge", "'data.image_size' is 'huge': expected a whole number, a list or 'auto'."),
        (0, "'data.image_size' is 0: expected at least 1, a list or 'auto'."),
        (5000, "'data.image_size' is 5000: expected at most 4096, a list or 'auto'."),
        (True, "'data.image_size' is True: expected a whole number, a list or 'auto'."),
        ([8], "'data.image_size' is [8]: expected a whole number, a list of at least 2 items or 'auto'."),
        ([8] * 3, "'data.image_size' is [8, 8, 8]: expected a whole number, a list of at most 2 items or 'auto'."),
        ([8, 0], "'data.image_size.1' is 0: expected at least 1."),
        ([8, "x"], "'data.image_size.1' is 'x': expected a whole number."),
    ],
)
def test_a_key_of_several_kinds_is_named_once_with_all_of_them(size: Any, sentence: str) -> None:
    assert explained(data={"image_size": size}) == sentence


def test_every_problem_is_told_unknown_keys_first() -> None:
    told = explained(modle=MODEL, model={"builder": 3}, training={"epochs": -1, "early_stopping": {"wait": 1}})
    assert told == (
        "there is no key 'training.early_stopping.wait'. Known: patience. "
        "there is no key 'modle'. Did you mean 'model'? "
        "'training.early_stopping.patience' is missing. "
        "'model.builder' is 3: expected text. "
        "'training.epochs' is -1: expected at least 0."
    )


def test_a_recipe_without_a_model_says_so() -> None:
    with pytest.raises(ValidationError) as caught:
        Recipe(**{"seed": 1})
    assert explain(caught.value, {"seed": 1}) == "'model' is missing."
