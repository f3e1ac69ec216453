"""The data sets known by name: where they are looked for, and how their content is verified."""

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.data.arrays import read_npz
from lensmith.data.cache import lensmith_home
from lensmith.errors import DataError, RunError
from lensmith.files import replacing
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
        content_hash: As `content_hash` computes it; empty where the hash of the download is relied upon.
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
    """Load a data set by name: made, or from `$LENSMITH_DATA`, the cache, or a download, in this order.

    Raises:
        DataError: The content is not what it should be, or there is no file and no network; the message says
            where to put the file by hand.
    """
    builtin = BUILTINS[name]
    if builtin.make:
        return builtin.make()
    with _only_one(name) as folder:
        for path in _places(name):
            if path.exists():
                return _read(path, builtin)
        arrays = _download(name, folder)
        with contextlib.suppress(RunError):  # a full disk must not cost the data
            _keep(arrays, folder / f"{name}.npz")
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


@contextlib.contextmanager
def _only_one(name: str) -> Iterator[Path]:
    """Give the folder for what is downloaded, while no other process brings the same data set into it."""
    folder = lensmith_home() / "datasets"
    with contextlib.ExitStack() as stack:
        if not any(path.exists() for path in _places(name)):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(_alone(folder, name))
            except (OSError, NotImplementedError):  # it can still be used, if not kept
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yield folder


@contextlib.contextmanager
def _alone(folder: Path, name: str) -> Iterator[None]:
    """Wait for whoever downloads the same."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / f".{name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"Another process is downloading {name}; waiting for it.", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _download(name: str, folder: Path) -> Arrays:
    from lensmith.data.downloading import download  # with HTTP and TLS, which `predict` starts without

    print(f"Downloading {name}; it is kept for next time.", file=sys.stderr)
    try:
        arrays = download(name, folder)
        _verify(arrays, BUILTINS[name], "what came")
    except (DataError, OSError) as error:
        raise DataError(
            f"{name} could not be downloaded: {error}. "
            f"On a machine with a network it downloads by itself. By hand: put {name}.npz, with the arrays "
            f"{', '.join(ARRAY_ORDER)}, in {_places(name)[0].parent} "
            "(or in any folder named by LENSMITH_DATA)."
        ) from error
    return arrays


def _keep(arrays: Arrays, path: Path) -> None:
    with replacing(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)
