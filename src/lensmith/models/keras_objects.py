"""Make any Keras layer, optimizer, loss or metric from its name and arguments; Keras judges them."""

import importlib
import inspect
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from lensmith.errors import RecipeError, did_you_mean

REFUSED_LAYERS = {
    "FlaxLayer": "it works on one backend only",
    "InputLayer": "the images are the network's input",
    "JaxLayer": "it works on one backend only",
    "Lambda": "it holds code, which comes from Python only",
    "TFSMLayer": "it works on one backend only",
    "TorchModuleWrapper": "it works on one backend only",
}
"""Layers that no recipe may use, and why."""

_OF_OURS = {
    "initializers": "lensmith.pieces.initializers",
    "layers": "lensmith.pieces.layers",
    "optimizers": "lensmith.pieces.optimizers",
    "optimizers.schedules": "lensmith.pieces.schedules",
}
"""Where classes are that are named like those of a Keras module, and found before them."""

# Several modules have classes of the same name, so the argument an object is for decides, by its last word.
_MODULE_OF_ARGUMENT = {
    "constraint": "constraints",
    "initializer": "initializers",
    "loss": "losses",
    "optimizer": "optimizers",
    "rate": "optimizers.schedules",
    "regularizer": "regularizers",
}


def make_keras_object(module: str, class_name: str, arguments: Mapping[str, Any], where: str) -> Any:
    """Make an object of a class that Keras names.

    The class is called, not deserialized: `from_config` of some layers wants what their constructor does not.

    Args:
        module: The public Keras module: `layers`, `optimizers`, `losses` or `metrics`.
        class_name: Such as `Conv2D`; Keras' short names (`adam`) work where Keras has them.
        arguments: Of that class; a table with a `class_name` in it is an object too, such as a schedule.
        where: The key in the recipe, for messages.

    Raises:
        RecipeError: Keras has no such class, or the class does not take these arguments: the message has
            the nearest name.
    """
    kind = require_class(module, class_name, where)
    problem = argument_problem(kind, arguments)
    if problem:
        raise RecipeError(f"{where}, {kind.__name__}: {problem}")
    made = {name: _made(name, value, f"{where}.{name}") for name, value in arguments.items()}
    try:
        return kind(**made)
    except Exception as error:  # every class has its own way to refuse
        raise RecipeError(f"{where}, {kind.__name__}: {explain_refusal(error, arguments)}") from None


def find_class(module: str, class_name: str) -> Any:
    """Find a class in a Keras module, or among ours for it, by its name, the snake case of it, or Keras' short name.

    Returns:
        The class, or `None` if there is none.
    """
    known = _classes(module)
    if class_name in known:
        return known[class_name]
    namespace = _namespace(module)
    classes = {name.lower(): value for name, value in known.items()}
    wanted = class_name.replace("_", "").lower()
    if wanted not in classes and hasattr(namespace, "get"):
        try:
            short = namespace.get(class_name)  # mse is a function of the name mean_squared_error
        except ValueError:
            return None
        wanted = getattr(short, "__name__", type(short).__name__).replace("_", "").lower()
    return classes.get(wanted)


def require_class(module: str, class_name: str, where: str) -> Any:
    """Find a class that a recipe may use.

    Args:
        module: The public Keras module, such as `layers`.
        class_name: As `find_class` takes it.
        where: The key in the recipe, for messages.

    Raises:
        RecipeError: There is none, with the nearest name; or no recipe may use it, and why.
    """
    kind = find_class(module, class_name)
    if kind is None:
        known = _classes(module).keys() - REFUSED_LAYERS.keys()
        raise RecipeError(f"{where}: keras.{module} has no {class_name!r}.{did_you_mean(class_name, known)}")
    if kind.__name__ in REFUSED_LAYERS:
        raise RecipeError(f"{where}: a recipe may not use {kind.__name__}: {REFUSED_LAYERS[kind.__name__]}.")
    return kind


def leaves_decay_steps_open(schedule: Mapping[str, Any]) -> bool:
    """Tell whether a table describes a learning-rate schedule that lacks the `decay_steps` it needs."""
    kind = find_class("optimizers.schedules", str(schedule.get("class_name")))
    return kind is not None and "decay_steps" in parameters_of(kind).keys() - schedule.keys()


def module_of_argument(name: str) -> str:
    """Name the public Keras module that objects for an argument come from."""
    return _MODULE_OF_ARGUMENT.get(name.rpartition("_")[2], "layers")


def parameters_of(function: Any) -> dict[str, inspect.Parameter]:
    """Return the parameters that a function or a class takes by name, those of every layer last."""
    import keras

    # Classes of Keras have a __new__ that takes anything, so only __init__ says what they take.
    called = function.__init__ if inspect.isclass(function) else function
    parameters = inspect.signature(called).parameters
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    own = {name: its for name, its in parameters.items() if its.kind in named and name != "self"}
    passes_on = any(its.kind is its.VAR_KEYWORD for its in parameters.values())
    if passes_on and _is_layer(function) and function is not keras.layers.Layer:
        shared = parameters_of(keras.layers.Layer)
        own |= {name: its for name, its in shared.items() if name not in own}
    return own


def argument_problem(function: Callable[..., Any], arguments: Mapping[str, Any], given: int = 0) -> str:
    """Say which argument a class or function does not have, or which it misses; empty when all is well.

    Args:
        function: The class or function.
        arguments: To be passed by name.
        given: How many others come before them, by position.
    """
    known = dict(list(parameters_of(function).items())[given:])
    for name in arguments:
        if name not in known:
            return f"it takes no argument {name!r}.{did_you_mean(name, known)}"
    missing = [name for name, its in known.items() if its.default is its.empty and name not in arguments]
    return f"it needs {', '.join(missing)}." if missing else ""


def explain_refusal(error: Exception, arguments: Mapping[str, Any] | None = None) -> str:
    """Put an exception of Keras' into one line, with the arguments where it does not name the value."""
    # What a layer raises when it is called comes wrapped in a report of the call.
    message = re.split(r"Exception encountered[^:]*?\.call\(\)\.|Exception encountered:", str(error))[-1]
    message = re.sub(r"\x1b\[\d*m", "", message.split("Arguments received by")[0])
    line = re.sub(r"\s+", " ", message).strip()[:300] or type(error).__name__
    if isinstance(error, ValueError) or not arguments:
        return line
    return f"{line} (given: {', '.join(f'{name} = {value!r}' for name, value in arguments.items())})"


def _made(name: str, value: Any, where: str) -> Any:
    if isinstance(value, list):
        return [_made(name, item, f"{where}.{place}") for place, item in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: _made(key, item, f"{where}.{key}") for key, item in value.items()}
    arguments = {key: item for key, item in value.items() if key != "class_name"}
    return make_keras_object(module_of_argument(name), str(value["class_name"]), arguments, where)


def _namespace(module: str) -> Any:
    import keras

    return operator.attrgetter(module)(keras)


def _classes(module: str) -> dict[str, Any]:
    found = {name: its for name, its in vars(_namespace(module)).items() if inspect.isclass(its)}
    if module in _OF_OURS:
        ours = vars(importlib.import_module(_OF_OURS[module])).values()
        found |= {its.__name__: its for its in ours if inspect.isclass(its) and its.__module__ == _OF_OURS[module]}
    return found


def _is_layer(function: Any) -> bool:
    import keras

    return inspect.isclass(function) and issubclass(function, keras.layers.Layer)
