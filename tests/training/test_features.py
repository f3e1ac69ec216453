from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.made_images import stripes

from lensmith.backend import make_deterministic, start_keras
from lensmith.data import Dataset, Split
from lensmith.errors import DataError, ExportError
from lensmith.training import features as module
from lensmith.training.features import Features, _without_last


def dataset(n: int = 70, fingerprint: str = "f" * 64) -> Dataset:
    images, labels = stripes(n)
    halves = [np.arange(0, n // 2), np.arange(n // 2, n)]
    splits = [Split(images, rows, labels[rows], [str(row) for row in rows]) for rows in halves]
    return Dataset("stripes", "stripes", ("h", "v"), splits[0], splits[1], None, fingerprint=fingerprint)


@pytest.fixture(scope="module")
def network():
    start_keras()
    import keras

    make_deterministic(0)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(5, 3),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.5),
            layers.Dense(2, activation="softmax"),
        ]
    )


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path))
    return tmp_path


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the images that are computed anew."""
    seen: list[int] = []
    original: Callable = Features._answer

    def answer(self: Features):
        compute = original(self)
        return lambda images: (seen.append(len(images)), compute(images))[1]

    monkeypatch.setattr(Features, "_answer", answer)
    return seen


def of_all(network, its: Dataset) -> list[np.ndarray]:
    assert its.validation
    return Features(network, its).of_all([its.train, its.validation], lambda done, total: None)


def count_unknown(network, its: Dataset) -> int:
    assert its.validation
    return Features(network, its).count_unknown([its.train, its.validation])


def test_they_are_what_keras_computes_before_the_last_layer(network):
    its = dataset()
    expected = _without_last(network)
    for found, split in zip(of_all(network, its), (its.train, its.validation), strict=True):
        assert found.shape == (35, 5)
        np.testing.assert_allclose(found, expected(split.read().astype(np.float32)), rtol=1e-4, atol=1e-4)


def test_they_are_computed_once_for_each_image(network, monkeypatch: pytest.MonkeyPatch):
    seen, its = counted(monkeypatch), dataset()
    assert count_unknown(network, its) == 70
    first = Features(network, its).of_all([its.train], lambda done, total: None)[0]
    assert sum(seen) == 35
    assert count_unknown(network, its) == 35
    again = of_all(network, its)
    assert sum(seen) == 70
    assert count_unknown(network, its) == 0
    assert (again[0] == first).all()
    of_all(network, its)
    assert sum(seen) == 70


def test_other_images_ways_to_resize_and_weights_have_their_own(network, monkeypatch: pytest.MonkeyPatch):
    import keras

    seen = counted(monkeypatch)
    of_all(network, dataset())
    of_all(network, dataset(fingerprint="0" * 64))
    of_all(network, replace(dataset(), resize="pad"))
    assert sum(seen) == 3 * 70
    other = keras.models.clone_model(network)
    other.set_weights([its + 1 for its in network.get_weights()])
    of_all(other, dataset())
    assert sum(seen) == 4 * 70


def test_the_same_network_by_other_names_and_with_another_last_layer_is_the_same(
    network, monkeypatch: pytest.MonkeyPatch
):
    import keras

    seen = counted(monkeypatch)
    of_all(network, dataset())
    copy = keras.models.clone_model(network, clone_function=lambda its: _renamed(its))
    copy.set_weights([*network.get_weights()[:-1], np.ones(2, np.float32)])
    of_all(copy, dataset())
    assert sum(seen) == 70


def _renamed(layer):
    return type(layer).from_config({**layer.get_config(), "name": f"other_{layer.name}"})


def test_what_was_computed_before_a_kill_is_not_computed_again(network, monkeypatch: pytest.MonkeyPatch):
    seen, its = counted(monkeypatch), dataset()
    monkeypatch.setattr(module, "KEPT_EVERY", 1)

    def killed(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Features(network, its).of_all([its.train], killed)
    before = sum(seen)
    of_all(network, its)
    assert 0 < before < 70
    assert sum(seen) == 70


@pytest.mark.parametrize("name", ["values", "done"])
def test_a_cache_that_is_cut_short_is_made_anew(name: str, network, home: Path, monkeypatch: pytest.MonkeyPatch):
    its = dataset()
    first = of_all(network, its)
    (file,) = home.glob(f"features/*/*/{name}")
    file.write_bytes(file.read_bytes()[:-1])
    assert count_unknown(network, its) == 70
    seen = counted(monkeypatch)
    assert all((a == b).all() for a, b in zip(of_all(network, its), first, strict=True))
    assert sum(seen) == 70


def test_a_network_without_onnx_form_answers_by_keras(network, home: Path, monkeypatch: pytest.MonkeyPatch):
    its = dataset()
    expected = of_all(network, its)

    def cannot(*_: object) -> None:
        raise ExportError("no such form")

    monkeypatch.setattr(module, "export_onnx", cannot)
    monkeypatch.setenv("LENSMITH_HOME", str(home / "other"))
    for found, wanted in zip(of_all(network, its), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_a_cache_that_cannot_be_written_says_so(network, home: Path):
    (home / "features").write_text("in the way")
    with pytest.raises(DataError, match="LENSMITH_HOME"):
        of_all(network, dataset())
