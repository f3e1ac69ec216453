"""A server starts, answers many at once, and ends without losing what it has taken."""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.web.server import Server, contents

import lensmith
from lensmith.errors import LensmithError
from lensmith.runs import Run


def test_neither_keras_nor_its_backend_is_loaded(server: Server, files: list[Path]):
    maps = Path(f"/proc/{server.process.pid}/maps")
    if not maps.exists():
        pytest.skip("The system does not say what a process has loaded.")
    server.predict(contents(files[:1]))
    loaded = maps.read_text()
    assert "onnxruntime" in loaded
    assert "tensorflow" not in loaded


def test_many_at_once_get_the_answers_they_would_get_alone(server: Server, files: list[Path]):
    asked = contents(files)
    alone = [server.predict([file])[1]["predictions"] for file in asked]
    with ThreadPoolExecutor(16) as clients:
        assert list(clients.map(lambda file: server.predict([file])[1]["predictions"], asked * 4)) == alone * 4


def elsewhere(function: Callable[..., object], *arguments: object, **named: object) -> None:
    """Call in a thread of its own: in this one tests that drive a browser leave an event loop that runs."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(function, *arguments, **named).result()


@pytest.mark.parametrize("host", ["192.0.2.1", "127..0.1", "no-such-host.invalid"])
def test_an_address_that_is_not_of_this_computer_is_an_error(tiny_run: Run, host: str):
    with pytest.raises(LensmithError, match=rf"Nothing can be listened to at {re.escape(host)}, port 0"):
        elsewhere(lensmith.serve, tiny_run.path, host=host, port=0)


@pytest.mark.parametrize("port", [-1, 65_536, 70_000])
def test_a_port_that_is_none_is_refused(tiny_run: Run, port: int):
    with pytest.raises(LensmithError, match=f"Port {port} is none: they go from 0"):
        elsewhere(lensmith.serve, tiny_run.path, port=port)


@pytest.mark.parametrize("lacking", ["fastapi", "uvicorn", "python_multipart"])
def test_without_what_it_needs_it_says_what_to_install(tiny_run: Run, monkeypatch: pytest.MonkeyPatch, lacking: str):
    monkeypatch.setattr("lensmith.web.serving.find_spec", lambda name: name != lacking)
    with pytest.raises(LensmithError, match=r"pip install 'lensmith\[serve\]'"):
        lensmith.serve(tiny_run.path)


def test_a_notebook_is_told_that_it_cannot_serve(tiny_run: Run):
    async def cell() -> None:
        lensmith.serve(tiny_run.path, port=0)

    with pytest.raises(LensmithError, match="Use `lensmith serve` in a terminal"):
        elsewhere(lambda: asyncio.run(cell()))
