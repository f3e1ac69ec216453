"""Files to decode, and the processes that do it, for all tests of decoding."""

import subprocess
from pathlib import Path

import pytest
from tests.data.encoded import encode, noise

from lensmith.data import decoding, workers


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{place:03d}.png" for place in range(40)]
    for place, path in enumerate(paths):
        path.write_bytes(encode(noise(8 + place % 2, 8, seed=place), "PNG"))
    paths[7].write_bytes(b"")
    paths[30].write_bytes(paths[30].read_bytes()[:80])
    return paths


@pytest.fixture
def in_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(decoding, "_cores", lambda: 3)


@pytest.fixture
def started(in_processes: None, monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen]:
    """The processes that are started."""
    children: list[subprocess.Popen] = []
    really = workers.start

    def start() -> subprocess.Popen:
        children.append(really())
        return children[-1]

    monkeypatch.setattr(workers, "start", start)
    return children
