"""Small files in the forms of those that are downloaded, and archives that would do harm when they are unpacked."""

import gzip
import io
import struct
import tarfile
from collections.abc import Callable

import numpy as np

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)
LABELS = np.arange(6, dtype=np.uint8)


def idx(values: np.ndarray) -> bytes:
    """Write an array as the MNIST files hold it."""
    header = struct.pack(">HBB", 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
    return gzip.compress(header + values.tobytes())


def tar(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def rows(n: int, labels: int = 1) -> bytes:
    """Records of CIFAR's binary version: labels from 0 on, and pixels that say which they are."""
    return b"".join(bytes([place] * labels) + bytes((np.arange(3072) % 251 + place % 4).tolist()) for place in range(n))


CIFAR10 = {f"cifar-10-batches-bin/data_batch_{n}.bin": rows(2) for n in range(1, 6)}
CIFAR10["cifar-10-batches-bin/test_batch.bin"] = rows(3)
CONTENT = {
    "mnist": [npz(x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:2], y_test=LABELS[:2])],
    "fashion-mnist": [idx(its) for its in (IMAGES, LABELS, IMAGES[:2], LABELS[:2])],
    "cifar10": [tar(CIFAR10)],
    "cifar100": [tar({"cifar-100-binary/train.bin": rows(5, 2), "cifar-100-binary/test.bin": rows(2, 2)})],
}


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


def archive_of(*members: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for its in members:
            archive.addfile(its, io.BytesIO(b"x" * its.size) if its.isreg() else None)
    return buffer.getvalue()


BATCH = "cifar-10-batches-bin/data_batch_1.bin"
EVIL: dict[str, Callable[[], bytes]] = {
    "up": lambda: archive_of(member("../../evil", size=4)),
    "absolute": lambda: archive_of(member("/tmp/lensmith-evil", size=4)),
    "backslashes": lambda: archive_of(member("..\\..\\evil", size=4)),
    "drive": lambda: archive_of(member("C:\\evil", size=4)),
    "link out": lambda: archive_of(member(BATCH, tarfile.SYMTYPE, "/etc/passwd")),
    "link up": lambda: archive_of(member(BATCH, tarfile.SYMTYPE, "../../../etc/passwd")),
    "hard link": lambda: archive_of(member(BATCH, tarfile.LNKTYPE, "/etc/passwd")),
    "link then file": lambda: archive_of(member("d", tarfile.SYMTYPE, "/tmp"), member("d/evil", size=4)),
    "pipe": lambda: archive_of(member(BATCH, tarfile.FIFOTYPE)),
    "device": lambda: archive_of(member(BATCH, tarfile.CHRTYPE)),
    "folder": lambda: archive_of(member(BATCH, tarfile.DIRTYPE)),
    "too large": lambda: archive_of(member(BATCH, size=200_000_000)),
    "many": lambda: archive_of(*(member(f"m{place}") for place in range(20_000))),
    "twice": lambda: archive_of(member(BATCH, size=3073), member(BATCH, size=4)),
    "case": lambda: archive_of(member(BATCH.upper(), size=3073)),
    "half a record": lambda: tar({**CIFAR10, BATCH: b"x" * 100}),
    "cut off": lambda: CONTENT["cifar10"][0][:200],
    "no gzip": lambda: b"\x1f\x8bnot really",
    "pickle": lambda: b"\x80\x04\x95evil",
    "zip": lambda: npz(x_train=IMAGES),
    "nothing": lambda: b"",
    "nul": lambda: archive_of(member("a\0b", size=4)),
}
"""What each would do in the place of CIFAR-10, and what makes it."""
