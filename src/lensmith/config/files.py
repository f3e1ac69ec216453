"""Find a recipe, lay settings over it, and write a resolved one."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, time
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lensmith.config.problems import explain
from lensmith.config.recipe import DataConfig, EvaluationConfig, Recipe, TrainingConfig
from lensmith.errors import RecipeError, did_you_mean

SHORT_FORMS = {
    "epochs": "training.epochs",
    "batch_size": "training.batch_size",
    "learning_rate": "training.optimizer.learning_rate",
    "augment": "training.augmentation",
    "group": "data.group",
    "tensorboard": "training.tensorboard",
}
"""What may be written for the commonest keys, in Python and as options of `train`."""

LEFT_OUT = (
    ("data", DataConfig, "photo_size"),
    ("data", DataConfig, "group"),
    ("data", DataConfig, "split_seed"),
    ("training", TrainingConfig, "checkpoint_seconds"),
    ("training", TrainingConfig, "selection"),
    ("training", TrainingConfig, "shuffle"),
)
"""Keys that are written only where they are not as by default."""


def recipe_names() -> list[str]:
    """Name the recipes that come with lensmith, sorted."""
    names = [entry.name for entry in (resources.files("lensmith") / "recipes").iterdir()]
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def load_recipe(
    recipe: str | Path, overrides: Mapping[str, Any] | None = None, base: Mapping[str, Any] | None = None
) -> Recipe:
    """Read a recipe and lay overrides over it.

    Args:
        recipe: A name in `recipe_names()`, or the path of a `.toml` file.
        overrides: Values by dotted key, such as `{"training.epochs": 3}`; `model.layers.0.filters` reaches
            into a list. A `str` is read as a TOML value where it is one, so that `"3"` is a number and
            `"Adam"` a name; `None` takes a key out. In any order, a table is laid before what is in it. With another
            `model.builder`, nothing else of the recipe's `model` stays.
        base: Values by dotted key that stand above the file and below `overrides`.

    Raises:
        RecipeError: No such recipe, TOML that cannot be read, or a key or value that does not fit: the
            message names the file, the key and what was expected.
    """
    name, text = _find(str(recipe))
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RecipeError(f"{recipe} is not valid TOML: {error}.") from None
    for settings in (base or {}, overrides or {}):
        whole = {SHORT_FORMS.get(key, key): value for key, value in settings.items()}
        builder = whole.get("model.builder")
        if builder is not None and _value(builder, "model.builder") != _builder(values):
            values["model"] = {}  # layers, arguments and weights were those of another network
        for key in sorted(whole, key=lambda key: key.count(".")):
            _lay_over(values, key, whole[key])
    if "name" in values:
        raise RecipeError(f"Recipe {recipe}: there is no key 'name'. A recipe has the name of its file.")
    try:
        return Recipe(**values, name=name)
    except ValidationError as error:
        raise RecipeError(f"Recipe {recipe}: {explain(error, values)}") from None


def parse_settings(settings: Sequence[str]) -> dict[str, str]:
    """Take `KEY=VALUE` apart, as `--set` has them.

    Raises:
        RecipeError: A setting without a key or without `=`.

    Example:
        >>> parse_settings(["training.epochs=3"])
        {'training.epochs': '3'}
    """
    parsed = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise RecipeError(
                f"--set {setting!r} has no key and value. Expected section.key=value, such as training.epochs=3."
            )
        parsed[key.strip()] = value.strip()
    return parsed


def to_toml(recipe: Recipe) -> str:
    """Write the recipe, resolved, as TOML that `load_recipe` reads back to an equal one.

    What is younger than the first results is left out where it is as by default.

    Example:
        >>> '[data]' in to_toml(load_recipe("mnist-3conv"))
        True
    """
    import tomli_w

    # Results are stored under a hash of this text; those from before there were these must stay valid.
    values = recipe.model_dump(exclude_none=True)
    if recipe.evaluation == EvaluationConfig():
        del values["evaluation"]
    for table, kind, key in LEFT_OUT:
        if values[table][key] == kind.model_fields[key].default:
            del values[table][key]
    return tomli_w.dumps(values)


def _builder(values: Mapping[str, Any]) -> Any:
    model = values.get("model")
    return model.get("builder") if isinstance(model, dict) else None


def _find(recipe: str) -> tuple[str, str]:
    path = Path(recipe)
    if path.suffix.lower() == ".toml":
        return path.stem, _read(path)
    if recipe in recipe_names():
        packaged = resources.files("lensmith") / "recipes" / f"{recipe}.toml"
        return recipe, packaged.read_text(encoding="utf-8")
    if recipe and path.is_dir():
        raise _is_a_folder(path)
    raise RecipeError(
        f"No recipe named {recipe!r}.{did_you_mean(recipe, recipe_names())} "
        "List them with: lensmith models. A file's name must end in .toml."
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # editors on Windows begin a file with a mark
    except FileNotFoundError:
        raise RecipeError(f"No recipe file {path}.") from None
    except IsADirectoryError:
        raise _is_a_folder(path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"The recipe file {path} cannot be read: {error}.") from None


def _is_a_folder(path: Path) -> RecipeError:
    return RecipeError(f"{path} is a folder. Give a .toml file, or a name that `lensmith models` lists.")


def _lay_over(values: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    if not all((*sections, last)):
        raise RecipeError(f"--set {key!r} names no key. Expected section.key, such as training.epochs.")
    table: Any = values
    for section in sections:
        table = _inside(table, _place(table, section, key), key)
    place = _place(table, last, key)
    if value is None and isinstance(table, dict):
        table.pop(place, None)
    else:
        table[place] = _value(value, key)


def _value(value: Any, key: str) -> Any:
    return _as_toml_value(value) if isinstance(value, str) else _plain(value, key)


def _place(table: Any, part: str, key: str) -> Any:
    """Turn one part of a dotted key into what indexes the table or list it is for."""
    if isinstance(table, dict):
        return part
    if not (part.isdecimal() and int(part) < len(table)):
        raise RecipeError(f"--set {key}: {part!r} is no place in a list of {len(table)}. Count from 0.")
    return int(part)


def _inside(table: Any, place: Any, key: str) -> Any:
    inner = table.get(place, {}) if isinstance(table, dict) else table[place]
    if isinstance(inner, str):  # the short form of a Keras object: optimizer = "Adam"
        inner = {"class_name": inner}
    if not isinstance(inner, (dict, list)):
        raise RecipeError(f"--set {key}: {place!r} is {inner!r}, not a table, so nothing in it can be set.")
    table[place] = inner
    return inner


def _as_toml_value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _plain(value: Any, key: str) -> Any:
    """Turn what Python callers give into what a recipe file can hold, or say that it cannot."""
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(name): _plain(item, f"{key}.{name}") for name, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{key}.{place}") for place, item in enumerate(value)]
    if isinstance(value, (str, int, float, date, time)):
        return value
    raise RecipeError(
        f"{key} is {value!r}, which no recipe file can hold. Describe a Keras object by its class_name and "
        'its arguments, such as {"class_name": "Adam", "learning_rate": 0.001}.'
    )
