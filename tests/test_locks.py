import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lensmith.errors import RunError
from lensmith.locks import LOCK, is_locked, locked, this_process

HOLD = """
import sys
from pathlib import Path
from lensmith.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen]:
    """Another process that holds `tmp_path`."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_only_one_process_holds_it_and_the_other_is_told_which(holder: subprocess.Popen, tmp_path: Path):
    (tmp_path / "run.json").write_text(f'{{"process": {{"pid": {holder.pid}, "host": "{socket.gethostname()}"}}}}')
    who = f"number {holder.pid} on {socket.gethostname()}"
    with pytest.raises(RunError, match=f"is being trained by another process, {who}"), locked(tmp_path):
        pass
    assert is_locked(tmp_path)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"process": 3}', "[" * 1000])
def test_who_holds_it_may_be_unknown(content: str | None, holder: subprocess.Popen, tmp_path: Path):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(RunError, match=r"by another process\. Wait for it"), locked(tmp_path):
        pass


def test_when_its_process_is_killed_it_is_free_at_once_whatever_is_left(holder: subprocess.Popen, tmp_path: Path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / LOCK).exists()
    assert not is_locked(tmp_path)
    with locked(tmp_path):
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)


def test_what_cannot_be_held_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be held for training"), locked(tmp_path / "file"):
        pass


def test_a_process_is_known_by_its_number_and_machine():
    assert this_process() == {"pid": os.getpid(), "host": socket.gethostname()}
