from dataclasses import replace

import numpy as np
import pytest

from lensmith.data import Dataset, Split
from lensmith.workflows.auto import (
    choose_beginning,
    choose_recipe,
    choose_settings,
    load_chosen,
    training_settings,
)


def of(n: int, color: str = "rgb", side: int = 32) -> Dataset:
    channels = 3 if color == "rgb" else 1
    train = Split(np.zeros((1, side, side, channels), np.uint8), np.zeros(n, int), np.zeros(n, int), [""] * n)
    return Dataset("x", "x", ("a", "b"), train, None, None, color=color)


@pytest.mark.parametrize(("n", "epochs"), [(50, 60), (10_000, 20), (50_000, 4), (1_000_000, 2)])
def test_fewer_images_are_seen_more_often(n: int, epochs: int):
    assert choose_settings("fast", of(n))["training.epochs"] == epochs


def names(dataset: Dataset) -> list[str]:
    return [its["class_name"] for its in choose_settings("fast", dataset)["training.augmentation"]]


def test_only_colour_images_are_mirrored_and_only_large_enough_ones_moved():
    assert names(of(100)) == ["AlternatingFlip", "Shift"]
    assert names(of(100, "grayscale", 28)) == ["Shift"]
    assert names(of(100, "grayscale", 8)) == []


def test_batches_grow_with_the_images():
    small, large = (training_settings(of(n), 1) for n in (1_000, 50_000))
    assert small["training.batch_size"] < large["training.batch_size"]


@pytest.mark.parametrize("recipe", ["auto", "fast"])
def test_the_rates_of_a_mean_loss_follow_the_batch_size_the_users_own_too(recipe: str):
    chosen = choose_settings("fast", of(1_000))
    ours, theirs = (load_chosen(recipe, given, chosen).training for given in ({}, {"batch_size": "400"}))
    assert (ours.batch_size, theirs.batch_size) == (50, 400)
    for rate in ("dense_scale", "bias_scale", "weight_decay"):
        assert theirs.optimizer.arguments[rate] == pytest.approx(8 * ours.optimizer.arguments[rate], rel=0.01)
    own = load_chosen(recipe, {"training.optimizer.bias_scale": 7}, chosen)
    assert own.training.optimizer.arguments["bias_scale"] == 7


def last_width(n: int, side: int = 32, classes: int = 2, color: str = "rgb") -> int:
    dataset = replace(of(n, color, side), class_names=tuple(map(str, range(classes))))
    return choose_settings("fast", dataset)["model.arguments.widths"][-1]


def test_few_images_get_a_wider_network_as_long_as_the_work_stays_below_that_of_many():
    assert [last_width(n) for n in (100, 1_000, 1_500, 3_000, 5_000, 50_000)] == [128, 128, 96, 64, 64, 64]
    assert [last_width(500, side) for side in (8, 32, 64, 96)] == [128, 128, 128, 96]


@pytest.mark.parametrize(
    ("side", "color"), [(8, "grayscale"), (16, "rgb"), (28, "grayscale"), (32, "rgb"), (64, "rgb")]
)
def test_more_images_never_get_a_wider_network(side: int, color: str):
    found = [last_width(n, side, color=color) for n in (10, 500, 1_000, 2_000, 3_000, 4_000, 50_000, 79_999, 85_000)]
    assert found == sorted(found, reverse=True)
    assert found[0] == 128
    assert found[-3:] == [64] * 3


@pytest.mark.parametrize(("classes", "last"), [(10, 64), (64, 64), (65, 96), (100, 128), (1_000, 128)])
def test_there_are_as_many_features_as_classes_up_to_the_widest_network(classes: int, last: int):
    assert last_width(50_000, classes=classes) == last


@pytest.mark.parametrize("recipe", ["auto", "fast"])
def test_the_settings_fit_the_recipes_they_are_for_and_the_users_own_come_first(recipe: str):
    its = load_chosen(recipe, {"epochs": 3}, choose_settings("fast", of(100)))
    assert its.training.epochs == 3
    assert its.training.batch_size == 25
    assert its.training.augmentation[0].class_name == "AlternatingFlip"


@pytest.mark.parametrize(("side", "recipe"), [(28, "auto"), (64, "auto"), (65, "transfer"), (224, "transfer")])
def test_photos_are_for_a_network_that_was_trained_on_photos(side: int, recipe: str):
    assert choose_recipe("auto", of(100, side=side)) == recipe
    assert choose_recipe("fast", of(100, side=side)) == "fast"


@pytest.mark.parametrize(
    ("settings", "run", "recipe"),
    [
        ({}, None, "auto"),
        ({"epochs": 3}, None, "auto"),
        ({"model.builder": "small-cnn"}, None, "fast"),
        ({}, "r", "transfer"),
    ],
)
def test_a_network_of_the_users_own_is_trained_from_the_beginning(settings: dict, run: str | None, recipe: str):
    assert choose_beginning(settings, run) == recipe


@pytest.mark.parametrize("side", [16, 32, 224])
def test_what_is_fitted_to_trained_features_is_shifted_by_a_small_part_of_its_size(side: int):
    its = load_chosen("transfer", {}, choose_settings("transfer", of(100, side=side)))
    assert its.training.augmentation[1].arguments["pixels"] < side / 8


@pytest.mark.parametrize("recipe", ["fast", "transfer"])
def test_past_five_to_one_all_classes_count_the_same(recipe: str):
    few, many = of(60), of(60)
    few.train.labels[:10], many.train.labels[:9] = 1, 1
    assert "training.class_weights" not in choose_settings(recipe, few)
    settings = load_chosen(recipe, {}, choose_settings(recipe, many)).training
    # Without validation images there is nothing to choose an epoch by.
    assert (settings.class_weights, settings.selection) == ("balanced", "accuracy")
    with_validation = replace(many, validation=many.train)
    assert choose_settings(recipe, with_validation)["training.selection"] == "balanced_accuracy"
