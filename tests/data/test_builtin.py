import gzip
import hashlib
import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.data.encoded import noise

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


def idx(values: np.ndarray) -> bytes:
    """Write an array as the Fashion-MNIST files hold it."""
    header = struct.pack(">HBB", 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
    return gzip.compress(header + values.tobytes())


FASHION_FILES = {
    "train-images-idx3-ubyte.gz": idx(ARRAYS["x_train"]),
    "train-labels-idx1-ubyte.gz": idx(ARRAYS["y_train"]),
    "t10k-images-idx3-ubyte.gz": idx(ARRAYS["x_test"]),
    "t10k-labels-idx1-ubyte.gz": idx(ARRAYS["y_test"]),
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a Keras cache of the test's own, and no `$LENSMITH_DATA`."""
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LENSMITH_DATA", raising=False)
    (tmp_path / "keras").mkdir()
    # Keras reads the variable when it is imported, which is first of all here.
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path / "keras"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "home"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the small arrays be what the data sets should hold."""
    for name in ("mnist", "fashion-mnist"):
        right = replace(BUILTINS[name], content_hash=content_hash(ARRAYS))
        monkeypatch.setitem(BUILTINS._entries, name, right)


class Server(ThreadingHTTPServer):
    """Answers every request in one way: `right`, `wrong`, `error`, `drop` or `html`."""

    daemon_threads = True
    answer = "right"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        answer, content = (
            self.server.answer,
            FASHION_FILES.get(self.path.rpartition("/")[2], b"not what it was"),
        )
        if answer == "error":
            self.send_error(500)
            return
        if answer == "html":
            content = b"<html>Sign in to the network</html>"
        if answer == "wrong":
            content = idx(np.zeros((6, 28, 28) if "images" in self.path else 6, np.uint8))
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if answer == "drop" else content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on this machine that Keras downloads from, in place of the network."""
    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        download_from(running.server_port, monkeypatch)
        yield running
        running.shutdown()


def download_from(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def retrieve(url: str, target: str, report: Any) -> None:
        try:
            urllib.request.urlretrieve(f"http://127.0.0.1:{port}/{url.rpartition('/')[2]}", target, report)
        except urllib.error.HTTPError as error:
            error.close()  # Keras leaves it open, of which Python warns
            raise

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", retrieve)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


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


@pytest.mark.usefixtures("small")
def test_download_is_verified_kept_and_used_again(home: Path, server: Server, capsys) -> None:
    assert content_hash(load_builtin("fashion-mnist")) == content_hash(ARRAYS)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Downloading fashion-mnist" in printed.err
    assert [path.name for path in files_in(home)] == ["fashion-mnist.npz"]
    server.answer = "error"
    assert content_hash(load_builtin("fashion-mnist")) == content_hash(ARRAYS)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("answer", "why"),
    [("error", "500"), ("drop", "retrieval incomplete"), ("html", "gzip"), ("wrong", "SHA-256")],
)
def test_download_that_fails_says_what_to_do_and_poisons_nothing(
    answer: str, why: str, home: Path, server: Server, capsys
) -> None:
    server.answer = answer
    with pytest.raises(DataError) as raised:
        load_builtin("fashion-mnist")
    message = str(raised.value)
    assert why in message
    assert f"put fashion-mnist.npz, with the arrays x_train, y_train, x_test, y_test, in {home / 'datasets'}" in message
    assert capsys.readouterr().out == ""
    assert files_in(home) == []
    server.answer = "right"
    assert content_hash(load_builtin("fashion-mnist")) == content_hash(ARRAYS)


@pytest.mark.parametrize("answer", ["error", "drop", "html"])
@pytest.mark.parametrize("name", DOWNLOADED)
def test_every_download_that_fails_is_one_clear_error(name: str, answer: str, home: Path, server: Server) -> None:
    server.answer = answer
    with pytest.raises(DataError, match=f"{name} could not be downloaded: .*put {name}.npz"):
        load_builtin(name)
    assert files_in(home) == []


@pytest.mark.parametrize("name", DOWNLOADED)
def test_without_a_network_the_error_says_where_to_put_the_file(
    name: str, home: Path, tmp_path: Path, monkeypatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        download_from(unused.getsockname()[1], monkeypatch)
        monkeypatch.setenv("LENSMITH_DATA", str(tmp_path / "by-hand"))
        with pytest.raises(DataError, match=f"Connection refused.*put {name}.npz.*in {tmp_path / 'by-hand'}"):
            load_builtin(name)
    assert files_in(home) == []


@pytest.mark.usefixtures("small")
def test_labels_in_a_column_are_flattened(home: Path, monkeypatch) -> None:
    def load_data() -> tuple:
        column = {name: ARRAYS[name][:, np.newaxis] for name in ("y_train", "y_test")}
        return (ARRAYS["x_train"], column["y_train"]), (ARRAYS["x_test"], column["y_test"])

    monkeypatch.setattr("keras.datasets.mnist.load_data", load_data)
    assert load_builtin("mnist")["y_train"].tolist() == ARRAYS["y_train"].tolist()


@pytest.mark.usefixtures("small")
def test_download_that_cannot_be_kept_is_used_all_the_same(home: Path, server: Server) -> None:
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file in the way")
    assert content_hash(load_builtin("fashion-mnist")) == content_hash(ARRAYS)
