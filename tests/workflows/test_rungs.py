import keras
import numpy as np
import pytest

from lensmith.config import load_recipe
from lensmith.data import Dataset, Split
from lensmith.models import build_model
from lensmith.workflows.auto import CHOOSING, choose_settings, load_chosen
from lensmith.workflows.rungs import LADDERS, Rung

EVERY = [(of, rung) for of, rungs in LADDERS.items() for rung in rungs()]


@pytest.mark.parametrize(("of", "rung"), EVERY, ids=[f"{of}: {rung.name}" for of, rung in EVERY])
def test_every_step_is_a_recipe_whose_network_can_be_built(of: str, rung: Rung):
    recipe = load_recipe(rung.recipe, rung.settings)
    if recipe.model.weights is None:
        assert build_model(recipe.model, (32, 32, 3), 10, "network").output_shape == (None, 10)


@pytest.mark.parametrize("of", LADDERS)
def test_steps_have_names_of_their_own_and_the_first_is_against_none(of: str):
    first, *others = LADDERS[of]()
    names = [rung.name for rung in (first, *others)]
    assert len(set(names)) == len(names)
    assert first.against is None
    assert all(rung.against in (None, first.name) for rung in others)


def test_rare_classes_count_no_more_in_one_step_than_in_another():
    labels = np.array([0] * 200 + [1] * 10)
    train = Split(np.zeros((210, 32, 32, 3), np.uint8), np.arange(210), labels, [""] * 210)
    dataset = Dataset("x", "x", ("common", "rare"), train, None, None)
    chosen = [rung for rung in LADDERS["steps"]() if rung.recipe in CHOOSING]
    assert len(chosen) == 2
    for rung in chosen:
        settings = choose_settings(rung.recipe, dataset)
        assert settings["training.class_weights"] == "balanced"
        its = load_chosen(rung.recipe, rung.settings, settings).training
        assert (its.class_weights, its.selection) == (None, "accuracy")


def kinds(rung: Rung) -> list[str]:
    network = build_model(load_recipe(rung.recipe, rung.settings).model, (32, 32, 3), 10, "network")
    return [type(layer).__name__ for layer in network.layers]


def test_a_step_adds_what_its_name_says_and_nothing_else():
    mlp, cnn, normalized, dropout, augmented, scheduled, *_ = LADDERS["steps"]()
    assert "Conv2D" not in kinds(mlp)
    assert [its for its in kinds(normalized) if its != "BatchNormalization"] == kinds(cnn)
    assert [its for its in kinds(dropout) if its != "Dropout"] == kinds(normalized)
    assert kinds(augmented) == kinds(scheduled) == kinds(dropout)
    before, after = dict(dropout.settings), dict(augmented.settings)
    assert after.pop("training.augmentation")
    assert after == before
    before, after = dict(augmented.settings), dict(scheduled.settings)
    assert before.pop("training.optimizer") != after.pop("training.optimizer")
    assert after == before


def test_only_the_activation_of_the_convolutions_differs():
    first, *others = LADDERS["activations"]()
    for rung in others:
        assert kinds(rung) == kinds(first)
        network = build_model(load_recipe(rung.recipe, rung.settings).model, (32, 32, 3), 10, "network")
        used = {its.activation.__name__ for its in network.layers if isinstance(its, keras.layers.Conv2D)}
        assert used == {rung.name}


def test_only_the_optimizer_differs():
    first, *others = LADDERS["optimizers"]()
    theirs = load_recipe(first.recipe, first.settings)
    for rung in others:
        assert set(rung.settings) == {"training.optimizer"}
        its = load_recipe(rung.recipe, rung.settings)
        assert its.model == theirs.model
        assert its.training.optimizer.class_name == rung.name.partition(",")[0]
