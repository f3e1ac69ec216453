import numpy as np
import pytest

from lensmith.data import Split
from lensmith.errors import LensmithError
from lensmith.health import Whole, check_cleanlab, label_errors, labels, mislabelled


def made(n: int = 300, wrong: int = 12) -> tuple[np.ndarray, np.ndarray, set[int]]:
    """Labels, some of them wrong, and probabilities of a good classifier."""
    random = np.random.default_rng(0)
    truth = np.arange(n) % 3
    probabilities = random.dirichlet((1, 1, 1), n) * 0.2
    probabilities[np.arange(n), truth] += 0.8
    given, places = truth.copy(), random.choice(n, wrong, replace=False)
    given[places] = (given[places] + 1) % 3
    return given, probabilities, set(places.tolist())


def test_wrong_labels_come_first_with_the_class_that_is_meant():
    given, probabilities, wrong = made()
    found = label_errors(given, probabilities)
    assert {its.place for its in found} <= wrong
    assert len(found) >= 0.8 * len(wrong)
    assert all(its.suggested == its.place % 3 for its in found)
    margins = [probabilities[its.place, given[its.place]] - its.probability for its in found]
    assert margins == sorted(margins)


def test_right_labels_give_none():
    given, probabilities, _ = made(wrong=0)
    assert label_errors(given, probabilities) == []
    assert mislabelled(Whole.of({"train": split_of(given)}, ("a", "b", "c")), []) == []


def split_of(given: np.ndarray) -> Split:
    store = np.zeros((len(given), 4, 4, 3), np.uint8)
    return Split(store, np.arange(len(given)), given, [f"{place}.png" for place in range(len(given))])


def test_a_finding_says_what_the_label_is_and_what_it_looks_like():
    given, probabilities, _ = made()
    errors = label_errors(given, probabilities)
    (its,) = mislabelled(Whole.of({"train": split_of(given)}, ("ape", "bee", "cow")), errors)
    first = errors[0]
    names = ("ape", "bee", "cow")
    assert its.paths[0] == f"{first.place}.png"
    assert its.details[0].startswith(f"{names[given[first.place]]}, looks like {names[first.suggested]} (")


def test_without_cleanlab_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    check_cleanlab()
    monkeypatch.setattr(labels, "find_spec", lambda name: None)
    with pytest.raises(LensmithError, match=r"pip install 'lensmith\[labels\]'"):
        check_cleanlab()
