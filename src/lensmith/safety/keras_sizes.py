"""How much memory a `.keras` file would take, before Keras gives it any."""

import io
import math
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lensmith.errors import UnsafeFile

WEIGHTS = "model.weights.h5"
SPARE_BYTES = 2**20
"""What variables may take beyond what the file holds for them: seeds, and counters that are not saved."""
MOST_NUMBERS = 2**28
"""Of one input."""
LARGEST_BATCH = 4096
KERAS_TENSOR = "__keras_tensor__"
VALUES = (KERAS_TENSOR, "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__")
"""What Keras writes of values that are no objects of a class."""
DTYPES = (
    "bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bfloat16",
)  # fmt: skip


def described(value: Any) -> Iterator[dict[str, Any]]:
    """Go through all that describes an object, at any depth."""
    waiting = [value]
    while waiting:
        its = waiting.pop()
        if isinstance(its, dict):
            if "class_name" in its:
                yield its
            waiting += its.values()
        elif isinstance(its, list):
            waiting += its


def nodes_of(layer: dict[str, Any]) -> list[Any]:
    """List a layer's calls as it is described: each with the tensors that it gets."""
    nodes = layer.get("inbound_nodes")
    return nodes if isinstance(nodes, list) else []


def _bytes_of_weights(archive: zipfile.ZipFile, path: Path) -> int:
    """Add up what the weights will take in memory; refuse what lies elsewhere, or is said to be more than it is."""
    import h5py

    declared = stored = 0
    try:
        with h5py.File(io.BytesIO(archive.read(WEIGHTS)), "r") as weights:
            for where, its in _datasets(weights, path):
                if its.external or its.is_virtual:
                    raise UnsafeFile(f"{where} lies in another file.")
                declared += math.prod(its.shape or ()) * its.dtype.itemsize
                stored += its.id.get_storage_size()
                if declared > stored + SPARE_BYTES:
                    raise UnsafeFile(f"{where} would grow: {stored:,} bytes are stored up to it, for {declared:,}.")
        return declared
    except (OSError, RuntimeError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UnsafeFile(f"{path}: {WEIGHTS} cannot be read: {error}") from None


def _datasets(weights: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Go through the groups of an HDF5 file, each once, and refuse every kind of link."""
    import h5py

    waiting, seen = [("", weights)], set()
    while waiting:
        name, group = waiting.pop()
        for key in group:
            where = f"{path}: in {WEIGHTS}, {name}/{key}"
            if group.get(key, getclass=True, getlink=True) is not h5py.HardLink:
                raise UnsafeFile(f"{where} is a link.")
            its = group[key]
            address = h5py.h5o.get_info(its.id).addr
            if address in seen:
                raise UnsafeFile(f"{where} is there under two names.")
            seen.add(address)
            if isinstance(its, h5py.Group):
                waiting.append((f"{name}/{key}", its))
            else:
                yield where, its


def check_size(config: Any, archive: zipfile.ZipFile, path: Path) -> None:
    """Build the network without memory for its variables, and compare what they would take with what there is.

    Args:
        config: What `config.json` holds; only what may be built without harm.
        archive: The file, open.
        path: Of the file, for messages.

    Raises:
        UnsafeFile: The network would take more memory than the file holds weights, or cannot be built.
    """
    weights = _bytes_of_weights(archive, path)
    _check_shapes(config, path)
    try:
        # In a thread of its own: what Keras remembers of variables without values ends with it.
        with ThreadPoolExecutor(1) as alone:
            needed = alone.submit(_bytes_of_variables, _simplified(config)).result()
    except Exception as error:  # every layer has its own way to refuse what it is given
        raise UnsafeFile(f"{path} describes a network that cannot be built: {str(error)[:300]}") from None
    if needed > weights + SPARE_BYTES:
        raise UnsafeFile(f"{path} describes a network of {needed:,} bytes and holds {weights:,} of weights.")


def _check_shapes(value: Any, path: Path) -> None:
    """Refuse images and features so large that a layer would fill the memory when it is made for them."""
    waiting = [value]
    while waiting:
        its = waiting.pop()
        if isinstance(its, list):
            waiting += its
        if not isinstance(its, dict):
            continue
        waiting += its.values()
        for name, shape in its.items():
            sides = [side for side in shape if isinstance(side, int)] if isinstance(shape, list) else []
            if name.endswith("shape") and math.prod(map(abs, sides)) > MOST_NUMBERS:
                raise UnsafeFile(f"{path} is for inputs of the shape {shape}.")
            # Layers that remember from batch to batch have a state for every image of one.
            if name.startswith("batch") and sides and shape[0] is not None and sides[0] > LARGEST_BATCH:
                raise UnsafeFile(f"{path} is for batches of {sides[0]:,} images.")
        config = its.get("config")
        kind = str(config.get("dtype", "float32")) if isinstance(config, dict) else "float32"
        if its.get("class_name") in VALUES and kind not in DTYPES:
            raise UnsafeFile(f"{path} holds values of the type {kind}.")


def _simplified(value: Any) -> Any:
    """Take out what needs variables that have a value: how networks were compiled, and states between batches."""
    if isinstance(value, list):
        return [_simplified(its) for its in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _simplified(its) for name, its in value.items() if name != "compile_config"}
    return kept | ({"stateful": False} if "stateful" in kept else {})


def _bytes_of_variables(config: Any) -> int:
    import keras

    with keras.StatelessScope(initialize_variables=False):
        model = keras.saving.deserialize_keras_object(config, safe_mode=True)
        return sum(math.prod(its.shape) * _itemsize(its) for its in model.variables)


def _itemsize(variable: Any) -> int:
    import keras
    import numpy as np

    name = keras.backend.standardize_dtype(variable.dtype)
    if name == "bfloat16":
        return 2
    return 1 if name.startswith(("float8", "int4", "uint4")) else int(np.dtype(name).itemsize)
