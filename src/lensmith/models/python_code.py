"""Print a network as Keras code, ready to paste into a notebook."""

import inspect
from typing import Any

from lensmith.config import KerasObject, Recipe
from lensmith.models.keras_objects import find_class


def to_python(model: Any, recipe: Recipe) -> str:
    """Write the code that builds and compiles a network like `model`.

    Only arguments that differ from Keras' defaults are written.

    Args:
        model: A built `keras.Sequential`.
        recipe: For the training settings.

    Returns:
        A whole program: `model` in it has the same layers, shapes and number of parameters.
    """
    shape = tuple(model.input_shape[1:])
    optimizer = _training_object("optimizers", recipe.training.optimizer)
    steps = ["", "total_steps = 10_000  # epochs * training images / batch size"] if "total_steps" in optimizer else []
    lines = [
        f'"""{recipe.description or recipe.name}"""',
        "",
        "import keras",
        "from keras import layers",
        *steps,
        "",
        "# Pixels go in raw, 0 to 255.",
        "model = keras.Sequential([",
        f"    keras.Input({shape!r}),",
        *(f"    {_call('layers', layer)}," for layer in model.layers),
        "])",
        "model.compile(",
        f"    optimizer={optimizer},",
        f"    loss={_training_object('losses', recipe.training.loss)},",
        '    metrics=["accuracy"],',
        ")",
        "model.summary()",
        "# model.fit(x_train, y_train, "
        f"batch_size={recipe.training.batch_size}, epochs={recipe.training.epochs}, validation_split={recipe.data.validation})",
        "",
    ]
    return "\n".join(lines)


def _call(module: str, thing: Any) -> str:
    """Write the call that makes a Keras object, from its configuration."""
    config = thing.get_config()
    arguments = []
    for name, parameter in inspect.signature(type(thing).__init__).parameters.items():
        # A layer's name and number type are Keras' own choice unless the recipe says otherwise.
        if name in ("self", "name", "dtype", "data_format", "seed") or name not in config:
            continue
        value = _plain(config[name])
        if name == "strides" and value == _plain(config.get("pool_size")):  # what pooling does by itself
            continue
        if parameter.default is parameter.empty:
            arguments.append(repr(value))
        elif not _same(value, parameter.default):
            arguments.append(f"{name}={_double_quoted(value)}")
    return f"{module}.{type(thing).__name__}({', '.join(arguments)})"


def _double_quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _plain(value: Any) -> Any:
    """Shorten what Keras spells out: (3, 3) to 3, {'class_name': 'GlorotUniform', …} to its name."""
    if isinstance(value, dict) and "class_name" in value:
        return value["class_name"]
    if isinstance(value, (list, tuple)) and value and all(item == value[0] for item in value):
        return value[0]
    return tuple(value) if isinstance(value, list) else value


def _same(value: Any, default: Any) -> bool:
    """Compare a serialized value with a constructor's default, which may be written otherwise."""
    if isinstance(value, str) and isinstance(default, str):
        return value.replace("_", "").lower() == default.replace("_", "").lower()
    return bool(value == _plain(default)) or (value == "linear" and default is None)


def _training_object(module: str, described: KerasObject) -> str:
    import keras

    kind = find_class(getattr(keras, module), described.class_name)
    arguments = ", ".join(f"{name}={_nested_call(name, value)}" for name, value in described.arguments.items())
    return f"keras.{module}.{kind.__name__}({arguments})"


def _nested_call(name: str, value: Any) -> str:
    if not isinstance(value, dict) or "class_name" not in value:
        return repr(value)
    import keras

    inner = {key: repr(item) for key, item in value.items() if key != "class_name"}
    if name != "learning_rate":
        return f"keras.{value['class_name']}({', '.join(f'{key}={item}' for key, item in inner.items())})"
    schedule = getattr(keras.optimizers.schedules, value["class_name"])
    if "decay_steps" in inspect.signature(schedule).parameters:
        inner.setdefault("decay_steps", "total_steps")
    return f"keras.optimizers.schedules.{schedule.__name__}({', '.join(f'{key}={item}' for key, item in inner.items())})"
