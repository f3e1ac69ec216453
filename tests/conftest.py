"""Shared fixtures: a home of its own for every session, tiny data, and one run trained once."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(autouse=True, scope="session")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the user's caches and runs out of the tests, and the tests out of them."""
    home = tmp_path_factory.mktemp("lensmith-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LENSMITH_HOME", str(home))
        patch.delenv("LENSMITH_RUNS", raising=False)
        yield home


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with mnist.npz and cifar10.npz, for tests that need real images."""
    folder = os.environ.get("LENSMITH_DATA")
    if not folder:
        pytest.skip("LENSMITH_DATA is not set: it names the folder with mnist.npz and cifar10.npz")
    return Path(folder)


def stripes(n: int, seed: int = 0, size: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Make images of horizontal and vertical stripes with noise: two classes that a small network tells apart.

    Returns:
        `uint8 (n, size, size, 3)` and labels `int64 (n,)`, 0 horizontal, 1 vertical.
    """
    random = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = random.integers(0, 60, (n, size, size, 3), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        offset = random.integers(2)
        if label:
            image[:, offset::2] += 150
        else:
            image[offset::2, :] += 150
    return images, labels


def write_folder(root: Path, images: np.ndarray, labels: np.ndarray, class_names: tuple[str, ...]) -> Path:
    """Write images as PNG files into class folders, named so that they sort in their order."""
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = root / class_names[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{place:05d}.png")
    return root


@pytest.fixture(scope="session")
def stripes_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class folder data set of 80 small PNG files: `horizontal` and `vertical`. Not to be changed."""
    return write_folder(tmp_path_factory.mktemp("data") / "stripes", *stripes(80), ("horizontal", "vertical"))


@pytest.fixture(scope="session")
def tiny_run(stripes_folder: Path, tmp_path_factory: pytest.TempPathFactory):  # noqa: ANN201
    """A finished run on the stripes, trained once a session. Not to be changed."""
    import lensmith

    runs = tmp_path_factory.mktemp("runs")
    record = lensmith.train(stripes_folder, set={"epochs": 3, "batch_size": 8}, name="tiny", runs=runs)
    return lensmith.load_run(Path(record.run))
