"""Say what is wrong with a recipe: each key once, with what was expected and the nearest key there is."""

from typing import Any, get_args

from pydantic import ValidationError

from lensmith.config.recipe import Recipe, Table
from lensmith.errors import did_you_mean

# In the words of someone who writes TOML; what is not here is said in pydantic's words.
_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "float_type": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_type": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "literal_error": "{expected}",
    "model_type": "a table",
    "string_type": "text",
    "too_long": "a list of at most {max_length} items",
    "too_short": "a list of at least {min_length} items",
}

Place = tuple[str | int, ...]


def explain(error: ValidationError, values: dict[str, Any]) -> str:
    """Turn pydantic's problems into sentences.

    Args:
        error: From validating `values` as a recipe.
        values: To tell keys of the recipe from the branches of a union, which pydantic mixes.
    """
    unknown, missing, expected = [], [], dict[Place, list[str]]()
    for problem in error.errors():
        place = _place(problem["loc"], values)
        if problem["type"] == "extra_forbidden":
            unknown.append(f"there is no key {_dotted(place)!r}.{_nearest(place)}")
        elif problem["type"] == "missing":
            missing.append(f"{_dotted((*place, problem['loc'][-1]))!r} is missing.")
        else:
            expected.setdefault(place, []).append(_expectation(problem))
    # Where a value came close to one branch of a union, what is wrong inside it says all.
    outer = {place[:depth] for place in expected for depth in range(len(place))}
    wrong = [_sentence(place, phrases, values) for place, phrases in expected.items() if place not in outer]
    return " ".join([*unknown, *missing, *wrong])


def _place(location: Place, values: Any) -> Place:
    place: list[str | int] = []
    for part in location:
        known = range(len(values)) if isinstance(values, list) else values if isinstance(values, dict) else ()
        if part in known:
            place.append(part)
            values = values[part]
    return tuple(place)


def _dotted(place: Place) -> str:
    return ".".join(map(str, place))


def _expectation(problem: Any) -> str:
    if problem["type"] in _EXPECTED:
        return _EXPECTED[problem["type"]].format_map(problem.get("ctx", {}))
    return str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input should be ").rstrip(".")


def _sentence(place: Place, phrases: list[str], values: Any) -> str:
    # A number that may be a whole one fails as either.
    told = dict.fromkeys(its for its in phrases if its != "a whole number" or "a number" not in phrases)
    *first, last = told
    wanted = f"{', '.join(first)} or {last}" if first else last
    for part in place:
        values = values[part]
    given = "" if isinstance(values, dict) else f" is {values!r}"
    return f"{_dotted(place)!r}{given}: expected {wanted}."


def _nearest(place: Place) -> str:
    tables, (*outer, last) = _tables(), place
    elsewhere = [_dotted((*where, name)) for where, names in tables.items() for name in names if name == last]
    if elsewhere:
        return f" Did you mean {elsewhere[0]!r}?"
    return did_you_mean(str(last), tables.get(tuple(outer), []))


def _tables(table: type[Table] = Recipe, place: Place = ()) -> dict[Place, list[str]]:
    """Name the keys of every table of a recipe whose keys are ours, by its place."""
    found = {place: [name for name, field in table.model_fields.items() if not field.exclude]}
    for name, field in table.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Table):
                found |= _tables(kind, (*place, name))
    return found
