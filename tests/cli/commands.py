"""Run commands, in processes of their own and in this one."""

import contextvars
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lensmith.cli import main


def lensmith_process(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lensmith", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Run the command line in this process, where Keras has started already."""
    monkeypatch.setattr(sys, "argv", ["lensmith", *map(str, arguments)])
    before = signal.getsignal(signal.SIGTERM)
    try:
        contextvars.copy_context().run(main)  # what a command sets ends with it
    except SystemExit as done:
        return int(done.code or 0)
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0
