"""The temperature that training builds into a network, on its own; the rest is in test_calibrate.py."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from lensmith.config import load_recipe
from lensmith.data import Dataset, open_dataset
from lensmith.evaluation import temper
from lensmith.workflows.calibrate import FEWEST, images_fitted, soften_by_validation


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return open_dataset("digits", load_recipe("mnist-2conv").data)


@pytest.fixture
def network() -> keras.Sequential:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    parts = [layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input((28, 28, 1)), *parts])


class Heard:
    """A screen that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    warn = say


def test_of_large_images_a_temperature_is_fitted_on_fewer_but_never_too_few(
    network: keras.Sequential, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
):
    for pixels, n in ((28 * 28 * 70, 70), (28 * 28, FEWEST), (10**9, 179)):
        monkeypatch.setattr("lensmith.workflows.calibrate.PIXELS", pixels)
        fitted = soften_by_validation(network, dataset, Heard())
        assert fitted
        assert fitted.n == images_fitted(dataset) == n


def test_with_one_image_too_few_nothing_is_done(network: keras.Sequential, dataset: Dataset):
    assert dataset.validation
    model = network
    before = model.get_weights()
    few = replace(dataset, validation=dataset.validation.take(np.arange(FEWEST - 1)))
    assert soften_by_validation(model, few, Heard()) is None
    assert soften_by_validation(model, replace(dataset, validation=None), Heard()) is None
    assert all((was == its).all() for was, its in zip(before, model.get_weights(), strict=True))
    enough = replace(dataset, validation=dataset.validation.take(np.arange(FEWEST)))
    assert soften_by_validation(model, enough, Heard())


def test_a_network_that_cannot_be_softened_stays_as_it_is_and_that_is_said(network: keras.Sequential, dataset: Dataset):
    model, heard = network, Heard()
    model.layers[-1].activation = keras.activations.linear
    ended = keras.Sequential([*model.layers, keras.layers.ReLU(), keras.layers.Softmax()])
    before = ended.get_weights()
    assert soften_by_validation(ended, dataset, heard) is None
    assert [its for its in heard.said if "is no way to scale them" in its] == heard.said != []
    assert all((was == its).all() for was, its in zip(before, ended.get_weights(), strict=True))


@pytest.mark.parametrize("wrong", [0.001, np.nan])
def test_scaled_weights_that_give_others_than_meant_are_scaled_back(
    network: keras.Sequential, dataset: Dataset, wrong: float, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lensmith.workflows.calibrate.temper", lambda *its: temper(*its) + wrong)
    model, heard = network, Heard()
    before = model.get_weights()
    assert soften_by_validation(model, dataset, heard) is None
    assert "scaled weights gave others than meant" in heard.said[0]
    for was, its in zip(before, model.get_weights(), strict=True):
        np.testing.assert_allclose(its, was, rtol=1e-6)
