import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lensmith.config import DataConfig
from lensmith.data.arrays import (
    fit_arrays,
    read_npz,
    to_class_indices,
    to_class_names,
    to_images,
    to_labels,
)
from lensmith.data.decode import recolor, resize
from lensmith.errors import DataError

X = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
Y = np.array([0, 1, 0])


def npz(folder: Path, **arrays: Any) -> Path:
    np.savez_compressed(folder / "data.npz", **arrays)
    return folder / "data.npz"


def npz_bytes(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def test_npz_gives_the_arrays_it_holds(tmp_path: Path) -> None:
    arrays = read_npz(npz(tmp_path, x_train=X, y_train=Y, x_val=X, y_val=Y, x_test=X, y_test=Y, class_names=["a", "b"]))
    assert sorted(arrays) == ["class_names", "x_test", "x_train", "x_val", "y_test", "y_train", "y_val"]
    np.testing.assert_array_equal(arrays["x_val"], X)


def test_arrays_of_other_names_are_not_even_read(tmp_path: Path) -> None:
    notes = np.array([{"camera": "a"}], dtype=object)
    assert sorted(read_npz(npz(tmp_path, x_train=X, y_train=Y, notes=notes))) == ["x_train", "y_train"]


class Trap:
    def __reduce__(self) -> tuple:
        return (open, ("sprung", "w"))


@pytest.mark.parametrize("name", ["x_train", "y_train", "class_names"])
def test_objects_are_never_unpickled(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = npz(tmp_path, **{"x_train": X, "y_train": Y, name: np.array([Trap()], dtype=object)})
    with pytest.raises(DataError, match="Python objects, which are never unpickled"):
        read_npz(path)
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(DataError, match="not an NPZ file"):
        read_npz(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["y_train"], "has no x_train; it holds y_train"),
        (["x_train", "y_test"], "has no y_train; it holds x_train, y_test"),
        ([], "has no x_train; it holds nothing"),
        (["x_train", "y_train", "x_test"], "has only one of x_test and y_test"),
        (["x_train", "y_train", "y_val"], "has only one of x_val and y_val"),
    ],
)
def test_missing_arrays_are_named(names: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read_npz(npz(tmp_path, **{name: X for name in names}))


def test_single_array_is_called_what_it_is(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "x.npy").rename(tmp_path / "data.npz")
    with pytest.raises(DataError, match=r"is a single array \(\.npy\)\. Expected an NPZ with x_train and y_train"):
        read_npz(tmp_path / "data.npz")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"<html>"])
def test_file_of_another_kind_is_called_no_npz(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(DataError, match="is not an NPZ file, or only a part of one"):
        read_npz(tmp_path / "data.npz")


def test_missing_file_and_member_that_is_no_array_are_data_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_npz(tmp_path / "missing.npz")
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as file:
        file.writestr("x_train.npy", "text")
        file.writestr("y_train.npy", "text")
    with pytest.raises(DataError):
        to_images(read_npz(tmp_path / "data.npz")["x_train"], "x_train")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_truncated_npz_is_refused(part: float, tmp_path: Path) -> None:
    content = npz_bytes(x_train=np.random.default_rng(0).integers(0, 256, (20, 8, 8), np.uint8), y_train=np.arange(20))
    (tmp_path / "data.npz").write_bytes(content[: int(len(content) * part)])
    with pytest.raises(DataError):
        read_npz(tmp_path / "data.npz")


def test_array_that_claims_more_than_there_is_memory_is_refused(tmp_path: Path) -> None:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 1000, 1000), }"
    header += b" " * (117 - len(header)) + b"\n"
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as file:
        file.writestr("x_train.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(DataError, match="cannot be read as NPZ"):
        read_npz(tmp_path / "data.npz")


WHOLE = npz_bytes(x_train=X, y_train=Y, class_names=np.array(["a", "b"]))


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes_never_raise_anything_but_a_data_error(changes, tmp_path_factory) -> None:
    content = bytearray(WHOLE)
    for place, value in changes:
        content[place] = value
    path = tmp_path_factory.getbasetemp() / "changed.npz"
    path.write_bytes(content)
    try:
        arrays = read_npz(path)
    except DataError:
        return
    assert to_images(arrays["x_train"], "x_train").dtype == np.uint8


@pytest.mark.parametrize("shape", [(3, 4, 5), (3, 4, 5, 1), (3, 4, 5, 3)])
def test_images_of_uint8_are_taken_as_they_are(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    images = to_images(values, "x")
    assert images.shape == (*shape, 1)[:4]
    np.testing.assert_array_equal(images.reshape(shape), values)
    np.testing.assert_array_equal(to_images(np.asfortranarray(values), "x"), images)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64, np.uint16, np.uint32, np.float32, np.float64, ">i4"])
