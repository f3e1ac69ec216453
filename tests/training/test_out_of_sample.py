from pathlib import Path

import numpy as np
import pytest
from tests.made_images import stripes

from lensmith.backend import make_deterministic, start_keras
from lensmith.config import load_recipe
from lensmith.data import Dataset, Split
from lensmith.training import out_of_sample, predict_out_of_sample

SETTINGS = {
    "transfer": {"model.arguments.size": 32, "training.augmentation": []},
    "cifar-2conv": {"epochs": 12, "batch_size": 8},
}


def of(images: np.ndarray, labels: np.ndarray) -> Dataset:
    split = Split(images, np.arange(len(labels)), labels, [str(place) for place in range(len(labels))])
    return Dataset("s", "s", ("h", "v"), split, None, None, fingerprint="f" * 40)


@pytest.mark.parametrize("name", SETTINGS)
def test_answers_are_good_and_of_classifiers_that_have_not_seen_the_image(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path))
    start_keras()
    make_deterministic(0)
    images, labels = stripes(120)
    wrong = np.array([3, 50, 101])
    given = labels.copy()
    given[wrong] = 1 - given[wrong]
    done = []
    recipe = load_recipe(name, SETTINGS[name])
    found = predict_out_of_sample(of(images, given), recipe, lambda at, total: done.append((at, total)))
    assert found.shape == (120, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-3)
    assert (found.argmax(axis=1) == labels).mean() > 0.9
    # One that has learned them by heart would repeat the wrong labels.
    assert (found.argmax(axis=1)[wrong] == labels[wrong]).all()
    assert done[-1] == (120, 120)


def test_a_class_of_two_images_is_left_out_once(monkeypatch: pytest.MonkeyPatch):
    labels = np.array([0] * 9 + [1] * 2)
    folds = list(out_of_sample._folds(labels, 3, 0))
    assert len(folds) == 2
    assert sorted(place for _, left in folds for place in left) == list(range(11))
