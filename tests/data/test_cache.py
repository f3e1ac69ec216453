import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.data.encoded import encode, noise

from lensmith.config import DataConfig
from lensmith.data import cache, decoding
from lensmith.data.cache import decode_files
from lensmith.data.decode import Header
from lensmith.errors import DataError, DecodeError
from lensmith.files import UNFINISHED

CONFIG = DataConfig(image_size=8, color="rgb")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return write_images(tmp_path / "images", 12)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode in this process, where it can be watched."""
    monkeypatch.setattr(decoding, "can_start", lambda: False)


@pytest.fixture
def decoded(here: None, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was decoded, file by file."""
    contents: list[bytes] = []
    really = decoding.decode_with_header

    def counting(content: bytes, color: str) -> tuple[np.ndarray, Header]:
        contents.append(content)
        return really(content, color)

    monkeypatch.setattr(decoding, "decode_with_header", counting)
    return contents


def write_images(folder: Path, n: int) -> list[Path]:
    folder.mkdir(parents=True)
    paths = [folder / f"{place:03d}.png" for place in range(n)]
    for place, path in enumerate(paths):
        path.write_bytes(encode(noise(8, 8, seed=place), "PNG"))
    return paths


def entries(home: Path, pattern: str = "*") -> list[Path]:
    return sorted((home / "images").glob(pattern))


def test_pixels_are_those_of_the_files_in_their_order(home: Path, paths: list[Path]) -> None:
    result = decode_files(paths[::-1], CONFIG)
    np.testing.assert_array_equal(result.pixels, [noise(8, 8, seed=place) for place in range(12)][::-1])
    assert result.kept == list(range(12))
    assert result.problems == []
    assert len(set(result.hashes)) == 12


def test_second_opening_decodes_nothing(home: Path, paths: list[Path], decoded: list[bytes]) -> None:
    first = decode_files(paths, CONFIG)
    assert len(decoded) == 12
    second = decode_files(paths, CONFIG)
    assert len(decoded) == 12
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert (first.kept, first.problems, first.hashes) == (second.kept, second.problems, second.hashes)


def change_content(paths: list[Path]) -> None:
    paths[3].write_bytes(encode(noise(8, 8, seed=99), "PNG"))


def change_time(paths: list[Path]) -> None:
    os.utime(paths[3], ns=(1, 1))


def change_size_alone(paths: list[Path]) -> None:
    before = paths[3].stat().st_mtime_ns
    paths[3].write_bytes(paths[3].read_bytes() + b"\0")
    os.utime(paths[3], ns=(before, before))


def remove(paths: list[Path]) -> None:
    paths[3].unlink()


@pytest.mark.parametrize("change", [change_content, change_time, change_size_alone, remove])
def test_changed_file_is_decoded_again(
    change: Callable[[list[Path]], None], home: Path, paths: list[Path], decoded: list[bytes]
) -> None:
    decode_files(paths, CONFIG)
    change(paths)
    result = decode_files(paths, CONFIG)
    assert len(decoded) > 12
    expected = noise(8, 8, seed=99) if change is change_content else noise(8, 8, seed=3)
    if change is remove:
        assert result.problems == [(3, "missing file", "")]
    else:
        np.testing.assert_array_equal(result.pixels[3], expected)


@pytest.mark.parametrize(
    "config",
    [
        DataConfig(image_size=9, color="rgb"),
        DataConfig(image_size=8, color="grayscale"),
        DataConfig(image_size=8, color="rgb", resize="pad"),
    ],
)
def test_other_settings_have_a_cache_of_their_own(config: DataConfig, home: Path, paths: list[Path]) -> None:
    decode_files(paths, CONFIG)
    size, channels = config.image_size, 3 if config.color == "rgb" else 1
    assert decode_files(paths, config).pixels.shape == (12, size, size, channels)
    assert len(entries(home)) == 2


