import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from tests.data.encoded import encode, noise
from tests.made_images import stripes, write_folder

from lensmith.config import DataConfig
from lensmith.data.dataset import Dataset
from lensmith.data.sources import kind_of, open_dataset
from lensmith.errors import DataError
from lensmith.records import to_json

NAMES = ("horizontal", "vertical")
CONFIGS = [
    DataConfig(),
    DataConfig(image_size=[7, 9], resize="crop"),
    DataConfig(image_size=20, color="grayscale", resize="pad"),
]


def write_all(root: Path, n: int = 40, *, split: bool = False) -> tuple[Path, Path, Path]:
    """Write the same images in the same order as a folder of PNG files, a CSV that lists them, and an NPZ."""
    images, labels = stripes(n)
    images, labels = images[np.argsort(labels, kind="stable")], np.sort(labels)
    splits = {"train": np.arange(n) % 4 < 2, "val": np.arange(n) % 4 == 2, "test": np.arange(n) % 4 == 3}
    rows, arrays = [], {"class_names": np.array(NAMES)}
    for name, members in splits.items() if split else [("train", np.full(n, True))]:
        folder = root / "folder" / name if split else root / "folder"
        write_folder(folder, images[members], labels[members], NAMES)
        files = sorted(folder.rglob("*.png"))
        rows += [[file.relative_to(root), file.parent.name, name if split else ""] for file in files]
        arrays |= {f"x_{name}": images[members], f"y_{name}": labels[members]}
    with (root / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "label", "split"], *rows])
    np.savez(root / "arrays.npz", **arrays)
    return root / "folder", root / "list.csv", root / "arrays.npz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "animals", *stripes(20), ("cat", "dog"))


def assert_same(one: Dataset, other: Dataset) -> None:
    np.testing.assert_array_equal(one.train.store, other.train.store)
    assert one.class_names == other.class_names
    assert list(one.splits) == list(other.splits)
    for name in one.splits:
        np.testing.assert_array_equal(one.splits[name].indices, other.splits[name].indices)
        np.testing.assert_array_equal(one.splits[name].labels, other.splits[name].labels)
    assert (one.color, one.resize, one.class_counts) == (other.color, other.resize, other.class_counts)


@pytest.mark.parametrize("config", CONFIGS, ids=["native", "crop", "pad"])
@pytest.mark.parametrize("split", [False, True], ids=["unsplit", "split"])
def test_same_images_are_the_same_data_as_folder_csv_and_npz(split: bool, config: DataConfig, tmp_path: Path) -> None:
    folder, listed, arrays = [open_dataset(source, config) for source in write_all(tmp_path, split=split)]
    assert_same(folder, listed)
    assert_same(folder, arrays)
    assert list(folder.splits) == ["train", "validation", "test"]
    assert len(folder.train.store) == 40


def test_pixels_and_labels_are_those_of_the_files(tmp_path: Path) -> None:
    folder, _, _ = write_all(tmp_path)
    data = open_dataset(folder, DataConfig())
    for split in data.splits.values():
        for image, label, name in zip(split.read(), split.labels, split.names, strict=True):
            assert name.startswith(data.class_names[label])
            assert ("vertical" in name) == bool(np.ptp(image.mean(axis=(0, 2))) > np.ptp(image.mean(axis=(1, 2))))


def test_splits_follow_the_seed_and_say_where_they_come_from(folder: Path) -> None:
    first, again, other = (open_dataset(folder, DataConfig(split_seed=seed)) for seed in (1, 1, 2))
    assert_same(first, again)
    assert first.fingerprint == again.fingerprint == other.fingerprint
    assert set(first.test.names) != set(other.test.names)
    assert first.split_origin == "test and validation taken from the training images, stratified by class, seed 1"
    assert [len(split) for split in first.splits.values()] == [14, 2, 4]


def test_splits_that_are_there_are_kept_and_only_missing_ones_made(tmp_path: Path) -> None:
    images, labels = stripes(40)
    for name in ("train", "test"):
        write_folder(tmp_path / "d" / name, images, labels, NAMES)
    data = open_dataset(tmp_path / "d", DataConfig())
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 36,
        "validation": 4,
        "test": 40,
    }
    assert all(name.startswith("test/") for name in data.test.names)
    assert data.split_origin == "validation taken from the training images, stratified by class, seed 0"
    everything = open_dataset(tmp_path / "d", DataConfig(validation=0))
    assert {name: len(split) for name, split in everything.splits.items()} == {"train": 40, "test": 40}
    assert everything.split_origin == "as the data comes"
    write_folder(tmp_path / "e" / "train", images, labels, NAMES)
    write_folder(tmp_path / "e" / "valid", images[:4], labels[:4], NAMES)
    assert list(open_dataset(tmp_path / "e", DataConfig()).splits) == ["train", "validation"]


