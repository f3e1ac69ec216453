"""Download the data sets known by name: hashed before anything looks into them, and never unpacked to disk."""

import contextlib
import gzip
import hashlib
import http.client
import io
import tarfile
import time
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.errors import DataError
from lensmith.files import UNFINISHED

Arrays = dict[str, npt.NDArray[Any]]
Progress = Callable[[int, int], None]
TRIES = 3
SECONDS_BETWEEN_TRIES = 2.0
SECONDS_WITHOUT_AN_ANSWER = 30
BYTES_AT_ONCE = 2**20

GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
ZALANDO = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
TORONTO = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class Remote:
    """A file to download.

    Attributes:
        url: Where it is.
        sha256: Of its content.
        bytes: Its size.
    """

    url: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Download:
    """The files of a data set, and how they become arrays `x_train`, `y_train`, `x_test`, `y_test`."""

    files: tuple[Remote, ...]
    read: Callable[..., Arrays]


def read_mnist(npz: bytes) -> Arrays:
    """Read Keras' `mnist.npz`."""
    with np.load(io.BytesIO(npz), allow_pickle=False) as arrays:
        return dict(arrays)


def read_idx_files(*files: bytes) -> Arrays:
    """Read images and labels of the training, then of the test, in gzipped IDX, as MNIST was published."""
    values = [_read_idx(content) for content in files]
    return dict(zip(("x_train", "y_train", "x_test", "y_test"), values, strict=True))


def read_cifar10(archive: bytes) -> Arrays:
    """Read the binary version of CIFAR-10: a byte of label, then 3,072 of pixels, plane after plane."""
    train = [f"cifar-10-batches-bin/data_batch_{n}.bin" for n in range(1, 6)]
    return _read_cifar(archive, train, ["cifar-10-batches-bin/test_batch.bin"], labels=1)


def read_cifar100(archive: bytes) -> Arrays:
    """Read the binary version of CIFAR-100: two bytes of labels, coarse and fine, then 3,072 of pixels."""
    return _read_cifar(archive, ["cifar-100-binary/train.bin"], ["cifar-100-binary/test.bin"], labels=2)


DOWNLOADS = {
    "mnist": Download(
        (
            Remote(
                f"{GOOGLE}mnist.npz",
                "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
                11_490_434,
            ),
        ),
        read_mnist,
    ),
    "fashion-mnist": Download(
        (
            Remote(
                f"{ZALANDO}train-images-idx3-ubyte.gz",
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                26_421_880,
            ),
            Remote(
                f"{ZALANDO}train-labels-idx1-ubyte.gz",
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                29_515,
            ),
            Remote(
                f"{ZALANDO}t10k-images-idx3-ubyte.gz",
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                4_422_102,
            ),
            Remote(
                f"{ZALANDO}t10k-labels-idx1-ubyte.gz",
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                5_148,
            ),
        ),
        read_idx_files,
    ),
    "cifar10": Download(
        (
            Remote(
                f"{TORONTO}cifar-10-binary.tar.gz",
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                170_052_171,
            ),
        ),
        read_cifar10,
    ),
    "cifar100": Download(
        (
            Remote(
                f"{TORONTO}cifar-100-binary.tar.gz",
                "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
                168_513_733,
            ),
        ),
        read_cifar100,
    ),
}


def download(name: str, folder: Path, progress: Progress | None = None) -> Arrays:
    """Download a data set and read it.

    What has come before the connection broke is kept in `folder`, and the next try goes on from there.

    Args:
        name: One of `DOWNLOADS`.
        folder: For what is not whole yet.
        progress: Called with bytes done and bytes in all, for each file.

    Raises:
        DataError: No connection, or not the content that was expected.
    """
    its = DOWNLOADS[name]
    return its.read(*(fetch(remote, folder, progress or (lambda done, total: None)) for remote in its.files))


def fetch(remote: Remote, folder: Path, progress: Progress) -> bytes:
    """Download a file, or the rest of it, and make sure that it is the one expected.

    Raises:
        DataError: It is not, or it does not come.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{UNFINISHED}{remote.sha256[:16]}"
    problem = ""
    for again in range(TRIES):
        if again:
            time.sleep(SECONDS_BETWEEN_TRIES)
        try:
            _fetch_rest(remote, part, progress)
        except (OSError, ValueError, http.client.HTTPException) as error:
            problem = str(getattr(error, "reason", None) or error) or type(error).__name__
            continue
        content = part.read_bytes()
        part.unlink()
        found = hashlib.sha256(content).hexdigest()
        if found == remote.sha256:
            return content
        problem = f"what came has the SHA-256 {found}, expected {remote.sha256}"
    raise DataError(f"{remote.url}: {problem}")


def _fetch_rest(remote: Remote, part: Path, progress: Progress) -> None:
    done = part.stat().st_size if part.exists() else 0
    if done >= remote.bytes:  # killed before it could be hashed
        return
    request = urllib.request.Request(remote.url, headers={"Range": f"bytes={done}-"} if done else {})
    with contextlib.closing(urllib.request.urlopen(request, timeout=SECONDS_WITHOUT_AN_ANSWER)) as answer:
        goes_on = done and answer.status == 206
        done = done if goes_on else 0
        with part.open("ab" if goes_on else "wb") as file:
            while block := answer.read(BYTES_AT_ONCE):
                done += len(block)
                if done > remote.bytes:
                    part.unlink()
                    raise ValueError(f"more than the {remote.bytes:,} bytes that were expected came")
                file.write(block)
                progress(done, remote.bytes)
    if done < remote.bytes:
        raise ValueError(f"the connection ended after {done:,} of {remote.bytes:,} bytes")


def _read_idx(content: bytes) -> npt.NDArray[np.uint8]:
    """Read an array of bytes in IDX: two zeros, the type, the number of dimensions, their sizes, the values."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            start = file.read(4)
            if len(start) < 4 or start[:3] != b"\0\0\x08":
                raise DataError("a file is no IDX of bytes")
            shape = np.frombuffer(file.read(4 * start[3]), ">i4").astype(np.int64)
            size = int(np.prod(shape))
            if not 0 < size < 2**31:
                raise DataError(f"an IDX file says that its shape is {shape.tolist()}")
            # No more than is wanted is unpacked, whatever else the file holds.
            return np.frombuffer(file.read(size), np.uint8).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"an IDX file cannot be read: {error}") from None


def _read_cifar(archive: bytes, train: list[str], test: list[str], labels: int) -> Arrays:
    """Take the named members out of an archive; no other is looked at and none is written anywhere."""
    found: dict[str, bytes] = {}
    most = 50_000 * (labels + 3072)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
            for member in files:
                if member.name in (*train, *test) and member.isreg() and member.size <= most:
                    content = files.extractfile(member)
                    found[member.name] = content.read(most) if content else b""
    except (OSError, EOFError, ValueError, tarfile.TarError, zlib.error) as error:
        raise DataError(f"the archive cannot be read: {error}") from None
    missing = [name for name in (*train, *test) if name not in found]
    if missing:
        raise DataError(f"the archive lacks {missing[0]}")
    arrays = {}
    for split, names in (("train", train), ("test", test)):
        rows = np.frombuffer(b"".join(found[name] for name in names), np.uint8)
        if len(rows) % (labels + 3072):
            raise DataError(f"the {split} images are not whole")
        rows = rows.reshape(-1, labels + 3072)
        pixels = rows[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        arrays[f"x_{split}"], arrays[f"y_{split}"] = np.ascontiguousarray(pixels), rows[:, labels - 1].copy()
    return arrays
