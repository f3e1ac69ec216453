import numpy as np

from lensmith.data import Split
from lensmith.evaluation import most_confident_mistakes


def test_the_surest_wrong_answers_come_first_with_their_files():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.3, 0.7]])
    labels = np.array([0, 0, 1, 1])
    split = Split(np.zeros((4, 1, 1, 1), np.uint8), np.arange(4), labels, ["a.png", "b.png", "c.png", "d.png"])
    found = most_confident_mistakes(probabilities, split, ("cat", "dog"))
    assert [(its.name, its.label, its.predicted, its.probability, its.label_probability) for its in found] == [
        ("c.png", "dog", "cat", 0.8, 0.2),
        ("b.png", "cat", "dog", 0.6, 0.4),
    ]
    assert [its.position for its in found] == [2, 1]
    assert len(most_confident_mistakes(probabilities, split, ("cat", "dog"), count=1)) == 1


def test_no_mistakes_is_an_empty_list():
    split = Split(np.zeros((1, 1, 1, 1), np.uint8), np.arange(1), np.array([0]), ["a"])
    assert most_confident_mistakes(np.array([[0.9, 0.1]]), split, ("x", "y")) == []