def test_fingerprint_changes_with_images_labels_and_class_names(folder: Path) -> None:
    def fingerprint() -> str:
        return open_dataset(folder, DataConfig()).fingerprint

    seen = {fingerprint()}
    first, *_ = sorted((folder / "cat").iterdir())
    first.write_bytes(encode(noise(12, 12), "PNG"))
    seen.add(fingerprint())
    first.rename(folder / "dog" / first.name)
    seen.add(fingerprint())
    (folder / "dog").rename(folder / "wolf")
    seen.add(fingerprint())
    assert len(seen) == 4


def test_fingerprint_changes_with_labels_alone(tmp_path: Path) -> None:
    images, labels = stripes(12)
    fingerprints = set()
    for its in (labels, 1 - labels):
        np.savez(tmp_path / "arrays.npz", x_train=images, y_train=its)
        fingerprints.add(open_dataset(tmp_path / "arrays.npz", DataConfig()).fingerprint)
    assert len(fingerprints) == 2


def test_found_is_used_and_skipped(folder: Path) -> None:
    bad = {
        "empty.png": b"",
        "page.jpg": b"<html>",
        "notes.txt": b"notes",
        "cut.png": encode(noise(9, 9), "PNG")[:90],
    }
    for name, content in bad.items():
        (folder / "cat" / name).write_bytes(content)
    (folder / "README.md").touch()
    (folder / "dog" / "nowhere.png").symlink_to("/nowhere")
    (folder / "dog" / ".hidden").touch()
    os.mkfifo(folder / "dog" / "pipe.jpg")
    data = open_dataset(folder, DataConfig())
    found = [path for path in folder.rglob("*") if not path.is_dir() and not path.name.startswith(".")]
    used = [name for split in data.splits.values() for name in split.names]
    skipped = {file.path: file.reason for file in data.skipped}
    assert len(found) == 20 + 7
    assert sorted([*used, *skipped]) == sorted(path.relative_to(folder).as_posix() for path in found)
    assert skipped == {
        "README.md": "outside any class folder",
        "cat/cut.png": "truncated",
        "cat/empty.png": "empty file",
        "cat/notes.txt": "not an image",
        "cat/page.jpg": "not an image",
        "dog/nowhere.png": "missing file",
        "dog/pipe.jpg": "not a regular file",
    }
    assert sum(data.skipped_by_reason.values()) == 7


def test_wrongly_named_files_are_decoded_by_content(tmp_path: Path) -> None:
    kinds = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for kind in kinds:
            for suffix in kinds:
                content = encode(noise(8, 8, seed=len(kind + suffix)), kind)
                (tmp_path / label / f"{kind}.{suffix.lower()}").write_bytes(content)
    data = open_dataset(tmp_path, DataConfig())
    assert data.skipped == ()
    assert sum(len(split) for split in data.splits.values()) == 72


def test_file_that_a_csv_names_and_that_is_missing_is_skipped(folder: Path) -> None:
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    rows = [f"{name},{name[:3]}\n" for name in [*names, "cat/gone.png"]]
    (folder / "list.csv").write_text("path,label\n" + "".join(rows))
    data = open_dataset(folder / "list.csv", DataConfig())
    assert [(file.path, file.reason) for file in data.skipped] == [("cat/gone.png", "missing file")]


def test_odd_names_reach_json(tmp_path: Path) -> None:
    odd = ["emoji 🐈", "new\nline", "\u202egnp", os.fsdecode(b"caf\xe9")]
    try:
        write_folder(tmp_path / "odd", *stripes(20), (odd[1], odd[3]))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    for name in odd:
        (tmp_path / "odd" / odd[1] / f"{name}.png").write_text("no image")
    data = open_dataset(tmp_path / "odd", DataConfig())
    record = json.loads(to_json(data).encode())
    assert record["class_names"] == ["caf\\xe9", "new\nline"]
    assert len(record["skipped"]) == 4
    assert json.loads(to_json(data.train.names).encode()) == list(data.train.names)


