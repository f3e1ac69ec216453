from pathlib import Path

import numpy as np
from tests.health.planted import picture, save

from lensmith.config import DataConfig
from lensmith.data import Split, open_dataset, survey
from lensmith.data.dataset import Dataset
from lensmith.health import check_health, check_quickly


def counts(folder: Path, sizes: dict[str, int]) -> Path:
    number = 0
    for name, size in sizes.items():
        for _ in range(size):
            save(picture(number, 32, 32), folder / name / f"{chr(97 + number // 26)}{chr(97 + number % 26)}.png")
            number += 1
    return folder


def test_small_empty_and_outweighed_classes_are_told(tmp_path: Path):
    folder = counts(tmp_path / "d", {"many": 61, "some": 12, "few": 3})
    (folder / "none").mkdir()
    found = {its.kind: its for its in check_health("d", survey(folder, DataConfig())).findings}
    assert found["classes without an image in train"].paths == ["none"]
    assert (found["classes of few images"].paths, found["classes of few images"].details) == (["few"], ["3 images"])
    assert found["unbalanced classes"].paths == ["few", "many"]


def test_one_class_and_splits_of_other_classes_can_be_checked(tmp_path: Path):
    one = check_health("one", survey(counts(tmp_path / "one", {"a": 12}), DataConfig()))
    assert one.readable == 12
    counts(tmp_path / "two" / "train", {"a": 12, "b": 12})
    counts(tmp_path / "two" / "test", {"a": 12, "c": 12})
    found = {its.kind: its.paths for its in check_health("two", survey(tmp_path / "two", DataConfig())).findings}
    assert found["classes without an image in train"] == ["c"]
    assert found["classes without an image in test"] == ["b"]


def test_what_training_looks_for_by_itself_is_what_makes_numbers_wrong(tmp_path: Path):
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    images[30], images[5], images[7] = images[0], images[4], images[6]
    labels = np.arange(40) % 2

    def part(rows: np.ndarray) -> Split:
        return Split(images, rows, labels[rows], [str(row) for row in rows])

    dataset = Dataset("d", "d", ("a", "b"), part(np.arange(30)), None, part(np.arange(30, 40)))
    found = {its.kind: its.groups for its in check_quickly(dataset)}
    assert found == {
        "same pixels in several splits": [["0", "30"]],
        "same pixels under several labels": [["4", "5"], ["6", "7"]],
    }


def test_equal_pictures_are_on_one_side_of_any_split_that_is_made(tmp_path: Path):
    folder = counts(tmp_path / "d", {"a": 20, "b": 20})
    for number in range(12):
        save(picture(number, 32, 32), folder / "a" / f"copy-{chr(97 + number)}.bmp")
    for seed in range(5):
        dataset = open_dataset(folder, DataConfig(split_seed=seed))
        assert "same pixels in several splits" not in {its.kind for its in check_quickly(dataset)}
