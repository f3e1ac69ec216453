import json
from pathlib import Path

import numpy as np
import pytest

from lensmith.data import dataset as dataset_module
from lensmith.data.dataset import Dataset, Skipped, Split

STORE = np.arange(6 * 2 * 3 * 3, dtype=np.uint8).reshape(6, 2, 3, 3)
NAMES = [f"{place}.png" for place in range(6)]


def split_of(*rows: int) -> Split:
    indices = np.array(rows)
    return Split(STORE, indices, indices % 2, [NAMES[row] for row in rows])


def dataset(**fields) -> Dataset:
    splits = {"train": split_of(0, 1, 2), "validation": None, "test": split_of(5)}
    return Dataset(name="d", source="/d", class_names=("even", "odd"), **{**splits, **fields})


def test_split_reads_its_own_images_by_position() -> None:
    split = split_of(4, 1, 3)
    assert len(split) == 3
    np.testing.assert_array_equal(split.read(), STORE[[4, 1, 3]])
    np.testing.assert_array_equal(split.read(np.array([2, 0])), STORE[[3, 4]])
    np.testing.assert_array_equal(split.read(slice(1, 2)), STORE[[1]])


def test_what_is_read_of_a_file_is_in_memory(tmp_path: Path) -> None:
    STORE.tofile(tmp_path / "pixels")
    mapped = np.memmap(tmp_path / "pixels", np.uint8, "r", shape=STORE.shape)
    images = Split(mapped, np.array([3, 4]), np.array([0, 1]), NAMES[3:5]).read()
    assert not isinstance(images, np.memmap)
    images += 1
    np.testing.assert_array_equal(mapped, STORE)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="asks Linux")
@pytest.mark.parametrize("kept", [True, False])
def test_of_a_large_map_no_page_is_kept_that_is_not_used(
    kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (500, 64, 64, 3), (0, 0, 0, 0))
    store.tofile(tmp_path / "pixels")
    mapped = np.memmap(tmp_path / "pixels", np.uint8, "r", shape=store.shape)
    monkeypatch.setattr(dataset_module, "LARGEST_IN_MEMORY", store.nbytes if kept else store.nbytes - 1)
    split = Split(mapped, np.arange(500), np.zeros(500, np.int64), ["a"] * 500)
    split.read()
    split.peek(64)
    lines = Path("/proc/self/smaps").read_text().partition(str(tmp_path / "pixels"))[2].splitlines()
    held = int(next(line for line in lines if line.startswith("Rss:")).split()[1])
    assert (held > 1000) == kept


def test_a_few_values_of_every_image_are_seen_in_the_order_of_the_split() -> None:
    split = split_of(4, 1, 3)
    flat = STORE.reshape(len(STORE), -1)
    np.testing.assert_array_equal(split.peek(6), flat[[4, 1, 3]][:, ::3])
    np.testing.assert_array_equal(split.peek(1000), flat[[4, 1, 3]])


def test_part_of_a_split_keeps_its_labels_and_names() -> None:
    part = split_of(4, 1, 3).take(np.array([2, 0]))
    assert (part.indices.tolist(), part.labels.tolist(), part.names) == ([3, 4], [1, 0], ["3.png", "4.png"])
    assert part.store is STORE


def test_dataset_tells_its_splits_shape_and_balance() -> None:
    data = dataset()
    assert list(data.splits) == ["train", "test"]
    assert list(dataset(validation=split_of(3)).splits) == ["train", "validation", "test"]
    assert data.image_shape == (2, 3, 3)
    assert data.class_counts == {"train": {"even": 2, "odd": 1}, "test": {"even": 0, "odd": 1}}


def test_skipped_files_are_counted_by_reason() -> None:
    skipped = (Skipped("a", "truncated"), Skipped("b", "empty file"), Skipped("c", "truncated", "at 5"))
    assert dataset(skipped=skipped).skipped_by_reason == {"empty file": 1, "truncated": 2}
    assert dataset().skipped_by_reason == {}


def test_record_of_a_dataset_is_json_without_its_pixels() -> None:
    record = json.loads(json.dumps(dataset(skipped=(Skipped("a", "truncated"),)).to_dict()))
    assert record["class_names"] == ["even", "odd"]
    assert record["skipped"] == [{"path": "a", "reason": "truncated", "detail": ""}]
    assert "train" not in record


def test_dataset_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        dataset().name = "other"  # type: ignore[misc]


def test_a_sample_is_random_seeded_and_never_larger_than_the_split():
    split = Split(np.zeros((10, 1, 1, 1), np.uint8), np.arange(10), np.arange(10), [str(i) for i in range(10)])
    assert sorted(split.sample(100, seed=0).labels.tolist()) == list(range(10))
    assert split.sample(4, seed=1).names == split.sample(4, seed=1).names
    assert split.sample(4, seed=1).names != split.sample(4, seed=2).names
