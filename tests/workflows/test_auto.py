import itertools

import numpy as np
import pytest

from lensmith.data import Dataset, Split
from lensmith.workflows.auto import CHOOSING, SIZES, choose_settings, load_chosen, network_settings, training_settings


def of(n: int, color: str = "rgb", side: int = 32) -> Dataset:
    channels = 3 if color == "rgb" else 1
    train = Split(np.zeros((1, side, side, channels), np.uint8), np.zeros(n, int), np.zeros(n, int), [""] * n)
    return Dataset("x", "x", ("a", "b"), train, None, None, color=color)


@pytest.mark.parametrize(("n", "epochs"), [(50, 60), (10_000, 20), (50_000, 4), (1_000_000, 2)])
def test_fewer_images_are_seen_more_often(n: int, epochs: int):
    assert choose_settings(of(n))["training.epochs"] == epochs


def names(dataset: Dataset) -> list[str]:
    return [its["class_name"] for its in choose_settings(dataset)["training.augmentation"]]


def test_only_colour_images_are_mirrored_and_only_large_enough_ones_moved():
    assert names(of(100)) == ["AlternatingFlip", "Shift"]
    assert names(of(100, "grayscale", 28)) == ["Shift"]
    assert names(of(100, "grayscale", 8)) == []


def test_batches_grow_with_the_images():
    small, large = (training_settings(of(n), 1) for n in (1_000, 50_000))
    assert small["training.batch_size"] < large["training.batch_size"]


@pytest.mark.parametrize("recipe", CHOOSING)
def test_the_rates_of_a_mean_loss_follow_the_batch_size_the_users_own_too(recipe: str):
    chosen = choose_settings(of(1_000))
    ours, theirs = (load_chosen(recipe, given, chosen).training for given in ({}, {"batch_size": "400"}))
    assert (ours.batch_size, theirs.batch_size) == (50, 400)
    for rate in ("dense_scale", "bias_scale", "weight_decay"):
        assert theirs.optimizer.arguments[rate] == pytest.approx(8 * ours.optimizer.arguments[rate], rel=0.01)
    own = load_chosen(recipe, {"training.optimizer.bias_scale": 7}, chosen)
    assert own.training.optimizer.arguments["bias_scale"] == 7


def test_sizes_are_ordered_by_width_and_by_the_training_they_take():
    assert [its.images for its in SIZES] == sorted({its.images for its in SIZES})
    assert SIZES[0].images == 0
    widths = [network_settings(of(10), size)["model.arguments.widths"] for size in SIZES]
    assert all(sum(a) < sum(b) for a, b in itertools.pairwise(widths))


@pytest.mark.parametrize("recipe", CHOOSING)
def test_the_settings_fit_the_recipes_they_are_for_and_the_users_own_come_first(recipe: str):
    its = load_chosen(recipe, {"epochs": 3}, choose_settings(of(100)))
    assert its.training.epochs == 3
    assert its.training.batch_size == 25
    assert its.training.augmentation[0].class_name == "AlternatingFlip"
