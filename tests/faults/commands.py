"""Run lensmith's command line in a process that has TensorFlow imported already: a trial takes no longer than it must.

A process that was forked after the import is as one that was started: nothing of TensorFlow runs before its first
operation.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path


def prepare() -> None:
    """Import what `train` imports, and make sure that it may be forked."""
    import lensmith.cli
    import lensmith.workflows.resume
    import lensmith.workflows.train
    from lensmith.backend import start_keras

    start_keras()
    import lensmith.training.keeping
    import lensmith.training.restoring  # noqa: F401

    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        raise RuntimeError(f"there are {threads} threads already, and a fork has only one of them")


def start(*words: str, log: Path) -> int:
    """Start `lensmith WORDS`, what it prints going to a file; return the process."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.argv = ["lensmith", *words]
        from lensmith.cli import main, train

        train.STARTED = time.perf_counter()
        main()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def wait(pid: int) -> int:
    """Wait for a process; return its exit code, negative for the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@dataclass(frozen=True)
class Stopped:
    """How a process ended.

    Attributes:
        code: Its exit code, negative for the signal that ended it.
        seconds: It took to end from when it was asked; 0 where it had ended before.
    """

    code: int
    seconds: float


def stop_after(pid: int, seconds: float, number: int = signal.SIGKILL) -> Stopped:
    """Send a process a signal after so long, unless it has ended by then, and wait for its end."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return Stopped(os.waitstatus_to_exitcode(status), 0.0)
        time.sleep(0.002)
    os.kill(pid, number)
    asked = time.perf_counter()
    return Stopped(wait(pid), round(time.perf_counter() - asked, 2))