def test_files_that_cannot_be_used_are_told_with_place_and_reason(home: Path, paths: list[Path], monkeypatch) -> None:
    monkeypatch.setattr(decoding, "_at_once", lambda *_: 5)
    paths[2].write_bytes(b"")
    paths[5].write_text("<html>")
    paths[7].write_bytes(paths[7].read_bytes()[:120])
    result = decode_files(paths, CONFIG)
    assert [(place, reason) for place, reason, _ in result.problems] == [
        (2, "empty file"),
        (5, "not an image"),
        (7, "truncated"),
    ]
    assert result.kept == [0, 1, 3, 4, 6, 8, 9, 10, 11]
    np.testing.assert_array_equal(result.pixels[-1], noise(8, 8, seed=11))


def test_auto_takes_the_shared_small_size_and_gray_only_if_all_are(home: Path, tmp_path: Path) -> None:
    auto = DataConfig()
    (tmp_path / "gray").mkdir()
    gray = [tmp_path / "gray" / f"{place}.png" for place in range(3)]
    for path in gray:
        path.write_bytes(encode(noise(20, 30, 1), "PNG"))
    assert decode_files(gray, auto).pixels.shape == (3, 20, 30, 1)
    gray[1].write_bytes(encode(noise(20, 30, 3), "PNG"))
    assert decode_files(gray, auto).pixels.shape == (3, 20, 30, 3)
    gray[1].write_bytes(encode(noise(30, 20, 1), "PNG"))
    assert decode_files(gray, auto).pixels.shape == (3, 96, 96, 1)
    for path in gray:
        path.write_bytes(encode(noise(65, 65, 1), "PNG"))
    assert decode_files(gray, auto).pixels.shape == (3, 96, 96, 1)


def test_pixels_stay_on_disk_and_none_at_all_are_no_damage(home: Path, paths: list[Path]) -> None:
    assert isinstance(decode_files(paths, CONFIG).pixels, np.memmap)
    for path in paths:
        path.write_bytes(b"")
    assert decode_files(paths, CONFIG).pixels.shape == (0, 8, 8, 3)


def test_progress_counts_all_files_up_to_the_end(home: Path, paths: list[Path], monkeypatch) -> None:
    monkeypatch.setattr(decoding, "_at_once", lambda *_: 5)
    told: list[tuple[int, int]] = []
    decode_files(paths, CONFIG, lambda done, total: told.append((done, total)))
    assert told == [(5, 12), (10, 12), (12, 12)]


def shorten(folder: Path) -> None:
    os.truncate(folder / "pixels", 100)


def lose_the_pixels(folder: Path) -> None:
    (folder / "pixels").unlink()


