"""Print a network as Keras code, ready to paste into a notebook."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lensmith.config import Recipe
from lensmith.models.build import adapting
from lensmith.models.keras_objects import (
    leaves_decay_steps_open,
    module_of_argument,
    parameters_of,
    require_class,
)

_TOTAL_STEPS = "total_steps = 10_000  # epochs * training images / batch size"


def to_python(model: Any, recipe: Recipe) -> str:
    """Write the code that builds and compiles a network like `model`.

    Only arguments that differ from Keras' defaults are written.

    Args:
        model: A built `keras.Sequential`.
        recipe: For the training settings.

    Returns:
        A whole program: `model` in it has the same layers, shapes and number of parameters.
    """
    training = recipe.training
    optimizer = _described("optimizers", training.optimizer.model_dump())
    loss = _described("losses", training.loss.model_dump())
    metrics = ['"accuracy"', *(_described("metrics", metric.model_dump()) for metric in training.metrics)]
    layers = [f"    {_call(layer)}," for layer in model.layers]
    ours = sorted(set(re.findall(r"lensmith\.(?:pieces|models)\.\w+", "\n".join([*layers, optimizer]))))
    lines = [
        f'"""{_quoted(recipe.description or recipe.name)[1:-1]}"""',
        "",
        "import keras",
        *(f"import {module}" for module in ours),
        "from keras import layers",
        *(["", _TOTAL_STEPS] if "total_steps" in optimizer else []),
        "",
        "# Pixels go in raw, 0 to 255.",
        "model = keras.Sequential([",
        f"    keras.Input({tuple(model.input_shape[1:])!r}),",
        *layers,
        "])",
        *(
            f"# Before training: model.layers[{place}].adapt(some thousand images as they come into it)"
            for place, layer in enumerate(model.layers)
            if isinstance(layer, adapting())
        ),
        "model.compile(",
        f"    optimizer={optimizer},",
        f"    loss={loss},",
        f"    metrics=[{', '.join(metrics)}],",
        ")",
        "model.summary()",
        f"# Labels are {'integers' if '.Sparse' in loss else 'one-hot rows'}.",
        f"# model.fit(x_train, y_train, batch_size={training.batch_size}, epochs={math.ceil(training.epochs)}, "
        f"validation_split={recipe.data.validation})",
        "",
    ]
    return "\n".join(lines)


def _call(thing: Any) -> str:
    """Write the call that makes a Keras object; Keras itself says what may be left out or shortened."""
    import keras

    if isinstance(thing, keras.Model):
        return _network(thing)
    kind, config = _printed(type(thing)), thing.get_config()
    parameters = parameters_of(kind)
    arguments = {name: _revived(name, value) for name, value in config.items() if name in parameters}
    for name in list(arguments):
        shorter = (its for its in _shorter(arguments, name) if _gives(kind, its, config))
        arguments = next(shorter, arguments)
    required = [name for name, its in parameters.items() if its.default is its.empty and name in arguments]
    written = [_literal(arguments.pop(name)) for name in required]
    written += [f"{name}={_literal(value)}" for name, value in arguments.items()]
    return f"{_module(thing, kind)}.{kind.__name__}({', '.join(written)})"


def _network(model: Any) -> str:
    """Write the call that makes a network within the network, which is known by its name."""
    import keras

    shape = tuple(model.input_shape[1:])
    known = {name.lower(): name for name in dir(keras.applications)}
    if model.name.lower() in known:
        name = known[model.name.lower()]
        return f'keras.applications.{name}(include_top=False, weights=None, input_shape={shape}, pooling="avg")'
    return f"lensmith.models.{model.name.rstrip('0123456789')}.backbone({shape})"


def _shorter(arguments: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """Yield shorter ways to write the arguments: without one, a class by its name, (3, 3) as 3."""
    value = arguments[name]
    yield {key: item for key, item in arguments.items() if key != name}
    if hasattr(value, "get_config"):
        yield arguments | {name: type(value).__name__}
    if isinstance(value, tuple) and value and all(item == value[0] for item in value):
        yield arguments | {name: value[0]}


def _gives(kind: Any, arguments: dict[str, Any], config: dict[str, Any]) -> bool:
    try:
        made = kind(**arguments).get_config()
        return bool(_without_number(made) == _without_number(config))
    except Exception:  # every class has its own way to refuse
        return False


def _without_number(config: dict[str, Any]) -> dict[str, Any]:
    """Take the number out of the name Keras gives a layer by itself, such as `conv2d_3`."""
    return config | {"name": re.sub(r"_\d+$", "", str(config.get("name")))}


def _revived(name: str, value: Any) -> Any:
    """Turn what a configuration holds into an argument: Keras spells objects out."""
    import keras

    if isinstance(value, dict) and "class_name" in value:
        return value["config"]["name"] if name == "dtype" else keras.saving.deserialize_keras_object(value)
    return [_revived(name, item) for item in value] if isinstance(value, list) else value


def _printed(kind: Any) -> Any:
    """Return Keras' own class where ours is the same but for its speed."""
    plain = getattr(kind, "PLAIN", kind)
    return plain if plain.__name__ == kind.__name__ else kind


def _module(thing: Any, kind: Any) -> str:
    import keras

    if kind.__module__.startswith("lensmith."):
        return str(kind.__module__)
    if kind is not type(thing):
        return "layers"
    module = str(keras.saving.serialize_keras_object(thing)["module"])
    return "layers" if module == "keras.layers" else module


def _literal(value: Any) -> str:
    if hasattr(value, "get_config"):
        return _call(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if hasattr(value, "tolist"):  # NumPy
        return repr(value.tolist())
    if value == 1 / 255:
        return "1 / 255"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _described(module: str, table: Mapping[str, Any]) -> str:
    """Write the call that makes what a table with a `class_name` describes."""
    kind = require_class(module, str(table["class_name"]), f"training.{module}")
    arguments = {key: _argument(key, value) for key, value in table.items() if key != "class_name"}
    if module == "optimizers.schedules" and leaves_decay_steps_open(table):
        warmup = table.get("warmup_steps", 0)
        arguments["decay_steps"] = f"total_steps - {warmup}" if warmup else "total_steps"
    written = ", ".join(f"{key}={value}" for key, value in arguments.items())
    where = kind.__module__ if kind.__module__.startswith("lensmith.") else f"keras.{module}"
    return f"{where}.{kind.__name__}({written})"


def _argument(name: str, value: Any) -> str:
    if isinstance(value, Mapping) and "class_name" in value:
        return _described(module_of_argument(name), value)
    if isinstance(value, list):
        return f"[{', '.join(_argument(name, item) for item in value)}]"
    return _literal(value)
