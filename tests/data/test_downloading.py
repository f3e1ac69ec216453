import gzip
import hashlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.data.made_downloads import CONTENT, EVIL, IMAGES, LABELS, idx, tar

from lensmith.data import downloading
from lensmith.data.downloading import DOWNLOADS, Remote, download, fetch, read_cifar10, read_cifar100, read_idx_files
from lensmith.errors import DataError


class Server(ThreadingHTTPServer):
    """Answers every request in one way: `right`, `wrong`, `error`, `drop`, `html` or `endless`."""

    daemon_threads = True
    answer = "right"
    ranges = True

    def __init__(self, address: tuple[str, int], handler: type) -> None:
        super().__init__(address, handler)
        self.asked: list[tuple[str, str | None]] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        answer, asked = self.server.answer, self.headers["Range"]
        self.server.asked.append((self.path, asked))
        name, _, place = self.path.removeprefix("/").rpartition("/")
        content = CONTENT[name][int(place)]
        if answer == "error":
            self.send_error(500)
            return
        if answer == "html":
            content = b"<html>Sign in to the network</html>"
        if answer == "wrong":
            content = bytes(len(content))
        first = int(asked[6:-1]) if asked and self.server.ranges else 0
        self.send_response(206 if first else 200)
        rest = content[first:] + (b"x" * 5_000_000 if answer == "endless" else b"")
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: -(-len(rest) // 2)] if answer == "drop" else rest)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on this machine in the place of those that have the data sets."""
    monkeypatch.setattr(downloading, "SECONDS_BETWEEN_TRIES", 0.0)
    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        download_from(running.server_port, monkeypatch)
        yield running
        running.shutdown()


def download_from(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, its in DOWNLOADS.items():
        remotes = tuple(
            Remote(f"http://127.0.0.1:{port}/{name}/{place}", hashlib.sha256(content).hexdigest(), len(content))
            for place, content in enumerate(CONTENT[name])
        )
        monkeypatch.setitem(DOWNLOADS, name, replace(its, files=remotes))


@pytest.mark.parametrize("name", DOWNLOADS)
def test_what_comes_is_read_and_nothing_is_left(name: str, server: Server, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    arrays = download(name, tmp_path, lambda done, total: told.append((done, total)))
    assert sorted(arrays) == ["x_test", "x_train", "y_test", "y_train"]
    assert len(arrays["x_train"]) == len(arrays["y_train"])
    assert told[-1] == (len(CONTENT[name][-1]),) * 2
    assert list(tmp_path.iterdir()) == []


def test_idx_files_become_images_and_labels() -> None:
    arrays = read_idx_files(*CONTENT["fashion-mnist"])
    np.testing.assert_array_equal(arrays["x_train"], IMAGES)
    np.testing.assert_array_equal(arrays["y_test"], LABELS[:2])


def test_cifar_becomes_images_with_colours_last_and_the_fine_labels() -> None:
    ten = read_cifar10(CONTENT["cifar10"][0])
    assert ten["x_train"].shape == (10, 32, 32, 3)
    assert ten["y_train"].tolist() == [0, 1] * 5
    assert ten["x_test"][1, 0, 2].tolist() == [2 % 251 + 1, (1024 + 2) % 251 + 1, (2048 + 2) % 251 + 1]
    record = bytes([7, 42]) + bytes(3072)
    hundred = read_cifar100(tar({"cifar-100-binary/train.bin": record, "cifar-100-binary/test.bin": record}))
    assert hundred["y_train"].tolist() == [42]


def test_a_download_that_breaks_off_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    server.answer = "drop"
    with pytest.raises(DataError, match=r"the connection ended after [\d,]+ of [\d,]+ bytes"):
        download("mnist", tmp_path)
    first, *others = [asked for _, asked in server.asked]
    assert first is None
    assert [int(its[6:-1]) for its in others] == sorted({int(its[6:-1]) for its in others})
    server.answer, (part,) = "right", list(tmp_path.iterdir())
    kept = part.stat().st_size
    download("mnist", tmp_path)
    assert server.asked[-1][1] == f"bytes={kept}-"


def test_where_the_server_cannot_go_on_it_begins_again(server: Server, tmp_path: Path) -> None:
    server.answer, server.ranges = "drop", False
    with pytest.raises(DataError, match="the connection ended"):
        download("mnist", tmp_path)
    server.answer = "right"
    np.testing.assert_array_equal(download("mnist", tmp_path)["x_train"], IMAGES)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("error", "500|Internal"),
        ("html", "the connection ended after 35"),
        ("wrong", "SHA-256"),
        ("endless", "more than"),
    ],
)
@pytest.mark.parametrize("name", DOWNLOADS)
def test_what_is_not_the_file_is_said_and_not_kept(
    name: str, answer: str, why: str, server: Server, tmp_path: Path
) -> None:
    server.answer = answer
    with pytest.raises(DataError, match=why):
        download(name, tmp_path)
    server.answer = "right"
    assert len(download(name, tmp_path)["x_train"]) > 0


def test_without_a_network_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "SECONDS_BETWEEN_TRIES", 0.0)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(DataError, match="Connection refused"):
            fetch(Remote(f"http://127.0.0.1:{unused.getsockname()[1]}/x", "", 1), tmp_path, lambda *_: None)


def test_a_server_that_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "SECONDS_BETWEEN_TRIES", 0.0)
    monkeypatch.setattr(downloading, "SECONDS_WITHOUT_AN_ANSWER", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(DataError, match="timed out"):
            fetch(Remote(url, "", 1), tmp_path, lambda *_: None)


@pytest.mark.parametrize("kind", EVIL)
def test_no_archive_writes_or_reads_anything_else_or_takes_long(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError):
        read_cifar10(EVIL[kind]())
    assert list(tmp_path.iterdir()) == []
    assert not Path("/tmp/lensmith-evil").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        gzip.compress(b""),
        gzip.compress(b"\0\0\x0d\x01\0\0\0\x01x"),
        gzip.compress(struct.pack(">HBBII", 0, 8, 2, 2**31 - 1, 2**31 - 1)),
        gzip.compress(struct.pack(">HBBi", 0, 8, 1, -5)),
        gzip.compress(struct.pack(">HBBI", 0, 8, 1, 100) + b"few"),
        idx(IMAGES)[:-500],
        b"\x80\x04\x95",
    ],
)
def test_what_is_no_idx_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="IDX"):
        read_idx_files(content, idx(LABELS), idx(IMAGES), idx(LABELS))


def test_a_bomb_is_unpacked_no_further_than_it_says() -> None:
    bomb = gzip.compress(struct.pack(">HBBI", 0, 8, 1, 6) + LABELS.tobytes() + bytes(200_000_000))
    arrays = read_idx_files(idx(IMAGES), bomb, idx(IMAGES), bomb)
    assert arrays["y_train"].tolist() == LABELS.tolist()
