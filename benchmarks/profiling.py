"""What the time of training goes on: TensorFlow's operations by kind, and the time in which none of them runs.

    LENSMITH_DATA=… python -m benchmarks.profiling cifar10 speedrun-cifar10

Trains as `lensmith train` does, at full size, and lets TensorFlow's profiler note when which operation ran, for about
ten seconds of the second epoch, when nothing is traced any more. Every moment counts once: where two operations run
side by side, each gets half of it. Where none runs, Python does, or training waits for images. Prints one line of JSON.
"""

import argparse
import json
import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import keras
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace

import lensmith

SECONDS = 10.0
SETTINGS = {"epochs": 2, "training.progressive_resizing": []}
IDLE, OTHER = "no operation: Python, waiting for images", "everything else: loss, metrics, pixels to numbers"
KINDS = {
    "optimizer": r"muon|rmsprop|adam|sgd",
    "convolution": r"Conv2D",
    "batch normalisation": r"batch_?normalization|BatchNorm",
    "pooling": r"pool",
    # SiLU's gradient comes without its layer's name: it is the arithmetic outside of any layer and the optimizer.
    "activation": r"activation|re_?lu|silu|gelu|sigmoid|softmax|while/(mul|sub|add)_\d+ ",
    "dense layers": r"dense",
    "dropout": r"dropout",
}
"""What is looked for in an operation's name and type, in this order."""
OPERATION = re.compile(r"^(?P<name>[\w/.\-]+):(?P<type>_?[A-Z]\w*)$")
CONTAINERS = re.compile(r"PartitionedCall|While|^_?If|^_?Case|^_?(Send|Recv|Arg|Retval)")
"""Operations that only run others."""

Event = tuple[int, int, str]
"""Begin, end, kind; any unit of time."""


def kind_of(name: str, operation: str) -> str:
    """Tell what an operation is for, from its name (the path of its layer) and its type.

    Example:
        >>> kind_of("gradient_tape/net/conv2d_1/convolution/Conv2DBackpropInput", "_MklNativeConv2DBackpropInput")
        'convolution'
        >>> kind_of("net/batch_normalization/FusedBatchNormV3", "_MklNativeFusedBatchNormV3")
        'batch normalisation'
        >>> kind_of("while/body/_1/while/conv_muon/MatMul_53", "_MklMatMul")
        'optimizer'
    """
    found = (kind for kind, pattern in KINDS.items() if re.search(pattern, f"{name} {operation}", re.IGNORECASE))
    return next(found, OTHER)


def shares(events: Iterable[Event], whole: int) -> dict[str, float]:
    """Divide the time between operations: every moment equally between those that run in it.

    Args:
        events: Operations, in any order, side by side or not.
        whole: The time to divide, in the events' unit.

    Returns:
        Share of each kind and of `IDLE`, in [0, 1], 1 in all.

    Example:
        >>> shares([(0, 4, "a"), (2, 6, "b")], 10)
        {'a': 0.3, 'b': 0.3, 'no operation: Python, waiting for images': 0.4}
    """
    changes = sorted((at, by, kind) for begin, end, kind in events for at, by in ((begin, 1), (end, -1)))
    taken: dict[str, float] = defaultdict(float)
    running: Counter[str] = Counter()
    last = 0
    for at, by, kind in changes:
        together = sum(running.values())
        for its, count in running.items():
            taken[its] += (at - last) * count / together if together else 0
        running[kind] += by
        last = at
    found = {kind: taken[kind] / whole for kind in sorted(taken, key=taken.__getitem__, reverse=True)}
    return {**found, IDLE: 1 - sum(found.values())}


def read_events(folder: Path) -> list[Event]:
    """Read the operations from what TensorFlow's profiler wrote, in picoseconds."""
    (file,) = folder.rglob("*.xplane.pb")
    space = XSpace()
    space.ParseFromString(file.read_bytes())
    events = []
    for plane in space.planes:
        names = {number: its.name for number, its in plane.event_metadata.items()}
        for line in plane.lines:
            for event in line.events:
                operation = OPERATION.match(names[event.metadata_id])
                if operation and not CONTAINERS.search(operation["type"]):
                    begin = line.timestamp_ns * 1000 + event.offset_ps
                    events.append((begin, begin + event.duration_ps, kind_of(operation["name"], operation["type"])))
    return events


class Window(keras.callbacks.Callback):  # type: ignore[misc]
    """Has the profiler watch the second epoch: for a while, or to its end.

    Attributes:
        seconds: How long it watched.
    """

    def __init__(self, folder: Path) -> None:
        """Have the profiler write into a folder."""
        super().__init__()
        self.seconds = 0.0
        self._folder, self._epoch, self._began = folder, 0, 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Count."""
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Begin with the second epoch."""
        if self._epoch and not self._began:
            tf.profiler.experimental.start(str(self._folder))
            self._began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Stop, and stop training, when enough was seen."""
        watched = time.perf_counter() - self._began
        if self._began and (watched > SECONDS or batch + 1 >= self.params["steps"]):
            self.seconds = watched
            tf.profiler.experimental.stop()
            self.model.stop_training = True


def main() -> None:
    """Train until the profiler has seen enough, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("recipe")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        window = Window(Path(folder))
        lensmith.train(given.data, given.recipe, set={"seed": given.seed, **SETTINGS}, callbacks=[window])
        found = shares(read_events(Path(folder)), round(window.seconds * 1e12))
    print(json.dumps({"seconds": window.seconds, "shares": found}))


if __name__ == "__main__":
    main()
