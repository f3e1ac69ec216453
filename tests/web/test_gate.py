"""What is too much for the memory is refused at once."""

import contextlib
import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.web.server import Server, begun_request, chunk, contents, multipart, serving

from lensmith.runs import Run
from lensmith.web.gate import MOST_AT_ONCE


@pytest.mark.parametrize("length", [10 * 2**30, None], ids=["with its length", "in chunks"])
def test_a_request_that_is_too_long_is_refused_before_the_end_of_it(server: Server, length: int | None):
    with begun_request(server, multipart([("large.png", b"")])[:-14], length) as connection:
        if not length:
            with contextlib.suppress(ConnectionError):  # the last of it may find nobody who listens
                for _ in range(65):
                    connection.send(chunk(bytes(2**20)))
        answer = connection.getresponse()
        assert answer.status == 413
        assert json.load(answer) == {"error": "A request may have 64 MiB."}
    assert server.ask("/health")[0] == 200


def test_more_at_once_than_memory_holds_are_told_to_try_again(tiny_run: Run, files: list[Path]):
    request = multipart(contents(files[:1]))
    with serving(tiny_run.path) as server, ExitStack() as stack:
        begun = [stack.enter_context(begun_request(server, request[:-1], len(request))) for _ in range(MOST_AT_ONCE)]
        status, answer = ask_until_refused(server, request)
        assert (status, "Try again" in answer["error"]) == (503, True)
        assert server.ask("/health")[0] == 200
        for connection in begun:
            connection.send(request[-1:])
            assert connection.getresponse().status == 200
        assert server.ask("/predict", request)[0] == 200


def ask_until_refused(server: Server, request: bytes) -> tuple[int, dict[str, Any]]:
    """Ask until all that were begun have been let in."""
    for _ in range(100):
        status, answer = server.ask("/predict", request)
        if status == 503:
            break
        time.sleep(0.05)
    return status, answer
