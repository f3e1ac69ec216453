import keras
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lensmith.models.windows import Window, padding, slid, written, written_transposed

WINDOWS = st.builds(Window, st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.booleans())


def keras_padding(window: Window) -> str:
    return "same" if window.same else "valid"


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 40), WINDOWS)
def test_a_window_has_as_many_places_as_keras_gives_it(n: int, window: Window):
    assume(window.stride == 1 or window.dilation == 1)  # Keras takes no other
    assume(window.same or n >= window.reach)
    layer = keras.layers.Conv1D(
        1, window.size, strides=window.stride, dilation_rate=window.dilation, padding=keras_padding(window)
    )
    assert layer.compute_output_shape((1, n, 1)) == (1, slid(n, window), 1)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 3))
def test_what_is_added_before_and_after_is_what_keras_adds(n: int, size: int, stride: int):
    window = Window(size, stride, same=True)
    values = np.random.default_rng(n).normal(size=n).astype(np.float32)
    kernel = np.arange(1, size + 1, dtype=np.float32)
    keras_way = keras.ops.conv(values[np.newaxis, :, np.newaxis], kernel[:, np.newaxis, np.newaxis], stride, "same")
    padded = np.pad(values, padding(n, window))
    ours = [padded[at : at + size] @ kernel for at in range(0, len(padded) - size + 1, stride)]
    np.testing.assert_allclose(np.ravel(keras_way), ours, rtol=1e-4, atol=1e-4)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 40), WINDOWS)
def test_what_is_written_can_be_worked_out_and_comes_to_what_it_says(n: int, window: Window):
    assume(window.same or n >= window.reach)
    left, _, right = written(n, window).partition(" = ")
    inside, stride = left.removeprefix("floor((").removesuffix(") + 1").split(")/")
    first, before, after, reach, one = (int(its) for its in inside.replace("−", "+").split(" + "))
    assert (first, one, int(stride)) == (n, 1, window.stride)
    assert (first + before + after - reach - one) // int(stride) + 1 == int(right) == slid(n, window)


def test_uneven_padding_is_written_as_it_is():
    assert written(32, Window(3, 2, same=True)) == "floor((32 + 0 + 1 − 2 − 1)/2) + 1 = 16"


def test_a_transposed_window_is_written_with_what_is_cut_off_or_added():
    assert written_transposed(5, Window(3, 2, same=True), 10) == "(5 − 1)·2 + 2 + 1 − 1 = 10"
    assert written_transposed(5, Window(2, 3, same=True), 15) == "(5 − 1)·3 + 1 + 1 + 1 = 15"
