"""Peers that need nothing beside lensmith's own dependencies."""

import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from benchmarks.peers import read_folder, stock_keras
from benchmarks.peers.arrays import load_arrays

from lensmith.config import load_recipe
from lensmith.models import build_model


@pytest.mark.parametrize(
    ("name", "make", "parameters"),
    [
        ("mnist-3conv", stock_keras.mnist_3conv, 93_322),
        ("cifar-bn-dropout", stock_keras.cifar_bn_dropout, 309_290),
    ],
)
def test_stock_network_is_the_recipes_but_for_keras_own_momentum(
    name: str, make: Callable[[], keras.Model], parameters: int
) -> None:
    model = make()
    assert model.count_params() == parameters
    ours = build_model(load_recipe(name).model, model.input_shape[1:], 10)
    theirs, its = ([describe(layer) for layer in network.layers] for network in (model, ours))
    assert its[0][0] == "Rescaling"  # the tutorial divides by 255 itself
    assert theirs == its[1:]


def describe(layer: keras.layers.Layer) -> tuple[object, ...]:
    looked_at = ("filters", "kernel_size", "padding", "units", "rate", "activation")
    config = layer.get_config()
    return (type(layer).__name__, *(config.get(name) for name in looked_at))


def test_arrays_are_those_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.arange(5 * 4 * 4, dtype=np.uint8).reshape(5, 4, 4), np.arange(5, dtype=np.uint8)[:, None]
    np.savez(tmp_path / "mnist.npz", allow_pickle=False, x_train=x, y_train=y, x_test=x, y_test=y)
    monkeypatch.setenv("LENSMITH_DATA", str(tmp_path))
    (x_train, y_train), (x_test, y_test) = load_arrays("mnist", 3)
    assert (x_train.shape, y_train.tolist()) == ((3, 4, 4, 1), [0, 1, 2])
    assert (x_test.shape, y_test.tolist()) == ((5, 4, 4, 1), [0, 1, 2, 3, 4])


@pytest.mark.parametrize("words", [["keras"], ["pillow"], ["pillow", "--threads", "2"], ["lensmith"]], ids=" ".join)
def test_every_reader_reads_all_images(
    words: list[str], stripes_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["read_folder", words[0], str(stripes_folder), *words[1:]])
    read_folder.main()
    assert json.loads(capsys.readouterr().out)["images"] == 80
