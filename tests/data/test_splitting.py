import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmith.data.dataset import Split
from lensmith.data.splitting import check_class_sizes, split_off, stratified_split
from lensmith.errors import DataError

FRACTIONS = {"test": 0.2, "validation": 0.1}


@st.composite
def labels_of_classes(draw: st.DrawFn) -> np.ndarray:
    """Labels in any order, at least five of each class."""
    sizes = draw(st.lists(st.integers(5, 40), min_size=2, max_size=5))
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(draw(st.integers(0, 99))).permutation(labels)


def split_of(labels: np.ndarray) -> Split:
    store = np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1, 1)
    return Split(store, np.arange(len(labels)), labels, [f"{place}.png" for place in range(len(labels))])


@given(
    labels=labels_of_classes(),
    seed=st.integers(0, 2**32 - 1),
    validation=st.floats(0, 0.4),
    test=st.floats(0, 0.4),
)
def test_every_image_goes_to_exactly_one_split(labels, seed, validation, test) -> None:
    positions = stratified_split(labels, {"test": test, "validation": validation}, seed)
    assert np.sort(np.concatenate(list(positions.values()))).tolist() == list(range(len(labels)))
    assert all((np.diff(chosen) > 0).all() for chosen in positions.values())
    wanted = {"train"} | {name for name, its in (("test", test), ("validation", validation)) if its > 0}
    assert set(positions) == wanted
    assert next(iter(positions)) == "train"


@given(labels=labels_of_classes(), seed=st.integers(0, 2**32 - 1), fraction=st.floats(0.01, 0.4))
def test_every_split_gets_its_fraction_of_every_class(labels, seed, fraction) -> None:
    positions = stratified_split(labels, {"test": fraction, "validation": fraction / 2}, seed)
    for label, size in enumerate(np.bincount(labels)):
        for name, wanted in (("test", fraction), ("validation", fraction / 2)):
            count = np.count_nonzero(labels[positions[name]] == label)
            assert count >= 1
            assert count == 1 or abs(count - wanted * size) <= 0.5
        assert np.count_nonzero(labels[positions["train"]] == label) >= 1


@given(labels=labels_of_classes(), seed=st.integers(0, 2**32 - 1))
def test_same_labels_and_seed_give_the_same_split(labels, seed) -> None:
    first = stratified_split(labels, FRACTIONS, seed)
    second = stratified_split(labels.copy(), dict(FRACTIONS), seed)
    assert {name: its.tolist() for name, its in first.items()} == {name: its.tolist() for name, its in second.items()}


def test_other_seeds_give_other_splits() -> None:
    labels = np.arange(100) % 3
    tests = {tuple(stratified_split(labels, FRACTIONS, seed)["test"]) for seed in range(20)}
    assert len(tests) == 20


def test_split_of_today_is_the_split_of_tomorrow() -> None:
    # Runs are evaluated on the split they were trained with: it may not change from version to version.
    positions = stratified_split(np.arange(20) % 2, FRACTIONS, 0)
    assert positions["test"].tolist() == [5, 8, 12, 19]
    assert positions["validation"].tolist() == [4, 7]


def test_parts_of_a_split_keep_images_labels_and_names_together() -> None:
    whole = split_of(np.arange(30) % 3)
    parts = split_off(whole, FRACTIONS, 7, ("a", "b", "c"))
    assert [len(part) for part in parts.values()] == [21, 6, 3]
    for part in parts.values():
        places = part.read()[:, 0, 0, 0]
        assert part.labels.tolist() == (places % 3).tolist()
        assert list(part.names) == [f"{place}.png" for place in places]


@pytest.mark.parametrize(
    ("labels", "fractions", "message"),
    [
        (
            [0, 0, 0, 1],
            FRACTIONS,
            r"Class 'b' has 1 image \(3.png\) that can be used; at least 3 are needed, one for",
        ),
        ([0, 0, 0, 1, 1], FRACTIONS, "Class 'b' has 2 images .* splits train, test, validation"),
        ([0, 0, 1], {"validation": 0.1}, "Class 'b' has 1 image .* at least 2 are needed"),
        ([0, 0, 0], {"validation": 0.1}, "Class 'b' has 0 images"),
        (
            [0, 0, 0, 0, 1, 1, 1, 1],
            {"test": 0.5, "validation": 0.5},
            "'a' is too small .* its train split would be",
        ),
    ],
)
def test_class_that_is_too_small_is_named(labels: list[int], fractions: dict[str, float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split_off(split_of(np.array(labels)), fractions, 0, ("a", "b"))


def test_two_images_of_a_class_are_enough_where_nothing_is_split_off() -> None:
    check_class_sizes(split_of(np.array([0, 0, 1, 1])), ("a", "b"))
    with pytest.raises(DataError, match=r"Class 'b' has 1 image .* at least 2 are needed to train on"):
        check_class_sizes(split_of(np.array([0, 0, 1])), ("a", "b"))


@given(labels=labels_of_classes(), seed=st.integers(0, 99), groups=st.lists(st.integers(2, 9), max_size=6))
def test_groups_are_never_torn_apart(labels, seed, groups) -> None:
    places, together = np.random.default_rng(seed).permutation(len(labels)), []
    for size in groups:
        together.append(places[:size].tolist())
        places = places[size:]
    together = [group for group in together if group]
    positions = stratified_split(labels, FRACTIONS, seed, together)
    assert np.sort(np.concatenate(list(positions.values()))).tolist() == list(range(len(labels)))
    where = {int(place): name for name, its in positions.items() for place in its}
    assert all(len({where[place] for place in group}) == 1 for group in together)


def test_a_group_that_is_most_of_a_class_is_left_to_training() -> None:
    labels, film = np.zeros(100, int), list(range(60))
    for seed in range(50):
        positions = stratified_split(labels, {"test": 0.2, "validation": 0.1}, seed, [film])
        assert set(film) <= set(positions["train"].tolist())
        assert [len(positions[name]) for name in ("test", "validation")] == [20, 10]
