"""Read every image of a folder of class folders once, as Keras, as a PyTorch project and as lensmith does it.

    python -m benchmarks.peers.read_folder keras FOLDER --batch-size 1024
    python -m benchmarks.peers.read_folder pillow FOLDER --threads 2
    python -m benchmarks.peers.read_folder pytorch FOLDER --workers 2
    LENSMITH_HOME=… python -m benchmarks.peers.read_folder lensmith FOLDER

`keras` goes through `image_dataset_from_directory` to its end, at the images' own size, unshuffled, with the parallel
calls that it chooses. `pillow` is what torchvision's ImageFolder does: list, open, convert to RGB, make an array; in
one thread or a pool of them. `pytorch` does that in the worker processes of PyTorch's DataLoader, in batches of 256.
All of them take every file for what its name says. `lensmith` opens the folder as training does, under its full
contract: kind by content, pixel limit, orientation, transparency, colour, a hash of every file, and pixels kept in a
cache for next time; when LENSMITH_HOME holds that cache, it is the second pass.

Prints one line of JSON; `read_seconds` runs from before the files are listed to the last image, imports are not in it.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SIDE = 32
Timed = tuple[float, int]


def read_with_keras(folder: Path, given: argparse.Namespace) -> Timed:
    """Iterate Keras' data set once."""
    import keras
    import tensorflow as tf

    tf.constant(0)  # TensorFlow starts its threads at the first tensor: part of importing it
    started = time.perf_counter()
    dataset = keras.utils.image_dataset_from_directory(
        folder, image_size=(SIDE, SIDE), batch_size=given.batch_size, shuffle=False, verbose=False
    )
    images = sum(len(labels) for _, labels in dataset)
    return time.perf_counter() - started, images


def read_with_pillow(folder: Path, given: argparse.Namespace) -> Timed:
    """Open, convert and keep every image."""
    import numpy as np
    from PIL import Image

    def load(path: str) -> np.ndarray:
        with open(path, "rb") as file:
            return np.asarray(Image.open(file).convert("RGB"))

    started = time.perf_counter()
    paths = _listed(folder)
    if given.threads == 1:
        arrays = [load(path) for path in paths]
    else:
        with ThreadPoolExecutor(given.threads) as pool:
            arrays = list(pool.map(load, paths))
    return time.perf_counter() - started, len(arrays)


def read_with_pytorch(folder: Path, given: argparse.Namespace) -> Timed:
    """Have a DataLoader's workers open, convert and stack every image, and keep what comes."""
    import numpy as np
    import torch
    from PIL import Image

    class Folder(torch.utils.data.Dataset[torch.Tensor]):
        def __init__(self) -> None:
            self.paths = _listed(folder)

        def __len__(self) -> int:
            return len(self.paths)

        def __getitem__(self, place: int) -> torch.Tensor:
            with open(self.paths[place], "rb") as file:
                return torch.from_numpy(np.array(Image.open(file).convert("RGB")))

    started = time.perf_counter()
    loader = torch.utils.data.DataLoader(Folder(), batch_size=256, num_workers=given.workers)
    batches = list(loader)
    return time.perf_counter() - started, sum(map(len, batches))


def read_with_lensmith(folder: Path, given: argparse.Namespace) -> Timed:
    """Open the folder, and read the pixels of every split."""
    from lensmith.config import DataConfig
    from lensmith.data import open_dataset

    del given
    started = time.perf_counter()
    dataset = open_dataset(folder, DataConfig())
    images = sum(len(split.read()) for split in dataset.splits.values())
    return time.perf_counter() - started, images


def _listed(folder: Path) -> list[str]:
    return [os.path.join(where, name) for where, _, names in sorted(os.walk(folder)) for name in sorted(names)]


READERS: dict[str, Callable[[Path, argparse.Namespace], Timed]] = {
    "keras": read_with_keras,
    "pillow": read_with_pillow,
    "pytorch": read_with_pytorch,
    "lensmith": read_with_lensmith,
}


def main() -> None:
    """Read, and print how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch-size", type=int, default=64, help="Of keras.")
    parser.add_argument("--threads", type=int, default=1, help="Of pillow.")
    parser.add_argument("--workers", type=int, default=2, help="Of pytorch.")
    given = parser.parse_args()
    seconds, images = READERS[given.reader](given.folder, given)
    print(json.dumps({"read_seconds": seconds, "images": images}))


if __name__ == "__main__":
    main()
