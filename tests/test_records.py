import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from lensmith.records import LONGEST_LIST_SHOWN, Record, to_json, to_json_value


@dataclass(frozen=True)
class Inner(Record):
    loss: float
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outer(Record):
    inner: Inner
    path: Path
    anything: Any = None
    model: Any = field(default=None, repr=False)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text("a\udcff")  # file names that are not UTF-8 hold such
    | st.builds(np.float32, st.floats(width=32))
    | st.builds(np.int64, st.integers(-(2**62), 2**62))
    | st.builds(Path, st.text(alphabet="ab/.", max_size=5))
    | st_numpy.arrays(st.sampled_from([np.float64, np.int32, np.bool_]), st_numpy.array_shapes(max_side=3))
)
KEYS = st.text(max_size=4) | st.integers() | st.floats()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.tuples(inner, inner)
        | st.builds(Outer, st.builds(Inner, st.floats()), st.just(Path("a")), inner)
    ),
    max_leaves=8,
)


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


@settings(deadline=None)  # the machine may be busy
@given(VALUES)
def test_json_never_holds_nan_or_infinity_and_can_be_read_and_printed(value: Any) -> None:
    text = to_json(value)
    text.encode("utf-8")
    assert json.loads(text, parse_constant=refuse) == to_json_value(value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, np.float32("nan"), np.float64("inf")])
def test_what_is_no_finite_number_becomes_null(number: float) -> None:
    assert to_json_value({"a": [number], "b": np.array([[number, 1.0]])}) == {"a": [None], "b": [[None, 1.0]]}


def test_a_record_becomes_plain_values_all_the_way_down() -> None:
    record = Outer(Inner(math.nan, ("x", "y")), Path("runs/a"), np.int64(3), model=object())
    assert record.to_dict() == {
        "inner": {"loss": None, "names": ["x", "y"]},
        "path": "runs/a",
        "anything": 3,
    }


def test_a_file_name_that_is_not_utf8_survives_json() -> None:
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    printed = to_json({"path": Path(name)}).encode("utf-8")
    assert json.loads(printed)["path"] == name


def test_other_letters_stay_readable_in_json() -> None:
    assert '"Čedar"' in to_json(["Čedar"])


def test_what_json_cannot_hold_is_a_bug_and_not_hidden() -> None:
    with pytest.raises(TypeError):
        to_json({"model": object()})


@pytest.mark.parametrize(
    "value", ["<script>", {"<script>": 1}, ["<script>"], [{"a": "<script>"}], {"a": {"b": ["<script>"]}}]
)
def test_a_notebook_shows_a_record_without_running_what_is_in_it(value: Any) -> None:
    shown = Outer(Inner(0.5), Path("a"), value)._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown


def test_a_notebook_counts_what_is_too_long_to_show() -> None:
    longest = list(range(LONGEST_LIST_SHOWN))
    assert f"{LONGEST_LIST_SHOWN + 1} entries" in Outer(Inner(0.5), Path("a"), [*longest, 1])._repr_html_()
    assert "entries" not in Outer(Inner(0.5), Path("a"), longest)._repr_html_()
    assert "2 entries" in Outer(Inner(0.5), Path("a"), [[1, 2], [3, 4]])._repr_html_()
    # A record within a record, such as the evaluation of a training, has more fields than that and is shown.
    assert "entries" not in Outer(Inner(0.5), Path("a"), {str(key): key for key in range(13)})._repr_html_()


def test_a_notebook_does_not_show_what_stays_out_of_json() -> None:
    assert "SECRET" not in Outer(Inner(0.5), Path("a"), model="SECRET")._repr_html_()


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Inner(0.5).loss = 0.4  # type: ignore[misc]
