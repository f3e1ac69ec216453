import numpy as np
import pytest

from lensmith.config import load_recipe
from lensmith.data import Dataset, Split
from lensmith.workflows.auto import choose_settings


def of(n: int, color: str) -> Dataset:
    channels = 3 if color == "rgb" else 1
    train = Split(np.zeros((1, 8, 8, channels), np.uint8), np.zeros(n, np.int64), np.zeros(n, np.int64), [""] * n)
    return Dataset("x", "x", ("a", "b"), train, None, None, color=color)


@pytest.mark.parametrize(("n", "epochs"), [(50, 40), (10_000, 30), (45_000, 7), (1_000_000, 6)])
def test_fewer_images_are_seen_more_often(n: int, epochs: int):
    assert choose_settings(of(n, "rgb"))["training.epochs"] == epochs


def test_only_colour_images_are_mirrored():
    assert "training.augmentation" in choose_settings(of(100, "rgb"))
    assert "training.augmentation" not in choose_settings(of(100, "grayscale"))


def test_the_settings_fit_the_recipe():
    recipe = load_recipe("auto", {"epochs": 3}, base=choose_settings(of(100, "rgb")))
    assert recipe.training.epochs == 3
    assert recipe.training.augmentation[0].class_name == "RandomFlip"
