import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from lensmith.backend import start_keras
from lensmith.config import load_recipe
from lensmith.training.balancing import balanced_order, class_weights, make_training_loss, make_training_metrics

some_labels = st.lists(st.integers(0, 4), min_size=1, max_size=60).map(np.array)


@given(some_labels)
def test_weights_are_those_of_scikit_learn_and_of_mean_one(labels: np.ndarray):
    weights, present = class_weights(labels, 5), np.unique(labels)
    np.testing.assert_allclose(weights[present], compute_class_weight("balanced", classes=present, y=labels), rtol=1e-5)
    assert weights[labels].mean() == pytest.approx(1, rel=1e-5)
    assert (np.delete(weights, present) == 0).all()


@given(some_labels, st.integers(0, 9), st.integers(0, 9))
def test_each_class_comes_as_often_give_or_take_one(labels: np.ndarray, seed: int, epoch: int):
    order = balanced_order(seed, epoch, labels)
    assert len(order) == len(labels)
    counts = np.bincount(labels[order])[np.unique(labels)]
    assert counts.max() - counts.min() <= 1
    assert (order == balanced_order(seed, epoch, labels)).all()


@given(some_labels)
def test_no_image_comes_twice_more_than_another_of_its_class(labels: np.ndarray):
    times = np.bincount(balanced_order(0, 0, labels), minlength=len(labels))
    for label in np.unique(labels):
        its = times[labels == label]
        assert its.max() - its.min() <= 1


def test_over_the_epochs_every_image_of_a_large_class_comes():
    labels = np.array([0] * 40 + [1] * 4)
    seen = {int(place) for epoch in range(8) for place in balanced_order(3, epoch, labels)}
    assert seen == set(range(44))


def test_without_that_setting_the_loss_is_the_recipes_own():
    start_keras()
    config = load_recipe("mnist-2conv").training
    assert type(make_training_loss(config, np.array([0, 1]), 2)).__module__.startswith("keras.")


def test_what_chooses_the_best_epoch_is_measured_where_it_is_not_accuracy():
    start_keras()
    chosen = load_recipe("mnist-2conv", {"training.selection": "balanced_accuracy"}).training
    assert [getattr(its, "name", its) for its in make_training_metrics(chosen, 4)] == ["accuracy", "balanced_accuracy"]
    assert make_training_metrics(load_recipe("mnist-2conv").training, 4) == ["accuracy"]
