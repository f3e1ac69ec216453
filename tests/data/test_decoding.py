import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.data.encoded import encode, noise

from lensmith.config import DataConfig
from lensmith.data import cache, decoding
from lensmith.data.decode import Header
from lensmith.data.decoding import Decoded, Target, decode_each, decode_in_order
from lensmith.errors import DataError

TARGET = Target((8, 8), "rgb", "stretch")


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
    monkeypatch.setattr(decoding, "FEWEST_FOR_PROCESSES", 1)
    monkeypatch.setattr(decoding, "FILES_AT_ONCE", 3)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)


def same(a: Decoded, b: Decoded) -> bool:
    return (a.pixels == b.pixels).all() and (a.kept, a.hashes, a.headers) == (b.kept, b.hashes, b.headers)


def test_processes_give_what_this_one_gives_in_the_same_order(paths: list[Path], in_processes: None) -> None:
    parts = list(decode_in_order(paths, TARGET))
    expected = [decode_each(paths[start : start + 3], TARGET) for start in range(0, 40, 3)]
    assert len(parts) == len(expected) == 14
    assert all(same(a, b) for a, b in zip(parts, expected, strict=True))
    assert [its.problems[0][:2] for its in parts if its.problems] == [(1, "empty file"), (0, "truncated")]


def test_files_tell_their_size_and_colour_damaged_ones_too(paths: list[Path]) -> None:
    assert decode_each(paths[29:31], TARGET).headers == {Header((9, 8), True), Header((8, 8), True)}
    assert decode_each(paths[7:8], TARGET).headers == set()


def test_no_file_that_can_be_decoded_gives_no_pixels_of_the_right_shape(paths: list[Path]) -> None:
    assert decode_each(paths[7:8], Target((4, 5), "grayscale", "pad")).pixels.shape == (0, 4, 5, 1)


def test_a_process_that_is_killed_is_said_with_the_file_it_had_come_to(
    paths: list[Path], in_processes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    really = decoding._start
    monkeypatch.setattr(decoding, "_start", lambda: started.append(really()) or started[-1])
    results = decode_in_order(paths, TARGET)
    next(results)
    for child in started:
        child.kill()
    with pytest.raises(DataError, match=r"decodes images ended with -9 while it read .*\.png"):
        list(results)
    assert all(child.poll() is not None for child in started)


def test_processes_end_when_nobody_wants_more(
    paths: list[Path], in_processes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    really = decoding._start
    monkeypatch.setattr(decoding, "_start", lambda: started.append(really()) or started[-1])
    results = decode_in_order(paths, TARGET)
    next(results)
    results.close()
    assert [child.returncode for child in started] == [-signal.SIGKILL] * 3


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux")
def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    program = (
        "import os, signal; from lensmith.data import decoding; "
        "print(decoding._start().pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    status, end = Path(f"/proc/{int(done.stdout)}/status"), time.monotonic() + 30
    # Where nobody asks how it ended, it stays as a zombie.
    while status.exists() and "State:\tZ" not in status.read_text() and time.monotonic() < end:
        time.sleep(0.01)
    assert time.monotonic() < end


def test_a_program_without_a_main_guard_can_open_a_large_folder(tmp_path: Path, paths: list[Path]) -> None:
    (tmp_path / "program.py").write_text(
        "import sys\nfrom pathlib import Path\nfrom lensmith.data import decoding\n"
        "decoding.FEWEST_FOR_PROCESSES = 1\n"
        "target = decoding.Target((8, 8), 'rgb', 'stretch')\n"
        "print(sum(len(its.kept) for its in decoding.decode_in_order([Path(p) for p in sys.argv[1:]], target)))\n"
    )
    command = [sys.executable, str(tmp_path / "program.py"), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "38\n"


@pytest.mark.parametrize("kind", ["coloured", "larger"])
def test_what_the_first_files_make_one_guess_is_put_right_by_the_others(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cache, "HEADERS_GUESSED_FROM", 2)
    images = [noise(20, 30, 1, seed=place) for place in range(5)]
    images[4] = noise(20, 30, 3) if kind == "coloured" else noise(40, 30, 1)
    paths = [tmp_path / f"{place}.png" for place in range(5)]
    for path, image in zip(paths, images, strict=True):
        path.write_bytes(encode(image, "PNG"))
    pixels = cache.decode_files(paths, DataConfig()).pixels
    assert pixels.shape == ((5, 20, 30, 3) if kind == "coloured" else (5, 96, 96, 1))
    if kind == "coloured":
        np.testing.assert_array_equal(pixels[0], np.repeat(images[0].reshape(20, 30, 1), 3, axis=2))
