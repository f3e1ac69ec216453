import contextlib
import os
import signal
import time

import pytest

from lensmith.errors import Interrupted, Terminated
from lensmith.training.stopping import StopRequest, ending_by_exception


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, Interrupted), (signal.SIGTERM, Terminated)])
def test_the_first_signal_is_noted_and_the_second_goes_to_whoever_had_it_before(number: int, kind: type):
    seen = []
    before = signal.signal(number, lambda *_: seen.append("before"))
    try:
        request = StopRequest()
        request.listen()
        assert request.kind is None
        os.kill(os.getpid(), number)
        assert request.kind is kind
        assert seen == []
        os.kill(os.getpid(), number)
        assert seen == ["before"]
    finally:
        signal.signal(number, before)


def test_signals_are_given_back():
    before = signal.getsignal(signal.SIGINT)
    request = StopRequest()
    request.listen()
    assert signal.getsignal(signal.SIGINT) != before
    request.stop_listening()
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, Interrupted), (signal.SIGTERM, Terminated)])
def test_what_takes_every_error_for_its_own_does_not_take_a_signal(number: int, kind: type):
    before = signal.getsignal(signal.SIGTERM)
    # A shell in the background has Ctrl-C ignored by what it starts.
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)

    def careless() -> None:
        with ending_by_exception("go on"), contextlib.suppress(Exception):
            os.kill(os.getpid(), number)
            time.sleep(5)

    try:
        with pytest.raises(kind, match="go on"):
            careless()
    finally:
        signal.signal(signal.SIGINT, interrupt)
    assert signal.getsignal(signal.SIGTERM) == before