def test_values_0_to_255_of_any_type_are_taken_as_they_are(dtype: Any) -> None:
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(to_images(every.astype(dtype), "x"), every)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_fractions_0_to_1_are_scaled(dtype: Any) -> None:
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(to_images((every / 255).astype(dtype), "x"), every)
    assert to_images(np.full((1, 1, 1), 1.0000001), "x").item() == 255


@given(arrays(np.uint16, (1, 3, 3), elements=st.integers(0, 65535)).filter(lambda values: values.max() > 255))
def test_uint16_beyond_255_is_scaled_not_clipped(values: np.ndarray) -> None:
    np.testing.assert_array_equal(to_images(values, "x")[..., 0], np.floor(values / 257 + 0.5))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((3, 4)), r"shape \(3, 4\); expected \(N, H, W\)"),
        (np.zeros((3, 4, 4, 2), np.uint8), r"shape \(3, 4, 4, 2\)"),
        (np.zeros((3, 3, 4, 4), np.uint8), r"shape \(3, 3, 4, 4\)"),
        (np.zeros((0, 4, 4), np.uint8), "N at least 1"),
        (np.zeros((2, 0, 4), np.uint8), r"shape \(2, 0, 4, 1\)"),
        (np.full((1, 2, 2), -1), "values from -1 to -1; expected pixels 0 to 255"),
        (np.full((1, 2, 2), -0.5), "values from -0.5 to -0.5"),
        (np.full((1, 2, 2), 256), "values from 256 to 256"),
        (np.full((1, 2, 2), 300.0), "values from 300 to 300"),
        (np.full((1, 2, 2), "a"), "the type <U1; expected uint8"),
        (np.full((1, 2, 2), True), "the type bool; expected uint8"),
        (np.full((1, 2, 2), 1j), "the type complex128; expected uint8"),
    ],
)
def test_arrays_that_are_no_images_are_refused(values: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        to_images(values, "x_train")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_names_the_first_image_that_has_it(bad: float) -> None:
    values = np.zeros((5, 2, 2), np.float32)
    values[3, 1, 0] = values[4, 0, 0] = bad
    with pytest.raises(DataError, match="x_train has NaN or infinite pixels in 2 of 5 images, first in image 3"):
        to_images(values, "x_train")


@pytest.mark.parametrize(
    "values",
    [
        np.array([0, 1, 0], np.uint8),
        np.array([[0], [1], [0]]),
        np.array([0.0, 1.0, 0.0]),
        np.array([False, True, False]),
    ],
)
def test_labels_may_be_of_any_whole_type_and_a_column(values: np.ndarray) -> None:
    assert to_labels(values, 3, "y").tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([0, 1]), r"shape \(2,\) for 3 images; expected \(3,\)"),
        (np.array(1), r"shape \(\) for 3 images"),
        (np.zeros((3, 1, 1)), r"shape \(3, 1, 1\)"),
        (np.eye(3), r"For one-hot rows store y\.argmax\(axis=1\)"),
        (np.array([0, -1, 1]), "the negative label -1"),
        (np.array([0, 0.5, 1]), "the type float64; expected whole numbers"),
        (np.array([0, np.nan, 1]), "the type float64; expected whole numbers"),
        (np.array([b"a", b"b", b"c"]), "expected whole numbers from 0 on, or names"),
    ],
)
def test_labels_that_do_not_fit_are_refused(values: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        to_labels(values, 3, "y_train")


def test_class_order_of_whole_numbers_is_numeric() -> None:
    labels = {"train": np.array([10, 2, 0, 10, 100]), "test": np.array([100, 2])}
    indices, names = to_class_indices(labels, None, "x")
    assert names == ("0", "2", "10", "100")
    assert {split: its.tolist() for split, its in indices.items()} == {
        "train": [2, 1, 0, 2, 3],
        "test": [3, 1],
    }
    assert indices["train"].dtype == np.int64


def test_class_order_of_names_is_alphabetic() -> None:
    indices, names = to_class_indices({"train": np.array(["dog", "cat", "10", "9"])}, None, "x")
    assert names == ("10", "9", "cat", "dog")
    assert indices["train"].tolist() == [3, 2, 0, 1]


def test_class_names_name_whole_numbers_in_their_order() -> None:
    labels = {"train": np.array([2, 0, 1], np.uint8), "test": np.array([2])}
    indices, names = to_class_indices(labels, ("dog", "cat", "bird"), "x")
    assert names == ("dog", "cat", "bird")
    assert (indices["train"].tolist(), indices["test"].tolist()) == ([2, 0, 1], [2])


def test_class_names_keep_their_order_for_labels_that_are_names() -> None:
    indices, names = to_class_indices({"train": np.array(["cat", "dog", "bird"])}, ("dog", "cat", "bird"), "x")
    assert [names[index] for index in indices["train"]] == ["cat", "dog", "bird"]
    assert names == ("dog", "cat", "bird")


@pytest.mark.parametrize(
    ("labels", "class_names", "message"),
    [
        ({"train": [0, 1], "test": [0, 2]}, None, "the test labels hold 2, which the training labels lack"),
        (
            {"train": ["a", "b"], "test": ["c"]},
            None,
            "the test labels hold c, which the training labels lack",
        ),
        (
            {"train": [0, 1], "test": ["0", "1"]},
            None,
            "the test labels hold 0, 1, which the training labels lack",
        ),
        ({"train": [0, 2]}, ("a", "b"), "the train labels hold 2, which class_names lack"),
        ({"train": ["a", "c"]}, ("a", "b"), "the train labels hold c, which class_names lack"),
        ({"train": [3, 3]}, None, "one class only: 3"),
    ],
)
def test_labels_beyond_the_classes_are_refused(labels: dict, class_names: tuple | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        to_class_indices({split: np.array(its) for split, its in labels.items()}, class_names, "x")


def test_class_names_must_be_a_list_of_different_names() -> None:
    assert to_class_names(np.array(["b", "a"]), "class_names") == ("b", "a")
    for values in (np.array("ab"), np.array([["a", "b"]]), np.array([1, 2]), np.array([b"a", b"b"])):
        with pytest.raises(DataError, match=r"expected \(K,\) of str"):
            to_class_names(values, "class_names")
    with pytest.raises(DataError, match="a name twice: a, a"):
        to_class_names(np.array(["a", "a"]), "class_names")


def test_splits_lie_one_after_another_in_one_store() -> None:
    splits = {"train": X[..., np.newaxis], "test": X[:1, ..., np.newaxis] + 1}
    store, color = fit_arrays(splits, DataConfig())
    assert (store.shape, color) == ((4, 4, 5, 1), "grayscale")
    np.testing.assert_array_equal(store[3, :, :, 0], X[0] + 1)


def test_splits_of_different_shapes_are_refused() -> None:
    with pytest.raises(DataError, match=r"different shapes: \(4, 5, 1\), \(4, 6, 1\)"):
        fit_arrays(
            {"train": np.zeros((2, 4, 5, 1), np.uint8), "test": np.zeros((2, 4, 6, 1), np.uint8)},
            DataConfig(),
        )


def test_arrays_are_brought_to_size_and_colour_as_files_are() -> None:
    config = DataConfig(image_size=[6, 7], color="rgb", resize="pad")
    store, color = fit_arrays({"train": X[..., np.newaxis]}, config)
    assert (store.shape, color) == ((3, 6, 7, 3), "rgb")
    np.testing.assert_array_equal(store[1], resize(recolor(X[1][..., np.newaxis], "rgb"), (6, 7), "pad"))
    large = np.zeros((2, 65, 60, 3), np.uint8)
    assert fit_arrays({"train": large}, DataConfig())[0].shape == (2, 96, 96, 3)