def halve_the_index(folder: Path) -> None:
    index = folder / "index.json"
    os.truncate(index, index.stat().st_size // 2)


def empty_the_index(folder: Path) -> None:
    (folder / "index.json").write_text("{}")


@pytest.mark.parametrize("damage", [shorten, lose_the_pixels, halve_the_index, empty_the_index])
def test_half_written_cache_is_made_anew(
    damage: Callable[[Path], None],
    home: Path,
    paths: list[Path],
    decoded: list[bytes],
) -> None:
    whole = np.array(decode_files(paths, CONFIG).pixels)  # a copy: a map would change with its file
    (folder,) = entries(home)
    damage(folder)
    np.testing.assert_array_equal(decode_files(paths, CONFIG).pixels, whole)
    assert len(decoded) == 24
    decode_files(paths, CONFIG)
    assert len(decoded) == 24
    assert entries(home) == [folder]


FILL = """
import hashlib, json, os, signal, sys, time
from pathlib import Path
from lensmith.config import DataConfig
from lensmith.data import cache, decoding

die_after, paths = int(sys.argv[1]), [Path(line) for line in sys.stdin.read().splitlines()]
really, done = decoding.decode_with_header, []

def decode(content, color):
    done.append(content)
    time.sleep(0.002)
    if 0 < die_after <= len(done):
        os.kill(os.getpid(), signal.SIGKILL)
    return really(content, color)

decoding.decode_with_header, decoding._at_once, decoding.can_start = decode, lambda *_: 10, lambda: False
result = cache.decode_files(paths, DataConfig(image_size=8, color="rgb"))
print(len(done), hashlib.sha256(result.pixels.tobytes()).hexdigest())
"""


def start_filling(paths: list[Path], die_after: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FILL, str(die_after)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    process.stdin.write("\n".join(map(str, paths)))
    process.stdin.close()
    return process


def test_killed_while_filling_leaves_nothing_that_is_taken_for_complete(
    home: Path, tmp_path: Path, decoded: list[bytes]
) -> None:
    paths = write_images(tmp_path / "many", 40)
    with start_filling(paths, die_after=25) as process:
        assert process.wait(60) == -signal.SIGKILL
    assert [entry.name.startswith(UNFINISHED) for entry in entries(home)] == [True]
    result = decode_files(paths, CONFIG)
    assert len(decoded) == 40
    np.testing.assert_array_equal(result.pixels[39], noise(8, 8, seed=39))


def test_what_a_killed_process_left_is_removed_after_a_day(home: Path, paths: list[Path]) -> None:
    for name, age in ((f"{UNFINISHED}old", 2 * 24 * 3600), (f"{UNFINISHED}now", 60)):
        (home / "images" / name).mkdir(parents=True)
        (home / "images" / name / "pixels").touch()
        for path in (home / "images" / name / "pixels", home / "images" / name):
            os.utime(path, (time.time() - age,) * 2)
    decode_files(paths, CONFIG)
    assert [entry.name for entry in entries(home, f"{UNFINISHED}*")] == [f"{UNFINISHED}now"]


def test_two_processes_at_once_both_get_the_pixels(home: Path, tmp_path: Path) -> None:
    paths = write_images(tmp_path / "many", 200)
    with start_filling(paths) as first, start_filling(paths) as second:
        outputs = [process.stdout.read().split() for process in (first, second) if process.stdout]
        assert [process.wait(60) for process in (first, second)] == [0, 0]
    assert outputs[0][1] == outputs[1][1]
    (folder,) = entries(home)
    assert json.loads((folder / "index.json").read_text())["shape"] == [200, 8, 8, 3]
    np.testing.assert_array_equal(decode_files(paths, CONFIG).pixels[7], noise(8, 8, seed=7))


def test_process_that_comes_second_keeps_the_cache_of_the_first(
    home: Path, paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    really = cache._write_pixels

    def overtaken(*arguments) -> dict:
        monkeypatch.setattr(cache, "_write_pixels", really)
        decode_files(paths, CONFIG)  # another process begins later and ends sooner
        (folder,) = [entry for entry in entries(home) if not entry.name.startswith(UNFINISHED)]
        (folder / "first").touch()
        return really(*arguments)

    monkeypatch.setattr(cache, "_write_pixels", overtaken)
    assert len(decode_files(paths, CONFIG).pixels) == 12
    (folder,) = entries(home)
    assert (folder / "first").exists()


def test_home_that_cannot_be_written_is_a_data_error(tmp_path: Path, paths: list[Path], monkeypatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(DataError, match=r"cannot be written.*Set LENSMITH_HOME to another"):
        decode_files(paths, CONFIG)


def test_full_disk_is_a_data_error_and_leaves_nothing(home: Path, paths: list[Path], monkeypatch) -> None:
    def full(file: Path, *_: object) -> None:
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "_write_pixels", full)
    with pytest.raises(DataError, match=r"No space left on device\. .* has [0-9,]+ free\. .* LENSMITH_HOME"):
        decode_files(paths, CONFIG)
    assert entries(home) == []


def test_ctrl_c_while_filling_leaves_nothing(home: Path, paths: list[Path]) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decode_files(paths, CONFIG, interrupt)
    assert entries(home) == []


def test_file_that_becomes_readable_is_used(home: Path, paths: list[Path], here: None, monkeypatch) -> None:
    def refused(path: Path) -> bytes:
        raise DecodeError("unreadable file", "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(decoding, "read_file", refused)
        patch.setattr(cache, "_can_be_opened", lambda path: False)
        assert len(decode_files(paths, CONFIG).problems) == 12
        assert len(decode_files(paths, CONFIG).problems) == 12
    assert decode_files(paths, CONFIG).problems == []


def test_home_is_the_users_cache_folder_unless_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LENSMITH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache.lensmith_home() == Path("/somewhere/lensmith")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.lensmith_home() == Path.home() / ".cache" / "lensmith"
