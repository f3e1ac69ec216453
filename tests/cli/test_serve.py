"""`lensmith serve`: where it cannot listen, it says so."""

import socket
from pathlib import Path

from tests.cli.commands import lensmith_process

from lensmith.runs import Run


def test_a_port_that_is_taken_is_an_error_with_a_way_out(tiny_run: Run, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = lensmith_process("serve", tiny_run.path, "--port", port, cwd=tmp_path)
    assert done.returncode == 2
    assert f"Nothing can be listened to at 127.0.0.1, port {port}: Address already in use" in done.stderr
    assert "Give another --host or --port" in done.stderr
