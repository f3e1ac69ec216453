"""Files that call themselves models and would do harm: each published way around Keras' safe mode, and bombs.

Re-created from their descriptions. `write(folder)` writes all of them; what each would do is in its name.
"""

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

CANARY = "canary"
"""Name of the file that code in them would write into the working folder."""
Change = Callable[[dict[str, Any]], None]


class Writing:
    """A pickle of it writes the canary when it is read."""

    def __reduce__(self) -> tuple:
        return (open, (CANARY, "w"))


def good_file(path: Path) -> Path:
    """Save a small network with its optimizer."""
    network = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, activation="relu", name="first"), keras.layers.Dense(2)]
    )
    network.compile("adam", "mse")
    network.train_on_batch(np.ones((2, 4)), np.ones((2, 2)))
    network.save(path)
    return path


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, members: list[tuple[Any, bytes]], compress: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compress) as archive:
        for name, content in members:
            archive.writestr(name, content)


def layer(class_name: str, module: Any = "keras.layers", registered: Any = None, **config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered}


def function(name: Any, module: Any) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": str(name)}


CODE = {"class_name": "__lambda__", "config": {"value": ["4wEAAAA=", None, None]}}
LAMBDA = layer("Lambda", name="l", function=CODE)


def with_layer(its: dict[str, Any]) -> Change:
    return lambda config: config["config"]["layers"].insert(1, its)


def with_activation(its: Any) -> Change:
    return lambda config: config["config"]["layers"][1]["config"].update(activation=its)


def with_units(units: int) -> Change:
    return lambda config: config["config"]["layers"][1]["config"].update(units=units)


def compiled_with(**its: Any) -> Change:
    return lambda config: config["compile_config"].update(its)


def inside(its: dict[str, Any]) -> dict[str, Any]:
    return layer("TimeDistributed", layer=layer("TimeDistributed", layer=its))


CONSTANT = {"args": [{"class_name": "__tensor__", "config": {"value": [[1.0]], "dtype": "float32"}}], "kwargs": {}}
"""A call that gets nothing of the network's."""
CHANGES: dict[str, Change] = {
    "lambda": with_layer(LAMBDA),
    "lambda of a named function": with_layer(layer("Lambda", function=function("system", "os"))),
    "lambda by its inner module": with_layer(layer("Lambda", "keras.src.layers.core.lambda_layer", function=CODE)),
    "lambda without a module": with_layer({"class_name": "Lambda", "config": {"function": CODE}}),
    "lambda within wrappers": with_layer(inside(LAMBDA)),
    "lambda within a network": with_layer(layer("Sequential", "keras", layers=[LAMBDA])),
    "lambda as activation": with_activation(CODE),
    "lambda as loss": compiled_with(loss=CODE),
    "lambda as metric": compiled_with(metrics=[CODE]),
    "lambda as initializer": lambda config: config["config"]["layers"][1]["config"].update(kernel_initializer=CODE),
    "CVE-2025-1550 os.system": with_activation(function("system", "os")),
    "CVE-2025-1550 Popen": with_layer(layer("Popen", "subprocess", args="touch canary", shell=True)),
    "CVE-2025-1550 exec": with_activation(function("exec", "builtins")),
    "CVE-2025-1550 import of a module": with_layer(layer("Anything", "antigravity")),
    "CVE-2025-8747 get_file": with_layer(layer("Lambda", function=function("get_file", "keras.utils"))),
    "CVE-2025-8747 get_file as activation": with_activation(function("get_file", "keras.utils")),
    "CVE-2025-8747 load_model": with_activation(function("load_model", "keras.models")),
    "CVE-2025-9906 unsafe deserialization": with_activation(function("enable_unsafe_deserialization", "keras.config")),
    "CVE-2025-9906 by its inner module": with_activation(
        function("enable_unsafe_deserialization", "keras.src.saving.serialization_lib")
    ),
    "TFSMLayer": with_layer(layer("TFSMLayer", filepath="/tmp")),
    "TorchModuleWrapper": with_layer(layer("TorchModuleWrapper", module="gASV")),
    "JaxLayer": with_layer(layer("JaxLayer", call_fn=CODE)),
    "FlaxLayer": with_layer(layer("FlaxLayer", module=CODE)),
    "typespec": with_activation(
        {"class_name": "__typespec__", "spec_name": "x", "module": "os", "registered_name": None, "config": [[1]]}
    ),
    "class of another package": with_layer(layer("ndarray", "numpy")),
    "utility of Keras": with_layer(layer("Progbar", "keras.utils", target=3)),
    "module of Keras that is not loaded": with_layer(layer("Layer", "keras.src.legacy.evil")),
    "registered class": with_layer(layer("Evil", "builtins", "evil>Evil")),
    "registered name of a known class": with_layer(layer("Dense", "keras.layers", "evil>Dense", units=1)),
    "no module": with_layer(layer("Evil", None)),
    "a layer of a billion units": with_units(10**9),
    "two layers of a million units": lambda config: (
        [its["config"].update(units=10**6) for its in config["config"]["layers"][1:]] and None
    ),
    "an embedding of everything": with_layer(layer("Embedding", input_dim=2**31, output_dim=64)),
    "negative units": with_units(-5),
    "no such argument": lambda config: config["config"]["layers"][1]["config"].update(evil=1),
    "batches of millions": lambda config: config["config"]["layers"][0]["config"].update(batch_shape=[2**26, 4]),
    "a network that computes when it is read": with_layer(
        layer("Functional", "keras", name="f", layers=[{**layer("RepeatVector", n=2**28), "inbound_nodes": [CONSTANT]}])
    ),
    "a value that is no table": with_activation({"class_name": "__tensor__", "config": "x"}),
    "a call of what has a list for a class": with_layer(
        {**layer("Dense", name="d", units=1), "inbound_nodes": [{"args": [{"class_name": ["a"]}]}]}
    ),
    "a class that is a list": lambda config: config.update(class_name=["Sequential"]),
}
"""What is done to `config.json`."""


