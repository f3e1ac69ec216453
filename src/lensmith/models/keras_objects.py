"""Make any Keras layer, optimizer, loss or metric from its name and arguments, through Keras' own `deserialize`."""

import inspect
import operator
import re
from collections.abc import Mapping
from typing import Any

from lensmith.errors import RecipeError, did_you_mean

# Layers that run code a recipe could smuggle in, or that exist on one backend only.
REFUSED_LAYERS = {"Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"}

# Where the objects come from that other Keras objects take as arguments.
NESTED_MODULES = ("optimizers.schedules", "initializers", "regularizers", "constraints", "layers", "losses")


def make_keras_object(module: str, class_name: str, arguments: Mapping[str, Any], where: str) -> Any:
    """Make an object of a class that Keras names.

    Args:
        module: The public Keras module: `layers`, `optimizers`, `losses` or `metrics`.
        class_name: Such as `Conv2D`; Keras' short names (`adam`) work where Keras has them.
        arguments: Of that class; a table with a `class_name` in it is an object too, such as a schedule.
        where: The key in the recipe, for messages.

    Raises:
        RecipeError: Keras has no such class, or the class does not take these arguments; with the nearest name.
    """
    import keras

    namespace = getattr(keras, module)
    kind = find_class(namespace, class_name)
    if kind is None or class_name in REFUSED_LAYERS:
        known = [name for name, value in vars(namespace).items() if inspect.isclass(value) and name not in REFUSED_LAYERS]
        raise RecipeError(f"{where}: keras.{module} has no {class_name!r} that a recipe may use.{did_you_mean(class_name, known)}")
    config = {name: _nested(value) for name, value in arguments.items()}
    try:
        return keras.saving.deserialize_keras_object(_serialized(f"keras.{module}", kind.__name__, _complete(kind, config)))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise RecipeError(f"{where}, {kind.__name__}: {_explain(error)}") from None


def find_class(namespace: Any, class_name: str) -> Any:
    """Find a class in a Keras module by its name, or by the snake case of it, as Keras' strings allow."""
    found = getattr(namespace, class_name, None)
    if inspect.isclass(found):
        return found
    wanted = class_name.replace("_", "").lower()
    classes = {name.lower(): value for name, value in vars(namespace).items() if inspect.isclass(value)}
    return classes.get(wanted)


def _nested(value: Any) -> Any:
    """Write a table with a `class_name` as Keras' serialization has it."""
    if isinstance(value, list):
        return [_nested(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    inner = {name: _nested(item) for name, item in value.items() if name != "class_name"}
    if "class_name" not in value:
        return inner
    return _serialized(_module_of(value["class_name"]), value["class_name"], inner)


def _serialized(module: str, class_name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def _module_of(class_name: str) -> str:
    """Find the public Keras module a class used as an argument comes from."""
    import keras

    for module in NESTED_MODULES:
        if hasattr(operator.attrgetter(module)(keras), class_name):
            return f"keras.{module}"
    raise ValueError(f"Keras has no class {class_name!r} to use as an argument")


def _complete(kind: Any, config: dict[str, Any]) -> dict[str, Any]:
    """Refuse what Keras would only name badly: arguments that do not exist or are missing."""
    parameters = {name: its for name, its in inspect.signature(kind.__init__).parameters.items() if name != "self"}
    known = {name for name, its in parameters.items() if its.kind is its.POSITIONAL_OR_KEYWORD or its.kind is its.KEYWORD_ONLY}
    if any(its.kind is its.VAR_KEYWORD for its in parameters.values()):
        known |= {"name", "dtype", "trainable"}
    for name in config:
        if name not in known:
            raise ValueError(f"it takes no argument {name!r}.{did_you_mean(name, known)}")
    missing = [name for name, its in parameters.items() if name in known and its.default is its.empty and name not in config]
    if missing:
        raise ValueError(f"it needs {', '.join(missing)}")
    return config


def _explain(error: Exception) -> str:
    message = str(error).split("Exception encountered:")[-1]
    return re.sub(r"\s+", " ", message).strip()[:300]
