"""Shared fixtures: a home of its own for every session, tiny data, and one run trained once."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.health.planted import write_planted
from tests.made_images import stripes, write_folder

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


@pytest.fixture(scope="session")
def stripes_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class folder data set of 80 small PNG files: `horizontal` and `vertical`. Not to be changed."""
    return write_folder(tmp_path_factory.mktemp("data") / "stripes", *stripes(80), ("horizontal", "vertical"))


@pytest.fixture(scope="session")
def tiny_run(stripes_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    """A finished run on the stripes, trained once a session. Not to be changed."""
    import lensmith

    runs = tmp_path_factory.mktemp("runs")
    record = lensmith.train(stripes_folder, set={"epochs": 3, "batch_size": 8}, name="tiny", runs=runs)
    return lensmith.load_run(Path(record.run))


@pytest.fixture(scope="session")
def three(stripes_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs on the same images: two alike but for the seed, one that has learned less. Not to be changed."""
    root = tmp_path_factory.mktemp("three")
    import lensmith

    for name, settings in (("good", {}), ("same", {"seed": 1}), ("weak", {"epochs": 1, "learning_rate": 1e-6})):
        lensmith.train(stripes_folder, set={"epochs": 3, "batch_size": 8, **settings}, name=name, runs=root)
    return root


@pytest.fixture
def runs(three: Path, tmp_path: Path) -> Path:
    """A copy, to be changed."""
    return Path(shutil.copytree(three, tmp_path / "runs"))


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, set[str]]]:
    """A folder in which everything is wrong that `check` looks for, and which files by kind. Not to be changed."""
    root = tmp_path_factory.mktemp("planted") / "animals"
    return root, write_planted(root)


@pytest.fixture(scope="session")
def found(planted: tuple[Path, dict[str, set[str]]], tmp_path_factory: pytest.TempPathFactory):
    """What `check` has found in it."""
    import lensmith

    folder = tmp_path_factory.mktemp("found")
    return lensmith.check(planted[0], output=folder / "page.html", fix=folder / "clean.csv")
