"""A server in a process of its own, and how to ask it."""

import http.client
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

BOUNDARY = "images"


@dataclass(frozen=True)
class Server:
    """A running `lensmith serve`."""

    process: subprocess.Popen[bytes]
    url: str
    screen: Path

    def ask(
        self, path: str, body: bytes | None = None, kind: str = f"multipart/form-data; boundary={BOUNDARY}"
    ) -> tuple[int, dict[str, Any]]:
        """Return status and JSON of an answer."""
        request = urllib.request.Request(f"{self.url}{path}", body, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)

    def predict(self, files: Sequence[tuple[str, bytes]], query: str = "") -> tuple[int, dict[str, Any]]:
        return self.ask(f"/predict{query}", multipart(files))


def multipart(files: Sequence[tuple[str, bytes]], field: str = "files") -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in files
    ]
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def chunk(part: bytes) -> bytes:
    return f"{len(part):x}\r\n".encode() + part + b"\r\n"


def contents(files: list[Path]) -> list[tuple[str, bytes]]:
    return [(str(file), file.read_bytes()) for file in files]


@contextmanager
def begun_request(server: Server, body: bytes, length: int | None) -> Iterator[http.client.HTTPConnection]:
    """Ask for a prediction, and send only the beginning of the files; without a length, in chunks."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    connection.putrequest("POST", "/predict")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    connection.putheader(*(("Content-Length", str(length)) if length else ("Transfer-Encoding", "chunked")))
    connection.endheaders()
    connection.send(body if length else chunk(body))
    with closing(connection):
        yield connection


@contextmanager
def serving(run: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "lensmith", "serve", str(run), "--port", "0"]
    with (
        TemporaryDirectory() as folder,
        (Path(folder) / "screen").open("w") as screen,
        subprocess.Popen(command, stderr=screen) as process,
    ):
        try:
            yield Server(process, _url(process, Path(screen.name)), Path(screen.name))
        finally:
            process.kill()


def _url(process: subprocess.Popen[bytes], screen: Path) -> str:
    """Wait for the line that says where the server listens."""
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        if found := re.search(r"(http://\S+)/predict", screen.read_text()):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(f"no server: {screen.read_text()}")
