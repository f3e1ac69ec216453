import pytest

from lensmith.errors import LensmithError, RecipeError
from lensmith.registry import Registry


@pytest.fixture
def shapes() -> Registry[str]:
    registry = Registry[str]("shape", RecipeError)
    registry.register("square")("four sides")
    registry.register("circle")("none")
    return registry


def test_registering_gives_back_what_was_registered() -> None:
    registry = Registry("shape")

    @registry.register("square")
    def square() -> str:
        return "four sides"

    assert square() == "four sides"
    assert registry["square"] is square


def test_names_are_listed_sorted_whatever_the_order_of_registering(shapes: Registry[str]) -> None:
    assert list(shapes) == ["circle", "square"]


def test_a_clash_is_an_error_and_the_first_entry_stays(shapes: Registry[str]) -> None:
    with pytest.raises(ValueError, match="Two entries want the shape name 'square'"):
        shapes.register("square")("other")
    assert shapes["square"] == "four sides"


def test_an_unknown_name_raises_the_registrys_error_with_the_nearest_name(shapes: Registry[str]) -> None:
    with pytest.raises(RecipeError, match=r"^No shape named 'sqare'\. Did you mean 'square'\?$"):
        shapes["sqare"]


def test_an_unknown_name_is_the_users_mistake_by_default() -> None:
    with pytest.raises(LensmithError, match=r"^No shape named 'square'\.$"):
        Registry("shape")["square"]


def test_in_tells_whether_a_name_is_registered(shapes: Registry[str]) -> None:
    assert "square" in shapes
    assert "triangle" not in shapes
    assert 3 not in shapes
