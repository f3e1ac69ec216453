"""Look into a `.keras` file before Keras does: what it is made of, and what would come of it."""

import zipfile
from pathlib import Path
from typing import Any

from lensmith.errors import UnsafeFile
from lensmith.safety.jsons import parse_json
from lensmith.safety.keras_sizes import KERAS_TENSOR, VALUES, WEIGHTS, check_size, described, nodes_of
from lensmith.safety.zips import check_zip

CONFIG, METADATA = "config.json", "metadata.json"
MOST_LAYERS = 10_000

REFUSED = {
    "Lambda": "it holds code",
    "TFSMLayer": "it runs a TensorFlow program",
    "TorchModuleWrapper": "it holds a pickled PyTorch module",
    "JaxLayer": "it holds code",
    "FlaxLayer": "it holds code",
}
"""Layers that may hold code, and why they are refused."""
_MODULES = (
    "keras", "keras.activations", "keras.constraints", "keras.dtype_policies", "keras.initializers", "keras.layers",
    "keras.losses", "keras.metrics", "keras.models", "keras.optimizers", "keras.optimizers.schedules",
    "keras.quantizers", "keras.random", "keras.regularizers",
)  # fmt: skip
"""Where classes and functions may come from by their public names."""
_FUNCTION_MODULES = ("keras.activations", "keras.losses", "keras.metrics")


def check_keras_file(path: Path) -> None:
    """Refuse a file that could run code, reach for other files or fill the memory when Keras reads it.

    What its metrics and optimizer would take in memory is not looked at: it must be read with `compile=False`.

    Args:
        path: The file. Keras must have been started.

    Raises:
        UnsafeFile: The message names what is in it and why that is refused.
    """
    _check_kind(path)
    members = {member.filename: member for member in check_zip(path, _belongs)}
    for name in (CONFIG, METADATA, WEIGHTS):
        if name not in members:
            raise UnsafeFile(f"{path} has no {name}, so it is no model that Keras has saved.")
    with zipfile.ZipFile(path) as archive:
        try:
            config = parse_json(archive.read(CONFIG), f"{path}: {CONFIG}")
        except (ValueError, RecursionError, zipfile.BadZipFile) as error:
            raise UnsafeFile(f"{path}: {CONFIG} cannot be read: {error}") from None
        _check_objects(config, path)
        check_size(config, archive, path)


def _check_kind(path: Path) -> None:
    """Tell by its first bytes what is no `.keras` file but called one."""
    with path.open("rb") as file:
        start = file.read(8)
    for magic, what in (
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras 2 wrote them"),
        (b"\x80", "a pickle, which runs code when it is read"),
    ):
        if start.startswith(magic):
            raise UnsafeFile(
                f"{path} is {what}. Load it where you trust it, and save it anew: model.save('model.keras')."
            )


def _belongs(name: str) -> bool:
    return name in (CONFIG, METADATA, WEIGHTS) or name.startswith("assets/")


def _check_objects(config: Any, path: Path) -> None:
    count = 0
    for its in described(config):
        name, module, count = str(its["class_name"]), its.get("module"), count + 1
        why = REFUSED.get(name, "")
        if not why and not _is_known(name, module, its):
            why = "it is none of Keras' own that hold no code"
        if why:
            raise UnsafeFile(f"{path} holds {_shown(name, module, its)}: {why}.")
        if count > 10 * MOST_LAYERS:
            raise UnsafeFile(f"{path} describes more than {10 * MOST_LAYERS:,} objects.")
        if any(KERAS_TENSOR not in {str(each["class_name"]) for each in described(node)} for node in nodes_of(its)):
            raise UnsafeFile(f"{path} has {_shown(name, module, its)} compute something of constants when it is read.")


def _shown(name: str, module: Any, its: dict[str, Any]) -> str:
    where = f" of {module}" if module else ""
    return f"the function {its.get('config')}{where}" if name == "function" else f"{name}{where}"


def _is_known(name: str, module: Any, its: dict[str, Any]) -> bool:
    if name in VALUES:
        return True
    if name == "function":
        return _is_known_function(str(its.get("config")), module)
    registered = its.get("registered_name")
    if registered not in (None, name) or not isinstance(module, str):
        return False
    return _is_class(_find(name, module))


def _find(name: str, module: str) -> Any:
    """Find what is already loaded; nothing is imported because a file says so."""
    import importlib
    import sys

    if module in _MODULES:
        return getattr(importlib.import_module(module), name, None)
    if module.startswith("keras.src."):
        return vars(sys.modules[module]).get(name) if module in sys.modules else None
    return None


def _is_class(found: Any) -> bool:
    """Tell whether it is one of the kinds of object that a network is made of, Keras' own, and holds no code."""
    import keras

    kinds = (
        keras.Operation, keras.Initializer, keras.Regularizer, keras.constraints.Constraint, keras.optimizers.Optimizer,
        keras.optimizers.schedules.LearningRateSchedule, keras.Loss, keras.Metric, keras.DTypePolicy,
        keras.random.SeedGenerator, *(its for its in vars(keras.quantizers).values() if isinstance(its, type)),
    )  # fmt: skip
    own = isinstance(found, type) and found.__module__.startswith("keras.src.")
    return own and issubclass(found, kinds) and found.__name__ not in REFUSED


def _is_known_function(name: str, module: Any) -> bool:
    import importlib

    modules = _FUNCTION_MODULES if module == "builtins" else [its for its in _FUNCTION_MODULES if its == module]
    return name not in ("get", "serialize", "deserialize") and any(
        hasattr(importlib.import_module(its), name) for its in modules
    )
