"""A server starts, answers many at once, and ends without losing what it has taken."""

import io
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image
from tests.web.server import Server, contents, serving

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
def test_who_stops_the_server_lets_it_finish_what_it_has_taken(tiny_run: Run, number: int, code: int):
    large = io.BytesIO()
    Image.effect_noise((2500, 2500), 50).save(large, "PNG")
    asked = [("large.png", large.getvalue())] * 4
    with serving(tiny_run.path) as server, ThreadPoolExecutor(4) as clients:
        answers = [clients.submit(server.predict, asked) for _ in range(4)]
        time.sleep(0.7)
        assert not any(its.done() for its in answers), "nothing is left to be finished"
        assert server.stop(number) == code
        assert [its.result()[0] for its in answers] == [200] * 4


def test_an_address_that_is_not_of_this_computer_is_an_error(tiny_run: Run):
    with pytest.raises(LensmithError, match=r"Nothing can be listened to at 192\.0\.2\.1, port 0"):
        lensmith.serve(tiny_run.path, host="192.0.2.1", port=0)


def test_without_fastapi_it_says_what_to_install(tiny_run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lensmith.web.serving.find_spec", lambda name: None)
    with pytest.raises(LensmithError, match=r"pip install 'lensmith\[serve\]'"):
        lensmith.serve(tiny_run.path)
