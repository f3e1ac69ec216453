import io
import pickle
import struct
import sys
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lensmith.errors import UnsafeFile
from lensmith.safety import read_torch_file
from lensmith.safety.torch_files import MAGIC, VERSION

VALUES = np.arange(24, dtype=np.float32)


class Writing:
    """A pickle of it writes a file when it is read."""

    def __reduce__(self) -> tuple:
        return (open, ("canary", "w"))


@pytest.fixture(autouse=True)
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules that have the names, for pickle to look them up in."""
    for name, members in {"torch": ["FloatStorage", "LongStorage"], "torch._utils": ["_rebuild_tensor_v2"]}.items():
        module = ModuleType(name)
        for member in members:
            its = type(member, (), {"__module__": name, "__new__": lambda cls, *arguments: object.__new__(cls)})
            setattr(module, member, its)
        monkeypatch.setitem(sys.modules, name, module)


class Tensor:
    """Pickled as PyTorch pickles one: how to make it again, of a storage that is named."""

    def __init__(self, storage: Any, offset: int, shape: tuple, strides: tuple) -> None:
        self._arguments = (storage, offset, shape, strides, False, OrderedDict())

    def __reduce__(self) -> tuple:
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self._arguments


class Storage:
    def __init__(self, key: str, count: int, kind: str = "FloatStorage") -> None:
        self.id = ("storage", getattr(sys.modules["torch"], kind), key, "cpu", count, None)


class Pickler(pickle.Pickler):
    def persistent_id(self, its: object) -> Any:
        return its.id if isinstance(its, Storage) else None


def written(tensors: object, order: list[str], *storages: np.ndarray, magic: int = MAGIC) -> bytes:
    file = io.BytesIO()
    for its in (magic, VERSION, {"little_endian": True}, tensors, order):
        Pickler(file, 2).dump(its)
    for storage in storages:
        file.write(struct.pack("<q", len(storage)) + storage.tobytes())
    return file.getvalue()


def read(content: bytes, folder: Path) -> dict[str, np.ndarray]:
    (folder / "w.pth").write_bytes(content)
    return read_torch_file(folder / "w.pth")


def test_tensors_are_parts_of_storages_in_any_order_of_axes(tmp_path: Path):
    floats, counts = Storage("7", 24), Storage("8", 1, "LongStorage")
    tensors = OrderedDict(
        {
            "rows": Tensor(floats, 0, (2, 3), (3, 1)),
            "columns": Tensor(floats, 6, (3, 2), (1, 3)),
            "count": Tensor(counts, 0, (), ()),
        }
    )
    found = read(written(tensors, ["8", "7"], np.array([5]), VALUES), tmp_path)
    assert list(found) == ["rows", "columns", "count"]
    np.testing.assert_array_equal(found["rows"], VALUES[:6].reshape(2, 3))
    np.testing.assert_array_equal(found["columns"], VALUES[6:12].reshape(2, 3).T)
    assert (found["count"], found["count"].dtype) == (5, np.int64)


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (5, 5), (5, 1)),
        (20, (5,), (1,)),
        (-1, (2,), (1,)),
        (0, (2, 2), (-1, 1)),
        (0, (2**40,), (0,)),
        (0, (0,), (1,)),
    ],
)
def test_no_tensor_reaches_beyond_its_storage(offset: int, shape: tuple, strides: tuple, tmp_path: Path):
    tensors = {"t": Tensor(Storage("0", 24), offset, shape, strides)}
    with pytest.raises(UnsafeFile, match="does not fit its storage"):
        read(written(tensors, ["0"], VALUES), tmp_path)


def test_what_a_pickle_names_beside_is_refused_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for evil in (Writing(), {"t": Writing()}, OrderedDict(t=Writing())):
        with pytest.raises(UnsafeFile, match=r"it names (_?io|builtins)\.open"):
            read(written(evil, []), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["w.pth"]


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04 a zip, as PyTorch writes now", b"\x80\x02}q\x00.", pickle.dumps(MAGIC, 2) * 5],
)
def test_what_is_no_such_file_is_said(content: bytes, tmp_path: Path):
    with pytest.raises(UnsafeFile, match=r"w\.pth cannot be read as weights of PyTorch"):
        read(content, tmp_path)


def test_one_that_is_cut_off_or_of_another_magic_is_refused(tmp_path: Path):
    tensors = {"t": Tensor(Storage("0", 24), 0, (24,), (1,))}
    whole = written(tensors, ["0"], VALUES)
    assert read(whole, tmp_path)["t"].tolist() == VALUES.tolist()
    for content in (whole[:-1], whole[:-90], whole[:100], written(tensors, ["0"], VALUES, magic=1)):
        with pytest.raises(UnsafeFile):
            read(content, tmp_path)
