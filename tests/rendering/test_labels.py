from hypothesis import given
from hypothesis import strategies as st

from lensmith.rendering.labels import LINE, fitted, placed, width_of

FRAME = (0.0, 0.0, 400.0, 250.0)
POINTS = st.lists(
    st.tuples(st.floats(20, 380), st.floats(20, 230), st.text("abW中", min_size=1, max_size=30)), max_size=12
)


@given(st.text(max_size=80), st.floats(30, 300))
def test_what_fits_is_kept_whole_and_all_else_fits_after(text: str, pixels: float):
    shown = fitted(text, pixels)
    assert width_of(shown) <= pixels
    assert (shown == text) == (width_of(text) <= pixels)


def test_both_ends_of_a_long_name_are_kept():
    shown = fitted("beginning-" + 50 * "x" + "-end", 150)
    assert shown.startswith("begin")
    assert shown.endswith("-end")


@given(POINTS)
def test_names_lie_within_the_frame_on_no_dot_and_on_no_other_name(points: list[tuple[float, float, str]]):
    found = placed(points, FRAME)
    assert len(found) == len(points)
    boxes = [
        (left, base + 3 - LINE, left + width_of(name), base + 3)
        for at, (_, _, name) in zip(found, points, strict=True)
        if at
        for left, base in [at]
    ]
    for number, box in enumerate(boxes):
        assert box[0] >= 0
        assert box[1] >= -0.01
        assert box[2] <= 400
        assert box[3] <= 250.01
        for other in boxes[:number]:
            assert box[0] >= other[2] or other[0] >= box[2] or box[1] >= other[3] - 0.01 or other[1] >= box[3] - 0.01
        assert not any(box[0] < x < box[2] and box[1] < y < box[3] for x, y, _ in points)


def test_a_name_that_has_room_is_right_of_its_point_and_at_the_edge_left_of_it():
    near, far = placed([(50, 100, "near"), (380, 100, "far")], FRAME)
    assert near
    assert far
    assert near[0] > 50
    assert far[0] + width_of("far") < 380


def test_where_there_is_no_room_there_is_no_name():
    found = placed([(200, 100, "x" * 20)] * 30, FRAME)
    assert 3 <= sum(its is not None for its in found) < 30
