"""The data sets known by name: where they are looked for, and how their content is verified."""

import contextlib
import hashlib
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.data.arrays import read_npz
from lensmith.data.cache import lensmith_home
from lensmith.errors import DataError
from lensmith.registry import Registry

Arrays = dict[str, npt.NDArray[Any]]
ARRAY_ORDER = ("x_train", "y_train", "x_test", "y_test")

CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
CIFAR100_CLASSES = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl",
    "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair",
    "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin",
    "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp",
    "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
    "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck",
    "pine_tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road",
    "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
    "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television",
    "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf",
    "woman", "worm",
)  # fmt: skip


@dataclass(frozen=True)
class Builtin:
    """A data set known by name.

    Attributes:
        description: What it shows.
        images: Its size in words.
        class_names: K names in the order of the labels.
        content_hash: As `content_hash` computes it; empty where Keras' own hash is relied upon.
        make: Makes the arrays without a file; `None` when they are read or downloaded.
    """

    description: str
    images: str
    class_names: tuple[str, ...]
    content_hash: str = ""
    make: Callable[[], Arrays] | None = None


def _digits() -> Arrays:
    from sklearn.datasets import load_digits

    digits = load_digits()
    # Values are 0 to 16.
    return {"x_train": np.rint(digits.images * (255 / 16)).astype(np.uint8), "y_train": digits.target}


TEN_DIGITS = tuple("0123456789")
BUILTINS: Registry[Builtin] = Registry("data set", DataError)
for _name, _builtin in {
    "digits": Builtin("handwritten digits, from scikit-learn: no download", "1,797 of 8x8x1", TEN_DIGITS, make=_digits),
    "mnist": Builtin(
        "handwritten digits",
        "60,000 + 10,000 of 28x28x1",
        TEN_DIGITS,
        "2f6dc9b6c10f51819a845a7b909d9fe67f369d4207aa05ba0be846a5651a00e8",
    ),
    "fashion-mnist": Builtin(
        "clothes",
        "60,000 + 10,000 of 28x28x1",
        FASHION_CLASSES,
        "38d9d5b2bb26872d2d7a56f1fee029b1eb9ff4b25346ffe8fcbcb87e09ab7e83",
    ),
    "cifar10": Builtin(
        "animals and vehicles in colour",
        "50,000 + 10,000 of 32x32x3",
        CIFAR10_CLASSES,
        "810761cc3fb9c28abd482dab203907a100d02ba93b362a06e2adfad99a097a08",
    ),
    "cifar100": Builtin("a hundred kinds of things in colour", "50,000 + 10,000 of 32x32x3", CIFAR100_CLASSES),
}.items():
    BUILTINS.register(_name)(_builtin)


def content_hash(arrays: Arrays) -> str:
    """SHA-256 over name, shape and bytes of the four arrays, however the file was compressed.

    The bytes are those of `uint8` in C order.
    """
    digest = hashlib.sha256()
    for name in ARRAY_ORDER:
        values = np.ascontiguousarray(arrays[name], np.uint8)
        digest.update(name.encode())
        digest.update(str(values.shape).encode())
        digest.update(values.data)
    return digest.hexdigest()


def load_builtin(name: str) -> Arrays:
    """Load a data set by name: made, or from `$LENSMITH_DATA`, the cache, or Keras' download, in this order.

    Raises:
        DataError: The content is not what it should be, or there is no file and no network; the message says
            where to put the file by hand.
    """
    builtin = BUILTINS[name]
    if builtin.make:
        return builtin.make()
    for path in _places(name):
        if path.exists():
            return _read(path, builtin)
    arrays = _download(name)
    with contextlib.suppress(OSError):  # a full disk must not cost the data; Keras keeps a copy too
        _keep(arrays, lensmith_home() / "datasets" / f"{name}.npz")
    return arrays


def _read(path: Path, builtin: Builtin) -> Arrays:
    try:
        arrays = read_npz(path)
        _verify(arrays, builtin, str(path))
    except DataError as error:
        raise DataError(f"{error} Delete it, or put the right file in its place.") from None
    return arrays


def _places(name: str) -> list[Path]:
    folders = [lensmith_home() / "datasets"]
    if os.environ.get("LENSMITH_DATA"):
        folders.insert(0, Path(os.environ["LENSMITH_DATA"]))
    return [folder / f"{name}.npz" for folder in folders]


def _verify(arrays: Arrays, builtin: Builtin, where: str) -> None:
    missing = [name for name in ARRAY_ORDER if name not in arrays or arrays[name].dtype.kind not in "iu"]
    if missing:
        raise DataError(f"{where} lacks {', '.join(missing)} as whole numbers.")
    found = content_hash(arrays)
    if builtin.content_hash and found != builtin.content_hash:
        raise DataError(
            f"{where} does not hold the images it should: the SHA-256 of its content is {found}, "
            f"expected {builtin.content_hash}."
        )


def _download(name: str) -> Arrays:
    module = importlib.import_module(f"keras.datasets.{name.replace('-', '_')}")
    print(f"Downloading {name}; it is kept for next time.", file=sys.stderr)
    try:
        # Keras draws its progress bar on stdout, which belongs to the command's record.
        with contextlib.redirect_stdout(sys.stderr):
            (x_train, y_train), (x_test, y_test) = module.load_data()
        # CIFAR's labels come as (N, 1).
        values = (x_train, y_train.reshape(-1), x_test, y_test.reshape(-1))
        arrays = dict(zip(ARRAY_ORDER, values, strict=True))
        _verify(arrays, BUILTINS[name], "what came")
        return arrays
    except Exception as error:  # whatever Keras, urllib or the archive raise: the way out is the same
        _forget_download(name)
        raise DataError(
            f"{name} could not be downloaded: {str(error).strip() or type(error).__name__}. "
            f"On a machine with a network it downloads by itself. By hand: put {name}.npz, with the arrays "
            f"{', '.join(ARRAY_ORDER)}, in {_places(name)[0].parent} "
            "(or in any folder named by LENSMITH_DATA)."
        ) from error


def _forget_download(name: str) -> None:
    # Keras has no hash of the Fashion-MNIST files: what a captive portal sent instead would stay for ever.
    for home in (Path(os.environ.get("KERAS_HOME") or "~/.keras"), Path(tempfile.gettempdir()) / ".keras"):
        shutil.rmtree(home.expanduser() / "datasets" / name, ignore_errors=True)


def _keep(arrays: Arrays, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npz", delete=False) as file:
        temporary = Path(file.name)
        try:
            np.savez_compressed(file, allow_pickle=False, **arrays)
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
