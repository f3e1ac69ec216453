import inspect
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lensmith import errors
from lensmith.errors import DataError, DecodeError, LensmithError, did_you_mean

NAMES = st.lists(st.text(alphabet="abcdeABC-_2", min_size=1, max_size=8), max_size=30, unique=True)
EXCEPTIONS = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_every_exception_is_one_of_ours_and_in_the_picture(kind: type[LensmithError]) -> None:
    assert issubclass(kind, LensmithError)
    assert kind.__name__ in str(errors.__doc__)


def test_exit_codes_are_those_of_the_design() -> None:
    codes = {kind.__name__: kind.exit_code for kind in EXCEPTIONS}
    special = {"ExportError": 1, "TrainingDiverged": 3, "Interrupted": 130, "Terminated": 143}
    assert codes == {name: special.get(name, 2) for name in codes}
    assert special.keys() <= codes.keys()


def test_decode_error_counts_by_reason_and_says_the_detail() -> None:
    assert str(DecodeError("truncated", "a.png ends early")) == "truncated: a.png ends early"
    assert str(DecodeError("truncated")) == "truncated"
    assert DecodeError("truncated", "a.png ends early").reason == "truncated"
    assert issubclass(DecodeError, DataError)


@settings(deadline=None)  # the machine may be busy
@given(NAMES, st.data())
def test_a_name_in_another_case_is_always_recognised(names: list[str], data: st.DataObject) -> None:
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    suggestion = did_you_mean(name.swapcase(), names)
    assert suggestion.lower() == f" did you mean {name.lower()!r}?"


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=10), NAMES)
def test_only_known_names_are_suggested(name: str, names: list[str]) -> None:
    suggestion = did_you_mean(name, names)
    allowed = {f" Did you mean {known!r}?" for known in names}
    if names and len(names) <= 20:
        allowed.add(f" Known: {', '.join(sorted(names))}.")
    else:
        allowed.add("")
    assert suggestion in allowed


@settings(deadline=None)  # the machine may be busy
@given(st.text(alphabet="abcABC", max_size=6), NAMES.filter(lambda names: len(names) < 5))
def test_the_suggestion_does_not_depend_on_the_order_of_the_names(name: str, names: list[str]) -> None:
    assert len({did_you_mean(name, order) for order in itertools.permutations(names)}) == 1


def test_nothing_is_suggested_where_nothing_is_known() -> None:
    assert did_you_mean("mnist", []) == ""


def test_a_long_list_is_not_recited() -> None:
    many = [f"name{number}" for number in range(21)]
    assert did_you_mean("zebra", many) == ""
    assert did_you_mean("zebra", many[:20]).startswith(" Known: name0, ")
    assert did_you_mean("nam20", many) == " Did you mean 'name20'?"
