"""Read the weights in a file of PyTorch's, without PyTorch, and without running anything that the file holds.

Such a file is five pickles (a magic number, a version, the machine, names and shapes with references to storages, the
order of the storages), then each storage: how many numbers, then the numbers. A pickle may call whatever it names;
this reader lets it name four things, and makes arrays of them.
"""

import io
import math
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.errors import UnsafeFile
from lensmith.safety.jsons import read_bytes

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
MOST_BYTES = 2**30

Array = npt.NDArray[Any]


def read_torch_file(path: Path) -> dict[str, Array]:
    """Read the tensors of a file as `torch.save` wrote it before PyTorch 1.6.

    Args:
        path: The file.

    Returns:
        Arrays by name, `float32` or `int64`, in their order.

    Raises:
        UnsafeFile: It is no such file, or it names what tensors are not made of.
    """
    file = io.BytesIO(read_bytes(path, MOST_BYTES))
    try:
        magic, version, _, tensors, order = (_Reader(file).load() for _ in range(5))
        if (magic, version) != (MAGIC, VERSION):
            raise ValueError("it does not begin as PyTorch's files do")
        values = _read_storages(file, {its.storage.key: its.storage for its in tensors.values()}, order)
        return {str(name): its.of(values[its.storage.key]) for name, its in tensors.items()}
    except Exception as error:  # a pickle that is damaged may raise anything
        raise UnsafeFile(f"{path} cannot be read as weights of PyTorch: {str(error)[:300]}.") from None


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, values: Array) -> Array:
        """Take the tensor out of its storage."""
        last = self.offset + sum((side - 1) * stride for side, stride in zip(self.shape, self.strides, strict=True))
        positive = min([*self.shape, self.offset + 1, *(stride + 1 for stride in self.strides)]) > 0
        # Of strides of 0 any number of values could come.
        if not positive or last >= len(values) or math.prod(self.shape) > len(values):
            raise ValueError(f"a tensor of the shape {self.shape} does not fit its storage")
        bytes_of_strides = [stride * values.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, bytes_of_strides).copy()


class _Tensors(dict[Any, Any]):
    """The names and tensors; takes the attributes that PyTorch gives such a dictionary."""


def _rebuild_tensor(storage: _Storage, offset: int, shape: Any, strides: Any, *_: object) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): _Tensors,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch", "FloatStorage"): "<f4",
    ("torch", "LongStorage"): "<i8",
}
"""What a file may name, and what stands for it here."""


class _Reader(pickle.Unpickler):
    """Reads a pickle that may name what tensors are made of, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Give what stands for a name."""
        if (module, name) not in KNOWN:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return KNOWN[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        """Give a storage by what the file says of it."""
        kind, dtype, key, _, count, _ = pid
        if kind != "storage" or dtype not in ("<f4", "<i8"):
            raise pickle.UnpicklingError(f"it holds a {kind} of {dtype}")
        return _Storage(str(key), dtype, int(count))


def _read_storages(file: io.BytesIO, storages: dict[str, _Storage], order: list[Any]) -> dict[str, Array]:
    values = {}
    for key in map(str, order):
        its = storages[key]
        (count,) = np.frombuffer(file.read(8), "<i8")
        content = file.read(np.dtype(its.dtype).itemsize * its.count)
        if count != its.count:
            raise ValueError(f"a storage has {count} numbers, not {its.count}")
        values[key] = np.frombuffer(content, its.dtype, its.count)
    return values
