import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.data.encoded import noise

from lensmith.data import downloading
from lensmith.data.builtin import ARRAY_ORDER, BUILTINS, content_hash, load_builtin
from lensmith.errors import DataError

ARRAYS = {
    "x_train": np.stack([noise(28, 28, 1, seed) for seed in range(6)]),
    "y_train": np.arange(6, dtype=np.uint8) % 3,
    "x_test": np.stack([noise(28, 28, 1, seed) for seed in range(6, 9)]),
    "y_test": np.arange(3, dtype=np.uint8),
}
"""Stand in for the arrays of a data set that would be downloaded."""

DOWNLOADED = ["mnist", "fashion-mnist", "cifar10", "cifar100"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, and no `$LENSMITH_DATA`."""
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LENSMITH_DATA", raising=False)
    return tmp_path / "home"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the small arrays be what the data sets should hold."""
    for name in ("mnist", "fashion-mnist"):
        right = replace(BUILTINS[name], content_hash=content_hash(ARRAYS))
        monkeypatch.setitem(BUILTINS._entries, name, right)


def files_in(folder: Path) -> list[Path]:
    """Files in a folder and below, but for those that only say that somebody is at work."""
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_digits_come_without_a_file() -> None:
    arrays = load_builtin("digits")
    assert arrays["x_train"].shape == (1797, 8, 8)
    assert arrays["x_train"].dtype == np.uint8
    assert (arrays["x_train"].min(), arrays["x_train"].max()) == (0, 255)
    assert np.bincount(arrays["y_train"]).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_class_names_are_as_many_as_the_labels() -> None:
    counts = {name: len(BUILTINS[name].class_names) for name in BUILTINS}
    assert counts == {"digits": 10, "mnist": 10, "fashion-mnist": 10, "cifar10": 10, "cifar100": 100}
    assert all(len(set(BUILTINS[name].class_names)) == counts[name] for name in BUILTINS)


def test_content_hash_is_that_of_names_shapes_and_bytes_however_stored(tmp_path: Path) -> None:
    parts = [name.encode() + str(ARRAYS[name].shape).encode() + ARRAYS[name].tobytes() for name in ARRAY_ORDER]
    assert content_hash(ARRAYS) == hashlib.sha256(b"".join(parts)).hexdigest()
    np.savez_compressed(tmp_path / "a.npz", **{name: np.asfortranarray(ARRAYS[name]) for name in ARRAY_ORDER[::-1]})
    with np.load(tmp_path / "a.npz") as stored:
        assert content_hash(dict(stored)) == content_hash(ARRAYS)
    assert content_hash({**ARRAYS, "y_train": ARRAYS["y_train"].astype(np.int64)}) == content_hash(ARRAYS)
    for name in ARRAY_ORDER:
        changed = ARRAYS[name].copy()
        changed.flat[0] ^= 1
        assert content_hash({**ARRAYS, name: changed}) != content_hash(ARRAYS)
        assert content_hash({**ARRAYS, name: ARRAYS[name][np.newaxis]}) != content_hash(ARRAYS)


@pytest.mark.usefixtures("small")
def test_file_is_looked_for_in_lensmith_data_first_then_in_the_home(home: Path, tmp_path: Path, monkeypatch) -> None:
    (home / "datasets").mkdir(parents=True)
    np.savez(home / "datasets" / "mnist.npz", **ARRAYS)
    assert content_hash(load_builtin("mnist")) == content_hash(ARRAYS)
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("LENSMITH_DATA", str(tmp_path / "data"))
    load_builtin("mnist")
    (tmp_path / "data" / "mnist.npz").write_text("damaged")
    with pytest.raises(DataError, match=str(tmp_path / "data" / "mnist.npz")):
        load_builtin("mnist")


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10"])
def test_tampered_file_is_refused(name: str, home: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("LENSMITH_DATA", str(tmp_path))
    np.savez(tmp_path / f"{name}.npz", **ARRAYS)
    with pytest.raises(DataError) as raised:
        load_builtin(name)
    for part in (
        f"{name}.npz",
        BUILTINS[name].content_hash,
        content_hash(ARRAYS),
        "put the right file in its place",
    ):
        assert part in str(raised.value)


@pytest.mark.usefixtures("small")
def test_one_changed_pixel_is_found(home: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("LENSMITH_DATA", str(tmp_path))
    changed = ARRAYS["x_test"].copy()
    changed[-1, -1, -1] ^= 1
    np.savez(tmp_path / "mnist.npz", **{**ARRAYS, "x_test": changed})
    with pytest.raises(DataError, match="does not hold the images it should"):
        load_builtin("mnist")


@pytest.mark.parametrize(
    "arrays",
    [
        {"x_train": ARRAYS["x_train"], "y_train": ARRAYS["y_train"]},
        {**ARRAYS, "y_test": np.array(["a", "b", "c"])},
        {**ARRAYS, "x_train": ARRAYS["x_train"] / 255},
    ],
    ids=["no test data", "names for labels", "fractions"],
)
@pytest.mark.parametrize("name", ["mnist", "cifar100"])
def test_file_of_other_arrays_is_refused(name: str, arrays: dict, home: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("LENSMITH_DATA", str(tmp_path))
    np.savez(tmp_path / f"{name}.npz", **arrays)
    with pytest.raises(DataError, match=r"lacks .* as whole numbers"):
        load_builtin(name)


@pytest.fixture
def downloaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was downloaded; it comes at once."""
    names: list[str] = []

    def download(name: str, folder: Path) -> dict[str, np.ndarray]:
        names.append(name)
        return ARRAYS

    monkeypatch.setattr(downloading, "download", download)
    return names


@pytest.mark.usefixtures("small")
def test_download_is_verified_kept_and_used_again(home: Path, downloaded: list[str], capsys) -> None:
    assert content_hash(load_builtin("fashion-mnist")) == content_hash(ARRAYS)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Downloading fashion-mnist" in printed.err
    assert [path.name for path in files_in(home)] == ["fashion-mnist.npz"]
    assert content_hash(load_builtin("fashion-mnist")) == content_hash(ARRAYS)
    assert downloaded == ["fashion-mnist"]


def test_download_of_other_images_is_refused_and_not_kept(home: Path, downloaded: list[str]) -> None:
    with pytest.raises(DataError, match=r"mnist could not be downloaded: what came does not hold the images"):
        load_builtin("mnist")
    assert files_in(home) == []


@pytest.mark.parametrize("name", DOWNLOADED)
def test_without_a_network_the_error_says_where_to_put_the_file(
    name: str, home: Path, tmp_path: Path, monkeypatch
) -> None:
    def download(name: str, folder: Path) -> None:
        raise DataError("somewhere: Connection refused")

    monkeypatch.setattr(downloading, "download", download)
    monkeypatch.setenv("LENSMITH_DATA", str(tmp_path / "by-hand"))
    with pytest.raises(DataError, match=f"Connection refused.*put {name}.npz.*in {tmp_path / 'by-hand'}"):
        load_builtin(name)
    assert files_in(home) == []


@pytest.mark.usefixtures("small")
def test_download_that_cannot_be_kept_is_used_all_the_same(home: Path, downloaded: list[str]) -> None:
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file in the way")
    assert content_hash(load_builtin("fashion-mnist")) == content_hash(ARRAYS)


@pytest.mark.usefixtures("small")
def test_of_two_at_once_one_downloads_and_the_other_waits_for_it(
    home: Path, downloaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    at_once = downloading.download

    def slowly(name: str, folder: Path) -> dict[str, np.ndarray]:
        begun.set()
        assert may_end.wait(10)
        return at_once(name, folder)

    monkeypatch.setattr(downloading, "download", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(load_builtin, "fashion-mnist")
        assert begun.wait(10)
        second = pool.submit(load_builtin, "fashion-mnist")
        assert not wait([second], 0.3).done
        may_end.set()
        assert content_hash(first.result()) == content_hash(second.result()) == content_hash(ARRAYS)
    assert downloaded == ["fashion-mnist"]
