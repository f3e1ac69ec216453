"""Folders of very many files, and of files that go away while they are read."""

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from lensmith.config import DataConfig
from lensmith.data import open_dataset
from lensmith.data.cache import decode_files

CONFIG = DataConfig(image_size=8, color="rgb")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))


def bitmap(number: int) -> bytes:
    """A BMP of 4x4 pixels, all of the colour that a number is."""
    header = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 102, 0, 0, 54, 40, 4, 4, 1, 24, 0, 48, 0, 0, 0, 0)
    return header + number.to_bytes(3, "little") * 16


@pytest.mark.slow
def test_a_hundred_thousand_files_in_one_folder_are_read(tmp_path: Path) -> None:
    n = 100_000
    for name, numbers in (("few", range(n, n + 20)), ("many", range(n))):
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        for number in numbers:
            (folder / f"{number:06d}.bmp").write_bytes(bitmap(number))
    dataset = open_dataset(tmp_path / "images", DataConfig())
    assert dataset.skipped == ()
    seen = []
    for split in dataset.splits.values():
        red, green, blue = split.read()[:, 0, 0].astype(int).T
        numbers = blue + 256 * green + 65536 * red
        assert [Path(name).stem for name in split.names] == [f"{number:06d}" for number in numbers]
        np.testing.assert_array_equal(split.labels, numbers < n)
        seen.append(numbers)
    np.testing.assert_array_equal(np.sort(np.concatenate(seen)), np.arange(n + 20))


def test_files_that_go_away_while_they_are_read_cost_themselves_and_are_read_when_they_are_back(
    paths: list[Path], in_processes: None, tmp_path: Path
) -> None:
    away = tmp_path / "away"
    away.mkdir()

    def take_away(done: int, total: int) -> None:
        for path in paths:
            if path.exists():
                shutil.move(path, away)

    first = decode_files([str(path) for path in paths], CONFIG, take_away)
    reasons = {place: reason for place, reason, _ in first.problems}
    assert len(first.kept) + len(reasons) == 40
    assert first.kept[:3] == [0, 1, 2]
    # No more than a few are decoded ahead.
    assert [reasons[place] for place in range(24, 40)] == ["missing file"] * 16
    for path in paths:
        shutil.move(away / path.name, path)
    again = decode_files([str(path) for path in paths], CONFIG)
    assert [its[:2] for its in again.problems] == [(7, "empty file"), (30, "truncated")]
