from pathlib import Path

import keras
import pytest
from tests.training.test_fitting import recipe

from lensmith.backend import make_deterministic
from lensmith.data import open_dataset
from lensmith.errors import LensmithError
from lensmith.training import memory, prepare
from lensmith.training.memory import bytes_an_image, check_memory


def network() -> keras.Sequential:
    """Keeps 10 x 10 x 4 numbers of the convolution and of the normalisation, and 3 of the last layer."""
    layers = keras.layers
    convolution = [layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()]
    inner = keras.Sequential([keras.Input((10, 10, 1)), *convolution])
    return keras.Sequential([keras.Input((10, 10, 1)), inner, layers.Flatten(), layers.Dense(3)])


def test_an_image_takes_what_the_layers_with_weights_put_out():
    assert bytes_an_image(network()) == 4 * (400 + 400 + 3)
    its = network()
    its.layers[0].layers[0].dtype_policy = "mixed_bfloat16"
    assert bytes_an_image(its) == 2 * 400 + 4 * 403


def test_batches_that_cannot_fit_are_refused_with_a_size_that_does(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 100 * 3212)
    check_memory(network(), 100)
    with pytest.raises(LensmithError, match=r"Batches of 1,000 images take .* 0\.0 GB are free\. Try --batch-size 50,"):
        check_memory(network(), 1000)


def test_where_nothing_is_known_of_the_memory_nothing_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    check_memory(network(), 10**9)


def test_it_is_said_before_there_is_a_run(stripes_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 1000)
    its = recipe()
    make_deterministic(0)
    with pytest.raises(LensmithError, match="Try --batch-size 1,"):
        prepare(open_dataset(stripes_folder, its.data), its)
