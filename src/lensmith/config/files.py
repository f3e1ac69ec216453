"""Find a recipe, lay overrides over it, check it, and say precisely what is wrong with it."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from lensmith.config.recipe import Recipe
from lensmith.errors import RecipeError, did_you_mean

SHORT_FORMS = {
    "epochs": "training.epochs",
    "batch_size": "training.batch_size",
    "learning_rate": "training.optimizer.learning_rate",
}
"""What may be written for the commonest keys, in Python and as options of `train`."""


def recipe_names() -> list[str]:
    """Name the recipes that come with lensmith, sorted."""
    folder = resources.files("lensmith") / "recipes"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_recipe(recipe: str | Path, overrides: Mapping[str, Any] | None = None, base: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe and lay overrides over it.

    Args:
        recipe: A name in `recipe_names()`, or the path of a `.toml` file.
        overrides: Values by dotted key, such as `{"training.epochs": 3}`; a `str` is read as a TOML value
            where it is one, so that `"3"` is a number and `"Adam"` a name.
        base: Values by dotted key that stand above the file and below `overrides`.

    Raises:
        RecipeError: No such recipe, TOML that cannot be read, or a key or value that does not fit: the
            message names the file, the key and what was expected.
    """
    name, text = _find(str(recipe))
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{recipe} is not valid TOML: {error}.") from None
    for key, value in {**(base or {}), **(overrides or {})}.items():
        _lay_over(values, SHORT_FORMS.get(key, key), value)
    try:
        return Recipe(**values, name=name)
    except ValidationError as error:
        raise RecipeError(_explain(error, str(recipe))) from None


def to_toml(recipe: Recipe) -> str:
    """Write the recipe, resolved, as TOML that `load_recipe` reads back to an equal one.

    Example:
        >>> '[data]' in to_toml(load_recipe("mnist-3conv"))
        True
    """
    import tomli_w

    return tomli_w.dumps(recipe.model_dump(exclude_none=True))


def _find(recipe: str) -> tuple[str, str]:
    path = Path(recipe)
    if path.suffix == ".toml":
        try:
            return path.stem, path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise RecipeError(f"No recipe file {recipe}.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"The recipe file {recipe} cannot be read: {error}.") from None
    if recipe not in recipe_names():
        raise RecipeError(
            f"No recipe named {recipe!r}.{did_you_mean(recipe, recipe_names())} "
            "List them with: lensmith models. A file's name must end in .toml."
        )
    packaged = resources.files("lensmith") / "recipes" / f"{recipe}.toml"
    return recipe, packaged.read_text(encoding="utf-8")


def _lay_over(values: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    table = values
    for section in sections:
        inner = table.get(section)
        if isinstance(inner, str):  # the short form of a Keras object: optimizer = "Adam"
            inner = {"class_name": inner}
        if inner is not None and not isinstance(inner, dict):
            raise RecipeError(f"--set {key}: {section!r} is not a table, so nothing in it can be set.")
        table[section] = table = dict(inner or {})
    table[last] = _as_toml_value(value) if isinstance(value, str) else value


def _as_toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _explain(error: ValidationError, recipe: str) -> str:
    lines = []
    for problem in error.errors():
        # Pydantic adds the branch of a union it tried to the location; only keys of the file are shown.
        where = [str(part) for part in problem["loc"] if _is_a_key(part)]
        key = ".".join(where)
        if problem["type"] == "extra_forbidden":
            lines.append(f"there is no key {key!r}.{did_you_mean(where[-1], _keys_of(where[:-1]))}")
        elif problem["type"] == "missing":
            lines.append(f"{key!r} is missing.")
        elif key:
            lines.append(f"{key!r} is {problem['input']!r}: {_lower(problem['msg'])}.")
        else:
            lines.append(f"{_lower(problem['msg'])}.")
    return f"Recipe {recipe}: " + " ".join(dict.fromkeys(lines))


def _is_a_key(part: Any) -> bool:
    return isinstance(part, int) or (isinstance(part, str) and part.isidentifier() and part not in ("int", "list", "str"))


def _lower(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:].rstrip(".")


def _keys_of(where: list[str]) -> list[str]:
    """Keys of the table at a place in a recipe; none where any key is allowed."""
    table: Any = Recipe
    for part in where:
        field = table.model_fields.get(part) if isinstance(table, type) else None
        if field is None:
            return []
        candidates = [field.annotation, *get_args(field.annotation)]
        table = next((kind for kind in candidates if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
    return [name for name, field in table.model_fields.items() if not field.exclude] if table else []
