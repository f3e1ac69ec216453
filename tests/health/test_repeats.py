import numpy as np

from lensmith.data import Split
from lensmith.health.findings import Whole
from lensmith.health.repeats import exact_repeats


def whole(labels: list[int], test: int) -> Whole:
    """Images of which the last `test` ones are in the test split."""
    n = len(labels)
    store = np.zeros((n, 4, 4, 3), np.uint8)

    def part(rows: np.ndarray) -> Split:
        return Split(store, rows, np.array(labels)[rows], [f"{row}.png" for row in rows])

    splits = {"train": part(np.arange(n - test)), "test": part(np.arange(n - test, n))}
    return Whole.of(splits, ("ape", "bee"))


def test_each_group_is_told_under_what_is_worst_about_it():
    its = whole([0, 0, 1, 1, 0, 1], test=2)
    found = exact_repeats(its, [[0, 1], [1, 2], [0, 4], [2, 4]])
    assert {one.kind: one.groups for one in found} == {
        "same pixels": [["0.png", "1.png"]],
        "same pixels under several labels": [["1.png", "2.png"]],
        "same pixels in several splits": [["0.png", "4.png"], ["2.png", "4.png"]],
    }
    across = next(one for one in found if "splits" in one.kind)
    assert across.details == ["train and test", "train and test; bee and ape"]
    assert (across.severity, across.count) == ("error", 3)
