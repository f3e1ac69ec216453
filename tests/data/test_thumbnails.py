import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lensmith.data.thumbnails import averaging, detail, shrink

sides = st.integers(1, 70)


@settings(deadline=None, max_examples=50)
@given(sides, sides, st.integers(1, 40))
def test_shrinking_keeps_a_flat_picture_as_it_is(height: int, width: int, side: int):
    np.testing.assert_allclose(shrink(np.full((2, height, width), 77, np.float32), side), 77, rtol=1e-4)


def test_shrinking_by_a_whole_number_averages():
    assert shrink(np.arange(16, dtype=np.float32).reshape(1, 4, 4), 2)[0].tolist() == [[2.5, 4.5], [10.5, 12.5]]


@settings(deadline=None, max_examples=50)
@given(sides, sides, st.integers(1, 40), st.integers(0, 9))
def test_part_of_a_side_is_shrunk_as_if_it_were_cut_out(cut: int, rest: int, side: int, seed: int):
    pixels = np.random.default_rng(seed).normal(size=cut + rest).astype(np.float32)
    part = averaging(np.array([rest / (cut + rest)]), np.array([1.0]), cut + rest, side)[0]
    alone = averaging(np.array([0.0]), np.array([1.0]), cut, side)[0]
    np.testing.assert_allclose(part @ pixels, alone @ pixels[rest:], atol=1e-4)


def test_detail_is_what_differs_from_the_mean_of_5_by_5_with_the_edges_repeated():
    picture = np.random.default_rng(0).normal(size=(12, 12)).astype(np.float32)
    padded = np.pad(picture, 2, mode="edge")
    around = np.array([[padded[y : y + 5, x : x + 5].mean() for x in range(12)] for y in range(12)])
    expected = (picture - around).ravel()
    expected -= expected.mean()
    np.testing.assert_allclose(detail(picture[np.newaxis])[0], expected / np.linalg.norm(expected), atol=1e-5)


@given(st.floats(0.1, 10), st.floats(-50, 50))
def test_detail_does_not_change_with_brightness_and_contrast(contrast: float, brightness: float):
    picture = np.random.default_rng(1).uniform(0, 255, (1, 16, 16)).astype(np.float32)
    np.testing.assert_allclose(detail(contrast * picture + brightness), detail(picture), atol=1e-3)
