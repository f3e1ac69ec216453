import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.data.encoded import encode, noise

from lensmith.config import DataConfig
from lensmith.data import cache, decoding, workers
from lensmith.data.decode import Header
from lensmith.data.decoding import Decoded, Target, decode_each, decode_in_order

TARGET = Target((8, 8), "rgb", "stretch")


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


def test_a_process_that_is_killed_costs_no_file(paths: list[Path], started: list) -> None:
    results = decode_in_order(paths, TARGET)
    first = next(results)
    for child in list(started):
        child.kill()
    assert len(first.kept) + sum(len(its.kept) for its in results) == 38
    assert len(started) > 3


def test_processes_end_when_whoever_wanted_the_images_fails(
    paths: list[Path], started: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(done: int, total: int) -> None:
        raise ZeroDivisionError

    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    with pytest.raises(ZeroDivisionError) as error:
        cache.decode_files(paths, DataConfig(), fail)
    assert error.traceback  # which would keep what is not closed
    assert [child.returncode for child in started] == [-signal.SIGKILL] * 3


def test_where_no_process_can_be_started_threads_do_it(
    paths: list[Path], in_processes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(workers, "start", refused)
    assert sum(len(its.kept) for its in decode_in_order(paths, TARGET)) == 38


def test_what_lies_in_the_working_folder_is_not_run(
    paths: list[Path], started: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit('this is no pickle')")
    monkeypatch.chdir(tmp_path)
    assert sum(len(its.kept) for its in decode_in_order(paths, TARGET)) == 38
    assert len(started) == 3


@pytest.mark.parametrize(
    ("files", "side", "cores", "in_processes", "expected"),
    [
        (50_000, 32, 2, True, 256),
        (2_000, 32, 64, True, 7),
        (50_000, 512, 8, True, 10),
        (200, 96, 8, False, 6),
        (1_000, 96, 8, False, 8),
        (3, 96, 8, False, 1),
        (5_000, 4096, 2, True, 1),
    ],
)
def test_every_core_has_work_and_little_waits_in_memory(
    files: int, side: int, cores: int, in_processes: bool, expected: int
) -> None:
    assert decoding._at_once(files, Target((side, side), "rgb", "stretch"), cores, in_processes) == expected


def test_a_program_without_a_main_guard_can_open_a_large_folder(tmp_path: Path, paths: list[Path]) -> None:
    (tmp_path / "program.py").write_text(
        "import sys\nfrom pathlib import Path\nfrom lensmith.data import decoding, workers\n"
        "decoding._cores = lambda: 2\n"
        "really, started = workers.start, []\n"
        "workers.start = lambda: started.append(1) or really()\n"
        "target = decoding.Target((8, 8), 'rgb', 'stretch')\n"
        "print(sum(len(its.kept) for its in decoding.decode_in_order(sys.argv[1:], target)), len(started))\n"
    )
    command = [sys.executable, str(tmp_path / "program.py"), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "38 2\n"


@pytest.mark.parametrize("kind", ["coloured", "larger"])
def test_what_some_files_make_one_guess_is_put_right_by_the_others(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cache, "HEADERS_GUESSED_FROM", 2)
    images = [noise(20, 30, 1, seed=place) for place in range(5)]
    images[1] = (
        noise(20, 30, 3) if kind == "coloured" else noise(40, 30, 1)
    )  # of five, the first, third, fifth are looked at
    paths = [tmp_path / f"{place}.png" for place in range(5)]
    for path, image in zip(paths, images, strict=True):
        path.write_bytes(encode(image, "PNG"))
    pixels = cache.decode_files(paths, DataConfig()).pixels
    assert pixels.shape == ((5, 20, 30, 3) if kind == "coloured" else (5, 96, 96, 1))
    if kind == "coloured":
        np.testing.assert_array_equal(pixels[0], np.repeat(images[0].reshape(20, 30, 1), 3, axis=2))