def test_path_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    try:
        write_folder(tmp_path / os.fsdecode(b"caf\xe9"), *stripes(8), NAMES)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.raises(DataError, match=r"caf\\xe9 is not UTF-8.*Rename it"):
        open_dataset(tmp_path / os.fsdecode(b"caf\xe9"), DataConfig())


def test_class_with_one_image_is_refused_and_named(folder: Path) -> None:
    (folder / "bird").mkdir()
    (folder / "bird" / "only.png").write_bytes(encode(noise(12, 12), "PNG"))
    with pytest.raises(DataError, match=r"Class 'bird' has 1 image \(bird/only.png\) .* at least 3 are needed"):
        open_dataset(folder, DataConfig())


@pytest.mark.parametrize("content", [None, b"not an image"], ids=["empty folder", "no images"])
def test_class_without_a_usable_image_never_becomes_an_output(content: bytes | None, folder: Path) -> None:
    (folder / "bird").mkdir()
    if content:
        (folder / "bird" / "notes.txt").write_bytes(content)
    with pytest.raises(DataError, match="Class 'bird' has 0 images that can be used"):
        open_dataset(folder, DataConfig())


def test_folder_of_files_that_are_no_images_is_refused_with_examples(tmp_path: Path) -> None:
    for name in ("a/1.txt", "a/2.txt", "b/3.txt", "b/4.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
    with pytest.raises(
        DataError, match=r"none of 4 files is an image .*\(a/1.txt: not an image; .* Expected JPEG, PNG"
    ):
        open_dataset(tmp_path, DataConfig())


def test_split_whose_images_are_all_damaged_is_refused(folder: Path, tmp_path: Path) -> None:
    for split in ("train", "test"):
        write_folder(tmp_path / "d" / split, *stripes(8), NAMES)
    for file in (tmp_path / "d" / "test").rglob("*.png"):
        file.write_bytes(b"")
    with pytest.raises(DataError, match="The test split has no usable image"):
        open_dataset(tmp_path / "d", DataConfig())


def test_npz_names_each_image_by_its_array_and_place(tmp_path: Path) -> None:
    _, _, arrays = write_all(tmp_path, 12, split=True)
    data = open_dataset(arrays, DataConfig())
    assert list(data.test.names) == ["x_test[0]", "x_test[1]", "x_test[2]"]
    assert next(iter(data.validation.names)) == "x_val[0]"


def test_npz_says_which_array_is_wrong(tmp_path: Path) -> None:
    images, labels = stripes(8)
    bad = images.astype(float)
    bad[5, 0, 0, 0] = np.nan
    np.savez(tmp_path / "x.npz", x_train=images, y_train=labels, x_test=bad, y_test=labels)
    with pytest.raises(DataError, match=r"x\.npz: x_test has NaN .* first in image 5"):
        open_dataset(tmp_path / "x.npz", DataConfig())


def test_kinds_of_data_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    for name in ("a.csv", "b.NPZ", "c.txt"):
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / "pipe.csv")
    kinds = {"digits": "builtin", "mnist": "builtin", "./mnist": "folder", "a.csv": "csv", "b.NPZ": "npz"}
    assert {source: kind_of(source) for source in kinds} == kinds
    for source in ("c.txt", "pipe.csv"):
        with pytest.raises(DataError, match=r"a file of a kind that is not read as data\. Expected a folder"):
            kind_of(source)


@pytest.mark.parametrize("source", ["/no/such/folder", "a" * 300, "nul\0nul"])
def test_no_such_path_is_a_data_error(source: str) -> None:
    with pytest.raises(DataError, match=r"No such data: .* neither a path nor a data set known by name"):
        open_dataset(source, DataConfig())


def test_misspelt_name_gets_the_nearest() -> None:
    with pytest.raises(DataError, match="Did you mean 'mnist'"):
        open_dataset("mnits", DataConfig())


def test_data_are_named_after_their_folder_or_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, listed, _ = write_all(tmp_path)
    folder = folder.rename(tmp_path / "flowers.v2")
    monkeypatch.chdir(folder)
    data = open_dataset(".", DataConfig())
    assert (data.name, data.source) == ("flowers.v2", str(folder))
    (tmp_path / "folder").symlink_to(folder)
    assert open_dataset(listed, DataConfig()).name == "list"
    digits = open_dataset("digits", DataConfig())
    assert (digits.name, digits.source, digits.image_shape) == ("digits", "digits", (8, 8, 1))


def test_progress_is_told_for_files(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    open_dataset(folder, DataConfig(), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (20, 20)
