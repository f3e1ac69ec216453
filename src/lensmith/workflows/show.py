"""`show`: a labelled grid of samples of a data set, with its class balance."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lensmith.backend import make_deterministic, start_keras
from lensmith.config import DataConfig
from lensmith.data import Dataset, open_dataset
from lensmith.errors import LensmithError, did_you_mean
from lensmith.records import Record
from lensmith.rendering.figures import save_augmented, save_samples
from lensmith.rendering.progress import current_screen
from lensmith.training import PRESETS, make_augmentation_layers, preset
from lensmith.workflows.auto import PHOTO_SIZE

VARIANTS = 7
"""Of each image that an augmentation is shown with."""


@dataclass(frozen=True)
class ShowRecord(Record):
    """What `show` drew.

    Attributes:
        data: What the user gave.
        path: The picture.
        classes: How many images of which class each split has.
        skipped: Files found and not used, by reason.
    """

    data: str
    path: str
    classes: dict[str, dict[str, int]]
    skipped: dict[str, int]
    dataset: Dataset = field(repr=False)


def show(
    data: str | Path, *, n: int = 8, augment: str | None = None, output: str | Path | None = None, seed: int = 0
) -> ShowRecord:
    """Draw `n` random training images, as `auto` reads them, with their labels, and how many images each class has.

    Args:
        data: A built-in name, a folder, a `.csv` or a `.npz`.
        n: How many images, 1 to 100.
        augment: Draw what this augmentation makes of each instead: `none`, `light`, `standard` or `strong`.
        output: The PNG to write; `<name>-samples.png` here by default.
        seed: Of the choice.

    Raises:
        LensmithError: The data cannot be used, `n` is out of range, there is no such augmentation, or the picture
            cannot be written.
    """
    if augment is not None and augment not in PRESETS:
        raise LensmithError(f"No augmentation named {augment!r}.{did_you_mean(augment, PRESETS)}")
    if not 1 <= n <= 100:
        raise LensmithError(f"n is {n}; expected 1 to 100.")
    with current_screen() as screen:
        dataset = open_dataset(data, DataConfig(photo_size=PHOTO_SIZE), screen.decoding())
    path = Path(output or f"{dataset.name}-{augment or 'samples'}.png")
    samples = dataset.train.sample(n, seed)
    labels = [dataset.class_names[label] for label in samples.labels]
    if path.suffix.lower() != ".png":
        raise LensmithError(f"The picture {path} must end in .png.")
    if augment is None:
        save_samples(dataset, samples.read(), labels, path)
    else:
        save_augmented(augment, _augmented(samples.read(), augment, dataset.color, seed), labels, path)
    return ShowRecord(str(data), str(path), dataset.class_counts, dataset.skipped_by_reason, dataset)


def _augmented(images: npt.NDArray[np.uint8], name: str, color: str, seed: int) -> npt.NDArray[np.uint8]:
    """Return each image as it is, then variants of it: `uint8 (n, 1 + VARIANTS, H, W, C)`."""
    start_keras()
    make_deterministic(seed)
    layers = make_augmentation_layers(preset(name, color))
    variants = [images]
    for _ in range(VARIANTS):
        changed = images.astype(np.float32)
        for layer in layers:
            changed = np.asarray(layer(changed, training=True))
        variants.append(np.rint(np.clip(changed, 0, 255)).astype(np.uint8))
    return np.stack(variants, axis=1)
