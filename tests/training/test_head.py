import numpy as np
import pytest

from lensmith.training import head as module
from lensmith.training.head import FOLDS, MEASURED_ROWS, PASSES, fit_head, log_loss, seconds_to_fit


def blobs(n: int, classes: int, seed: int = 0, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Points around a centre for each class; features of very different sizes."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(0, 1, (classes, 20))
    labels = np.arange(n) % classes
    features = (centres[labels] + random.normal(0, noise, (n, 20))) * np.logspace(-2, 3, 20) + 50
    return features.astype(np.float32), labels.astype(np.int64)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_it_tells_the_classes_apart_whatever_the_size_of_the_features(classes: int):
    features, labels = blobs(300, classes)
    others, wanted = blobs(300, classes, seed=1)
    head = fit_head(features, labels, classes, blobs(100, classes, seed=2))
    assert (head.logits(others).argmax(axis=1) == wanted).mean() > 0.9
    assert head.kernel.shape == (20, classes)


def test_the_strength_is_the_one_that_is_best_on_images_held_out():
    features, labels = blobs(40, 2, noise=4.0)
    held_out = blobs(400, 2, seed=3, noise=4.0)
    chosen = fit_head(features, labels, 2, held_out)
    assert chosen.loss == pytest.approx(log_loss(chosen.logits(held_out[0]), held_out[1]), rel=1e-3)
    assert chosen.strength > fit_head(*blobs(4000, 2, noise=1.0), 2, blobs(400, 2, seed=3)).strength


def test_without_images_held_out_it_is_chosen_by_cross_validation():
    features, labels = blobs(60, 3, noise=3.0)
    head = fit_head(features, labels, 3)
    assert head.loss > log_loss(head.logits(features), labels)


def test_the_time_it_takes_grows_with_the_images_and_the_parts_it_is_fitted_on(monkeypatch: pytest.MonkeyPatch):
    times = iter(np.arange(100.0))
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(times))
    few = seconds_to_fit(100, 20, 3, held_out=True)
    assert few == PASSES
    assert seconds_to_fit(5 * MEASURED_ROWS, 20, 3, held_out=True) == 5 * few
    assert seconds_to_fit(100, 20, 3, held_out=False) == (FOLDS - 1) * few


def test_a_class_without_an_image_is_never_the_answer():
    features, labels = blobs(50, 2)
    head = fit_head(features, labels * 2, 4)
    assert set(head.logits(features).argmax(axis=1)) == {0, 2}


def test_one_image_a_class_is_enough():
    features, labels = blobs(3, 3)
    assert fit_head(features, labels, 3).logits(features).argmax(axis=1).tolist() == [0, 1, 2]


def test_the_same_data_give_the_same_bits():
    features, labels = blobs(100, 3)
    first, second = fit_head(features, labels, 3), fit_head(features, labels, 3)
    assert (first.kernel == second.kernel).all()
    assert (first.bias == second.bias).all()
