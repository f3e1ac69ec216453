"""What every registered kind of data and every built-in data set promises.

A kind that is registered without an example here fails: add the few lines that make one.
"""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.made_images import stripes, write_folder

from lensmith.config import DataConfig
from lensmith.data import BUILTINS, SOURCES, Dataset, kind_of, open_dataset, sources
from lensmith.data.builtin import load_builtin

NAMES = ("horizontal", "vertical")


def make_builtin(root: Path) -> str:
    return "digits"


def make_folder(root: Path) -> str:
    return str(write_folder(root / "folder", *stripes(40), NAMES))


def make_csv(root: Path) -> str:
    files = sorted(write_folder(root / "files", *stripes(40), NAMES).rglob("*.png"))
    rows = [f"{file.relative_to(root)},{file.parent.name}\n" for file in files]
    (root / "list.csv").write_text("path,label\n" + "".join(rows))
    return str(root / "list.csv")


def make_npz(root: Path) -> str:
    images, labels = stripes(40)
    np.savez(root / "arrays.npz", x_train=images, y_train=np.array(NAMES)[labels])
    return str(root / "arrays.npz")


EXAMPLES: dict[str, Callable[[Path], str]] = {
    "builtin": make_builtin,
    "csv": make_csv,
    "folder": make_folder,
    "npz": make_npz,
}

CLASS_NAMES = {
    "digits": "0 1 2 3 4 5 6 7 8 9",
    "mnist": "0 1 2 3 4 5 6 7 8 9",
    "fashion-mnist": "T-shirt/top Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Ankle_boot",
    "cifar10": "airplane automobile bird cat deer dog frog horse ship truck",
}
IMAGES = {
    "digits": (1797, (8, 8, 1)),
    "mnist": (70_000, (28, 28, 1)),
    "fashion-mnist": (70_000, (28, 28, 1)),
    "cifar10": (60_000, (32, 32, 3)),
    "cifar100": (60_000, (32, 32, 3)),
}


def assert_is_sound(data: Dataset) -> None:
    height, width, channels = data.image_shape
    assert channels == {"rgb": 3, "grayscale": 1}[data.color]
    taken = np.concatenate([split.indices for split in data.splits.values()])
    assert sorted(taken.tolist()) == list(range(len(data.train.store)))
    assert list(data.splits) == ["train", "validation", "test"]
    assert data.split_origin
    assert len(data.fingerprint) == 64
    for split in data.splits.values():
        images = split.read(slice(0, 5))
        assert (images.dtype, images.shape) == (np.uint8, (min(5, len(split)), height, width, channels))
        assert split.labels.dtype == np.int64
        assert sorted(set(split.labels.tolist())) == list(range(len(data.class_names)))
        assert len(split.names) == len(split.labels) == len(split)


def assert_same_splits(one: Dataset, other: Dataset) -> None:
    assert one.fingerprint == other.fingerprint
    for name in one.splits:
        np.testing.assert_array_equal(one.splits[name].indices, other.splits[name].indices)
        np.testing.assert_array_equal(one.splits[name].labels, other.splits[name].labels)


@pytest.mark.parametrize("kind", list(SOURCES))
def test_every_kind_of_data_opens_with_whole_deterministic_splits(kind: str, tmp_path: Path) -> None:
    assert kind in EXAMPLES, f"the new kind of data {kind!r} needs an example here"
    source = EXAMPLES[kind](tmp_path)
    assert kind_of(source) == kind
    data = open_dataset(source, DataConfig(split_seed=5))
    assert_is_sound(data)
    assert_same_splits(data, open_dataset(source, DataConfig(split_seed=5)))
    other = open_dataset(source, DataConfig(split_seed=6))
    assert other.test.indices.tolist() != data.test.indices.tolist()
    smaller = open_dataset(source, DataConfig(split_seed=5, image_size=5))
    assert smaller.image_shape[:2] == (5, 5)
    assert_same_splits(data, smaller)  # the same images, whatever size they are brought to
    if kind != "builtin":
        assert data.class_names == NAMES


@pytest.mark.parametrize("kind", list(SOURCES))
@pytest.mark.parametrize("color", ["rgb", "grayscale"])
def test_every_kind_of_data_is_brought_to_size_and_colour(kind: str, color: str, tmp_path: Path) -> None:
    config = DataConfig(image_size=[10, 14], color=color, resize="pad")
    data = open_dataset(EXAMPLES[kind](tmp_path), config)
    assert data.image_shape == (10, 14, 3 if color == "rgb" else 1)
    assert data.resize == "pad"
    assert_is_sound(data)


@pytest.mark.parametrize("name", list(BUILTINS))
def test_every_builtin_has_its_images_and_pinned_class_names(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.environ.get("LENSMITH_DATA")
    if not BUILTINS[name].make and not (folder and (Path(folder) / f"{name}.npz").exists()):
        pytest.skip(f"LENSMITH_DATA names no folder with {name}.npz")
    monkeypatch.setattr(sources, "load_builtin", cache(load_builtin))
    data = open_dataset(name, DataConfig(split_seed=1))
    assert (sum(len(split) for split in data.splits.values()), data.image_shape) == IMAGES[name]
    assert_is_sound(data)
    assert_same_splits(data, open_dataset(name, DataConfig(split_seed=1)))


@pytest.mark.parametrize("name", list(BUILTINS))
def test_every_builtin_pins_its_class_names(name: str) -> None:
    names = BUILTINS[name].class_names
    if name == "cifar100":
        assert (len(names), names[:2], names[-2:]) == (100, ("apple", "aquarium_fish"), ("woman", "worm"))
        assert list(names) == sorted(names)
    else:
        assert " ".join(its.replace(" ", "_") for its in names) == CLASS_NAMES[name]


def test_every_builtin_is_verified_but_where_keras_has_a_hash_of_its_own() -> None:
    unverified = {name for name in BUILTINS if not BUILTINS[name].content_hash and not BUILTINS[name].make}
    assert unverified == {"cifar100"}
