"""A server in a process of its own, and how to ask it."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BOUNDARY = "images"


@dataclass(frozen=True)
class Server:
    """A running `lensmith serve`."""

    process: subprocess.Popen[str]
    url: str

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

    def stop(self, number: int) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


def multipart(files: Sequence[tuple[str, bytes]], field: str = "files") -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in files
    ]
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def contents(files: list[Path]) -> list[tuple[str, bytes]]:
    return [(str(file), file.read_bytes()) for file in files]


@contextmanager
def serving(run: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "lensmith", "serve", str(run), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            line = process.stderr.readline()
            found = re.search(r"(http://\S+)/predict", line)
            if not found:
                process.kill()
            assert found, line + process.stderr.read()
            yield Server(process, found[1])
        finally:
            process.kill()
