"""A server starts, answers many at once, and ends without losing what it has taken."""

import asyncio
import json
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.web.server import Server, begun_request, contents, multipart, serving

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


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_who_stops_the_server_lets_it_finish_what_it_has_taken(
    tiny_run: Run, files: list[Path], number: int, code: int
):
    request = multipart(contents(files))
    with serving(tiny_run.path) as server, ExitStack() as stack:
        begun = [stack.enter_context(begun_request(server, request[:-1], len(request))) for _ in range(8)]
        assert takes_requests(server)  # asked later than they, so it has begun with them
        server.process.send_signal(number)
        while takes_requests(server):
            pass
        for connection in begun:
            connection.send(request[-1:])
            answer = connection.getresponse()
            assert answer.status == 200
            assert len(json.load(answer)["predictions"]) == len(files)
        assert server.process.wait(timeout=60) == code


def takes_requests(server: Server) -> bool:
    try:
        return server.ask("/health")[0] == 200
    except OSError:
        return False


@pytest.mark.parametrize("host", ["192.0.2.1", "127..0.1", "no-such-host.invalid"])
def test_an_address_that_is_not_of_this_computer_is_an_error(tiny_run: Run, host: str):
    with pytest.raises(LensmithError, match=rf"Nothing can be listened to at {re.escape(host)}, port 0"):
        lensmith.serve(tiny_run.path, host=host, port=0)


@pytest.mark.parametrize("lacking", ["fastapi", "uvicorn", "python_multipart"])
def test_without_what_it_needs_it_says_what_to_install(tiny_run: Run, monkeypatch: pytest.MonkeyPatch, lacking: str):
    monkeypatch.setattr("lensmith.web.serving.find_spec", lambda name: name != lacking)
    with pytest.raises(LensmithError, match=r"pip install 'lensmith\[serve\]'"):
        lensmith.serve(tiny_run.path)


def test_a_notebook_is_told_that_it_cannot_serve(tiny_run: Run):
    async def cell() -> None:
        lensmith.serve(tiny_run.path, port=0)

    with pytest.raises(LensmithError, match="Use `lensmith serve` in a terminal"):
        asyncio.run(cell())
