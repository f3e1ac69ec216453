import numpy as np

from lensmith.data import ListedFile, Split
from lensmith.health.findings import Whole, finding, finding_of_groups


def test_splits_are_put_one_after_another_with_the_files_of_their_rows():
    store = np.arange(4, dtype=np.uint8).reshape(4, 1, 1, 1)
    splits = {
        "train": Split(store, np.array([3, 0]), np.array([1, 0]), ["d", "a"]),
        "test": Split(store, np.array([1]), np.array([1]), ["b"]),
    }
    files = [ListedFile(f"/x/{name}", name, "") for name in "abcd"]
    whole = Whole.of(splits, ("ape", "bee"), files)
    assert whole.images.read()[:, 0, 0, 0].tolist() == [3, 0, 1]
    assert (list(whole.images.names), list(whole.splits)) == (["d", "a", "b"], ["train", "train", "test"])
    assert list(whole.paths) == ["/x/d", "/x/a", "/x/b"]
    assert [whole.class_of(place) for place in range(3)] == ["bee", "ape", "bee"]


def test_no_files_make_no_finding_and_a_file_of_several_groups_counts_once():
    assert finding("x", "note", [], "do") == finding_of_groups("x", "note", [], "do") == []
    (its,) = finding_of_groups("x", "note", [["a", "b"], ["b", "c"]], "do")
    assert (its.count, list(its.paths)) == (3, ["a", "b", "c"])
