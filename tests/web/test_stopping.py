"""Who stops the server loses nothing that it has taken, or is told."""

import json
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.web.server import Server, begun_request, contents, multipart, serving

from lensmith.runs import Run


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


def test_a_second_ctrl_c_cuts_off_what_is_left_with_an_answer(tiny_run: Run, files: list[Path]):
    request = multipart(contents(files))
    with serving(tiny_run.path) as server, begun_request(server, request[:-1], len(request)) as begun:
        assert takes_requests(server)
        server.process.send_signal(signal.SIGINT)
        while takes_requests(server):
            pass
        server.process.send_signal(signal.SIGINT)
        answer = begun.getresponse()
        assert (answer.status, json.load(answer)) == (503, {"error": "The server is stopping."})
        assert server.process.wait(timeout=60) == 130
        said = server.screen.read_text()
    assert "Finishing what was taken, for up to 30 s. Ctrl-C again stops at once." in said
    assert "Traceback" not in said


def takes_requests(server: Server) -> bool:
    try:
        return server.ask("/health")[0] == 200
    except OSError:
        return False
