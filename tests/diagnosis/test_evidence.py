import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.diagnosis.made_evidence import evidence

from lensmith.diagnosis import comes_in_order, judge_answers


def answers_with(wrong: dict[tuple[int, int], int], k: int = 5, right: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Make probabilities and labels with so many wrong answers of each label and answer."""
    pairs = [(label, label) for label in range(k) for _ in range(right)]
    pairs += [pair for pair, count in wrong.items() for _ in range(count)]
    labels, named = np.array(pairs).T
    return np.where(np.arange(k) == named[:, None], 0.9, 0.1 / (k - 1)), labels


def test_answers_are_summed_up():
    found = judge_answers(*answers_with({(0, 1): 10}), "validation")
    assert (found.n, found.wrong) == (510, 10)
    assert found.labelled == [110, 100, 100, 100, 100]
    assert found.answered == [100, 110, 100, 100, 100]
    assert found.likelihood == pytest.approx(0.025)


def test_wrong_answers_that_are_spread_evenly_are_not_uneven_and_those_of_one_pair_are():
    every = {(a, b): 5 for a in range(5) for b in range(5) if a != b}
    assert judge_answers(*answers_with(every), "validation").unevenness == 0
    assert judge_answers(*answers_with({(0, 1): 100}), "validation").unevenness > 5


def test_mistaken_labels_are_even_however_many_images_the_classes_have():
    rng = np.random.default_rng(0)
    looks_like = rng.choice(5, 20_000, p=[0.6, 0.2, 0.1, 0.06, 0.04])
    labels = np.where(rng.random(20_000) < 0.3, (looks_like + rng.integers(1, 5, 20_000)) % 5, looks_like)
    assert judge_answers(np.eye(5)[looks_like], labels, "validation").unevenness < 0.05


@given(st.integers(0, 2**32 - 1), st.integers(3, 12))
def test_unevenness_of_wrong_answers_drawn_at_random_is_next_to_nothing(seed: int, k: int):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, 4_000)
    named = (labels + rng.integers(1, k, 4_000)) % k
    assert judge_answers(np.eye(k)[named], labels, "validation").unevenness < 0.05


def test_unevenness_is_of_the_chances_and_not_of_how_many_images_there_are():
    rng = np.random.default_rng(0)
    chances = np.where(np.eye(10), 0, rng.gamma(1.0, 1.0, (10, 10)))
    found = []
    for n in (1_000, 100_000):
        pairs = rng.choice(100, n, p=(chances / chances.sum()).ravel())
        found.append(judge_answers(np.eye(10)[pairs % 10], pairs // 10, "validation").unevenness)
    assert found[0] == pytest.approx(found[1], rel=0.2)
    assert found[1] > 0.5


def test_order_is_told_from_shuffled_labels():
    assert comes_in_order(np.sort(np.arange(1000) % 10))
    assert not comes_in_order(np.random.default_rng(0).permutation(np.arange(1000) % 10))
    assert not comes_in_order(np.zeros(10, int))


def test_curves_leave_out_the_epoch_of_the_last_layer_and_have_gaps():
    its = evidence(val_loss=[])
    its.history.insert(0, {"epoch": 0, "loss": 9.0})
    assert len(its.curve("loss")) == 10
    assert np.isnan(its.curve("val_loss")).all()
    assert its.commonest == pytest.approx(0.1)
