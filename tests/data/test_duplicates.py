import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance
from tests.health.planted import picture

from lensmith.data import Split, duplicates
from lensmith.data.duplicates import exact_duplicates, joined, near_duplicates


def encoded_again(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=40)
    return Image.open(buffer)


CHANGES = {
    "encoded again": encoded_again,
    "made smaller": lambda its: its.resize((40, 40), Image.Resampling.LANCZOS),
    "mirrored": lambda its: its.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "brightened": lambda its: ImageEnhance.Brightness(its).enhance(1.3),
    "of less contrast": lambda its: ImageEnhance.Contrast(its).enhance(0.6),
    "cropped": lambda its: its.crop((0, 5, 90, 95)),
    "cropped more, and mirrored": lambda its: its.crop((8, 3, 91, 86)).transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "gray": lambda its: its.convert("L").convert("RGB"),
}


def split_of(*images: Image.Image, side: int = 96) -> Split:
    store = np.stack([np.asarray(its.convert("RGB").resize((side, side))) for its in images])
    return Split(store, np.arange(len(store)), np.zeros(len(store), np.int64), [str(n) for n in range(len(store))])


@pytest.mark.parametrize("change", CHANGES)
def test_a_picture_and_what_became_of_it_are_a_pair_and_no_others_are(change: str):
    images = [picture(seed) for seed in range(30)]
    (pair,), beyond = near_duplicates(split_of(*images, CHANGES[change](images[7])))
    assert beyond == 0
    assert (pair.a, pair.b, pair.mirrored) == (7, 30, "mirrored" in change)


def test_the_same_pixels_are_grouped_and_nothing_else():
    a, b = picture(1), picture(2)
    assert exact_duplicates(split_of(a, b, a, encoded_again(a), b)) == [[0, 2], [1, 4]]


@pytest.mark.parametrize("place", range(19))
def test_one_value_that_differs_anywhere_makes_two_pictures(place: int):
    store = np.zeros((4, 16, 20, 1), np.uint8)
    store[2].reshape(-1)[17 * place] = 1
    split = Split(store, np.arange(4), np.zeros(4, np.int64), list("abcd"))
    assert exact_duplicates(split) == [[0, 1, 3]]


def test_flat_pictures_are_no_duplicates_of_each_other():
    flat = [Image.new("RGB", (96, 96), (value, value, value)) for value in (10, 100, 200)]
    assert near_duplicates(split_of(*flat, picture(0))) == ([], 0)


def test_a_nearly_flat_picture_is_no_duplicate_of_what_it_is_made_of():
    image = picture(0)
    contrasts = {enhance: ImageEnhance.Contrast(image).enhance(enhance) for enhance in (0.07, 0.5)}
    assert near_duplicates(split_of(image, contrasts[0.07])) == ([], 0)
    assert len(near_duplicates(split_of(image, contrasts[0.5]))[0]) == 1


def test_of_equal_pictures_only_the_first_is_compared_with_others():
    again = encoded_again(picture(1))
    split = split_of(picture(1), picture(1), picture(1), again, picture(2))
    pairs, _ = near_duplicates(split, exact_duplicates(split))
    assert [(its.a, its.b) for its in pairs] == [(0, 3)]


def test_of_too_many_that_look_alike_the_most_alike_are_looked_at(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(duplicates, "MOST_PAIRS", 3)
    original = picture(5)
    near = [original.rotate(angle, expand=False) for angle in np.linspace(0.2, 3, 8)]
    done: list[tuple[int, int]] = []
    pairs, beyond = near_duplicates(split_of(original, *near), (), lambda at, total: done.append((at, total)))
    assert len(pairs) <= 3
    assert beyond > 3
    assert done[-1] == (3, 3)


@given(st.lists(st.lists(st.integers(0, 30), min_size=2, max_size=5)))
def test_joined_groups_hold_every_member_once_and_every_group_together(given: list[list[int]]):
    groups = joined(given)
    members = [member for group in groups for member in group]
    assert sorted(members) == sorted({place for group in given for place in group})
    where = {member: n for n, group in enumerate(groups) for member in group}
    assert all(len({where[place] for place in group}) == 1 for group in given)


def test_what_is_equal_and_what_is_nearly_so_are_joined():
    assert joined([[1, 2], [4, 5, 6], (2, 7), (8, 9)]) == [[1, 2, 7], [4, 5, 6], [8, 9]]
