import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lensmith.data import workers
from lensmith.data.decoding import Target, decode_in_order
from lensmith.errors import DataError

TARGET = Target((8, 8), "rgb", "stretch")


CRASHING = """
import os, time
from lensmith.data import decoding

def decode_each(paths, target, go_on):
    for path in paths:
        if path.endswith(("011.png", "025.png")):
            os.kill(os.getpid(), 11)
        if path.endswith("018.png"):
            time.sleep(600)
    return decoding.decode_each(paths, target)
"""


def test_a_file_that_crashes_the_decoder_or_never_ends_costs_that_file(
    paths: list[Path], started: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = workers._PROGRAM.replace("from lensmith.data.decoding import decode_each", CRASHING)
    monkeypatch.setattr(workers, "_PROGRAM", program)
    monkeypatch.setattr(workers, "SECONDS_FOR_A_FILE", 2.0)
    places, done = {}, 0
    for its in decode_in_order([str(path) for path in paths], TARGET):
        places |= {done + place: reason for place, reason, _ in its.problems}
        done += len(its.kept) + len(its.problems)
    assert done == 40
    assert places == {
        7: "empty file", 11: "crashed the decoder", 18: "took too long", 25: "crashed the decoder", 30: "truncated"
    }  # fmt: skip


def test_a_process_that_ends_while_it_is_idle_costs_no_file(paths: list[Path], started: list) -> None:
    with workers.Workers(2) as its:
        for child in list(started):
            child.kill()
            child.wait()
        for path in paths[:2]:
            assert its.ask([str(path)], TARGET).kept == [0]
    assert len(started) == 4


def test_a_process_that_ends_before_it_is_told_anything_is_none_that_could_not_be_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def send_late(child: workers.Child, value: object) -> None:
        child.wait()
        send(child, value)

    send = workers.send
    monkeypatch.setattr(workers, "_PROGRAM", "")
    monkeypatch.setattr(workers, "send", send_late)
    with workers.Workers(1) as its, pytest.raises(workers.Lost):
        its.ask(["a.png"], None)


def test_processes_that_never_answer_rightly_are_given_up(
    paths: list[Path], started: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "MOST_LOST", 4)
    monkeypatch.setattr(workers, "_PROGRAM", "print('hello', flush=True)")
    with pytest.raises(DataError, match=r"end again and again, the last one with .* when it was given .*\.png"):
        list(decode_in_order(paths, TARGET))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux")
def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    program = (
        "import os, signal; from lensmith.data import workers; "
        "print(workers.start().pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ends_with(program)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux")
def test_one_that_never_ends_does_not_outlive_for_long_the_one_that_started_it(tmp_path: Path) -> None:
    endless = """
import time
from lensmith.data import workers
workers.SECONDS_FOR_A_FILE = 0.5

def decode_each(paths, target, go_on):
    time.sleep(600)
"""
    program = (
        "import os, signal, sys; from lensmith.data import workers; "
        f"line, other = 'from lensmith.data.decoding import decode_each', {endless!r}; "
        "workers._PROGRAM = workers._PROGRAM.replace(line, other); child = workers.start(); "
        "workers.send(child, (['a.png'], None)); print(child.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ends_with(program)


def ends_with(program: str) -> None:
    """Run a program that prints the number of a process and kills itself; make sure that the process ends, too."""
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    status, end = Path(f"/proc/{int(done.stdout)}/status"), time.monotonic() + 30
    # Where nobody asks how it ended, it stays as a zombie.
    while status.exists() and "State:\tZ" not in status.read_text() and time.monotonic() < end:
        time.sleep(0.01)
    assert time.monotonic() < end


def test_many_slow_files_together_are_not_too_long(
    paths: list[Path], started: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = """
import time
from lensmith.data import decoding, workers
workers.SECONDS_SILENT = 0.1

def decode_each(paths, target, go_on):
    for _ in range(12):
        time.sleep(0.2)
        go_on()
    return decoding.decode_each(paths, target)
"""
    program = workers._PROGRAM.replace("from lensmith.data.decoding import decode_each", slow)
    monkeypatch.setattr(workers, "_PROGRAM", program)
    monkeypatch.setattr(workers, "SECONDS_FOR_A_FILE", 1.5)
    parts = list(decode_in_order([str(path) for path in paths[:6]], TARGET))
    assert sum(len(its.kept) for its in parts) == 6
