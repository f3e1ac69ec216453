import pytest

from lensmith.data.groups import by_stem, by_time, stem_of


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a/tom_03.jpg", "a/tom"),
        ("a/tom-3.jpg", "a/tom"),
        ("a/tom (3).jpg", "a/tom"),
        ("a/tom3.png", "a/tom"),
        ("a/tom.jpg", "a/tom"),
        ("a/0017.jpg", "a/"),
        ("b/tom_03.jpg", "b/tom"),
        ("tom_2_7.jpg", "./tom_2"),
    ],
)
def test_the_counter_at_the_end_of_a_name_is_left_out(name: str, stem: str):
    assert stem_of(name) == stem


def test_files_of_one_stem_are_a_group():
    names = ["a/tom_1.jpg", "a/ann_1.jpg", "a/tom_2.jpg", "a/bob.jpg", "a/ann_2.jpg", "b/tom_1.jpg"]
    assert by_stem(names, [0, 0, 0, 0, 0, 1]) == [[0, 2], [1, 4]]


def test_a_stem_that_most_of_a_class_has_is_no_group():
    names = [f"a/IMG_{n}.jpg" for n in range(10)] + ["a/x_1.jpg", "a/x_2.jpg"]
    assert by_stem(names, [0] * 12) == [[10, 11]]


def test_names_that_are_only_counters_are_no_group():
    assert by_stem([f"{n:04d}.png" for n in range(9)], [0] * 9) == []


def test_a_burst_is_as_long_as_each_shot_comes_soon_after_the_one_before():
    assert by_time([100.0, 5.0, None, 12.0, 21.0, 40.0, 101.0]) == [[1, 3, 4], [0, 6]]
