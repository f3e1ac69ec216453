import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmith.evaluation import evaluate, evaluate_tta
from lensmith.evaluation.metrics import top_k
from lensmith.evaluation.tta import Answers


def measured(probabilities: list[list[float]], labels: list[int], train: list[int] | None = None):
    k = len(probabilities[0])
    names = tuple("abcdefghijkl"[:k])
    return evaluate(
        np.array(probabilities),
        np.array(labels),
        names,
        np.array(train or labels),
        run="r",
        split="test",
        loss=None,
    )


def test_numbers_that_can_be_checked_by_hand():
    found = measured(
        [
            [0.7, 0.2, 0.1],
            [0.6, 0.3, 0.1],
            [0.1, 0.8, 0.1],
            [0.2, 0.5, 0.3],
            [0.3, 0.3, 0.4],
            [0.5, 0.3, 0.2],
        ],
        [0, 0, 1, 1, 2, 2],
        train=[1, 1, 1, 0, 2, 2],
    )
    assert found.accuracy == pytest.approx(5 / 6)
    assert found.balanced_accuracy == pytest.approx((1 + 1 + 0.5) / 3)
    assert found.confusion == [[2, 0, 0], [0, 2, 0], [1, 0, 1]]
    assert found.confusion_normalised == [[1, 0, 0], [0, 1, 0], [0.5, 0, 0.5]]
    assert found.log_loss == pytest.approx(-np.log([0.7, 0.6, 0.8, 0.5, 0.4, 0.2]).mean())
    assert [(its.precision, its.recall, its.support) for its in found.per_class] == [
        (pytest.approx(2 / 3), 1.0, 2),
        (1.0, 1.0, 2),
        (1.0, 0.5, 2),
    ]
    assert found.per_class[2].f1 == pytest.approx(2 / 3)
    (pair,) = found.most_confused
    assert (pair.label, pair.predicted, pair.count, pair.fraction) == ("c", "a", 1, 0.5)


def test_the_baseline_knows_the_training_labels_only():
    found = measured([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9]], [0, 0, 0, 1], train=[1, 1, 1, 0])
    assert found.baseline.name == "b"
    assert found.baseline_accuracy == 0.25
    assert found.baseline.balanced_accuracy == 0.5
    assert found.baseline.log_loss == pytest.approx(-(3 * np.log(0.25) + np.log(0.75)) / 4)


def test_a_class_without_images_does_not_count_in_the_means():
    found = measured([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]], [0, 1], train=[0, 1, 2])
    assert found.balanced_accuracy == 1.0
    assert found.macro_f1 == 1.0
    assert found.per_class[2].support == 0
    assert found.confusion_normalised[2] == [None, None, None]


def test_a_certain_and_wrong_answer_does_not_make_the_log_loss_infinite():
    assert np.isfinite(measured([[1.0, 0.0], [0.0, 1.0]], [1, 1], train=[0, 1]).log_loss)


@pytest.mark.parametrize(("classes", "k"), [(2, 1), (3, 2), (6, 5), (9, 5), (10, 5), (100, 5)])
def test_top_k_leaves_something_to_get_wrong(classes, k):
    assert top_k(classes) == k


def test_top_k_counts_the_likeliest_k():
    probabilities = [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]
    assert measured(probabilities, [0, 1, 2]).top_k_accuracy == pytest.approx(2 / 3)


@given(seed=st.integers(0, 10_000), n=st.integers(2, 60), k=st.integers(2, 6))
def test_confusion_and_accuracy_agree_for_any_answers(seed, n, k):
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.ones(k), n)
    labels = random.integers(k, size=n)
    found = measured(probabilities.tolist(), labels.tolist(), train=list(range(k)))
    confusion = np.array(found.confusion)
    assert confusion.sum() == n
    assert np.trace(confusion) / n == pytest.approx(found.accuracy)
    assert found.accuracy_low <= found.accuracy <= found.accuracy_high
    assert sum(pair.count for pair in found.most_confused) <= n - np.trace(confusion)


def test_what_test_time_augmentation_corrects_and_spoils_is_counted_apart():
    labels = np.array([0, 0, 1, 1, 1])
    # Plain: right, wrong, wrong, wrong, right. Averaged: wrong, right, right, wrong, right.
    plain = np.eye(2)[[0, 1, 0, 0, 1]]
    averaged = np.array([[0.4, 0.6], [0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.1, 0.9]])
    found = evaluate_tta("flip", Answers(plain, averaged, 2), labels)
    assert (found.kind, found.views, found.fixed, found.broken) == ("flip", 2, 2, 1)
    assert found.accuracy == pytest.approx(3 / 5)
    assert found.accuracy_low < found.accuracy < found.accuracy_high
    assert found.log_loss == pytest.approx(-np.log([0.4, 0.9, 0.8, 0.3, 0.9]).mean())