def _packings(members: dict[str, bytes]) -> dict[str, Callable[[Path], None]]:
    """Ways of packing: each writes a file."""
    whole = list(members.items())
    config = members["config.json"]

    def link(name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o120777 << 16
        return info

    def without(name: str) -> list[tuple[Any, bytes]]:
        return [(its, content) for its, content in whole if its != name]

    def instead(name: str, content: bytes, compress: int = zipfile.ZIP_STORED) -> Callable[[Path], None]:
        return lambda path: pack(path, [*without(name), (name, content)], compress)

    def beside(name: Any, content: bytes = b"x", compress: int = zipfile.ZIP_STORED) -> Callable[[Path], None]:
        return lambda path: pack(path, [*whole, (name, content)], compress)

    deep = b"[" * 100_000 + b"]" * 100_000
    return {
        "up": beside("../../evil"),
        "up within assets": beside("assets/../../evil"),
        "absolute": beside("/tmp/evil"),
        "backslashes": beside("assets\\..\\..\\evil"),
        "drive": beside("C:evil"),
        "link": beside(link("assets/link"), b"/etc/passwd"),
        "twice": lambda path: _twice(path, whole, config),
        "twice but for the case": beside("Config.json", config),
        "program": beside("evil.py", b"open('canary', 'w')"),
        "pickle within": beside("model.weights.pkl", pickle.dumps(Writing())),
        "weights as npz": lambda path: pack(path, [*without("model.weights.h5"), ("model.weights.npz", b"x")]),
        "deep config": instead("config.json", deep),
        "deep config of objects": instead("config.json", b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
        "large config": instead("config.json", b" " * 40_000_000, zipfile.ZIP_DEFLATED),
        "config that is no JSON": instead("config.json", b"{"),
        "config that is a number": instead("config.json", b"7"),
        "no config": lambda path: pack(path, without("config.json")),
        "no weights": lambda path: pack(path, without("model.weights.h5")),
        "weights that are a bomb": instead("model.weights.h5", bytes(60_000_000), zipfile.ZIP_DEFLATED),
        "asset that is a bomb": beside("assets/a.txt", bytes(60_000_000), zipfile.ZIP_DEFLATED),
        "other compression": beside("assets/a.txt", b"x", zipfile.ZIP_BZIP2),
        "very many members": lambda path: pack(path, [*whole, *((f"assets/{i}", b"") for i in range(20_000))]),
        "encrypted": lambda path: _flag(path, whole, 0x1),
        "weights of nonsense": instead("model.weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(100)),
        **{f"weights with {kind}": instead("model.weights.h5", content) for kind, content in _evil_weights().items()},
    }


def _twice(path: Path, whole: list[tuple[Any, bytes]], config: bytes) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pack(path, [*whole, ("config.json", config)])


def _flag(path: Path, whole: list[tuple[Any, bytes]], flag: int) -> None:
    pack(path, whole)
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    content[place + 8] |= flag
    path.write_bytes(content)


def _evil_weights() -> dict[str, bytes]:
    def made(fill: Callable[[h5py.File], object]) -> bytes:
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            fill(file)
        return buffer.getvalue()

    def virtual(file: h5py.File) -> None:
        layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(4,))
        file.create_virtual_dataset("x", layout)

    return {
        "a shape that is a bomb": made(
            lambda file: file.create_dataset("x", (2**28,), "f4", chunks=(2**20,), compression="gzip")
        ),
        "many shapes that are a bomb together": made(
            lambda file: [file.create_dataset(f"x{n}", (2**17,), "f4", chunks=(2**17,)) for n in range(300)]
        ),
        "a link to another file": made(lambda file: file.__setitem__("x", h5py.ExternalLink("/etc/passwd", "/x"))),
        "a soft link": made(lambda file: file.__setitem__("x", h5py.SoftLink("/y"))),
        "numbers of another file": made(
            lambda file: file.create_dataset("x", (4,), "f4", external=[("/etc/passwd", 0, 16)])
        ),
        "a virtual dataset": made(virtual),
    }


def _others() -> dict[str, bytes]:
    legacy = io.BytesIO()
    with h5py.File(legacy, "w") as file:
        file.attrs["model_config"] = "{}"
    return {
        "pickle": pickle.dumps(Writing()),
        "old pickle": pickle.dumps(Writing(), 2),
        "HDF5 of Keras 2": legacy.getvalue(),
        "nothing": b"",
        "text": b"import os",
        "end of an archive only": b"PK\x05\x06" + bytes(18),
    }


def write(folder: Path) -> dict[str, Path]:
    """Write all files; return them by what is wrong with them."""
    members = members_of(good_file(folder / "good.keras"))
    found = {}

    def place(name: str) -> Path:
        found[name] = folder / f"{len(found)}.keras"
        return found[name]

    for name, change in CHANGES.items():
        config = json.loads(members["config.json"])
        change(config)
        pack(place(name), list({**members, "config.json": json.dumps(config).encode()}.items()))
    for name, packing in _packings(members).items():
        packing(place(name))
    for name, content in _others().items():
        place(name).write_bytes(content)
    return found
