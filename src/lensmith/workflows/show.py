"""`show`: a labelled grid of samples of a data set, with its class balance."""

from dataclasses import dataclass, field
from pathlib import Path

from lensmith.config import DataConfig
from lensmith.data import Dataset, open_dataset
from lensmith.errors import LensmithError
from lensmith.records import Record
from lensmith.rendering.figures import save_samples
from lensmith.rendering.progress import current_screen


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


def show(data: str | Path, *, n: int = 8, output: str | Path | None = None, seed: int = 0) -> ShowRecord:
    """Draw `n` random training images with their labels, and how many images each class has.

    Args:
        data: A built-in name, a folder, a `.csv` or a `.npz`.
        n: How many images, 1 to 100.
        output: The PNG to write; `<name>-samples.png` here by default.
        seed: Of the choice and of the split.

    Raises:
        LensmithError: The data cannot be used, `n` is out of range, or the picture cannot be written.
    """
    if not 1 <= n <= 100:
        raise LensmithError(f"n is {n}; expected 1 to 100.")
    with current_screen() as screen:
        dataset = open_dataset(data, DataConfig(), seed, screen.decoding())
    path = Path(output or f"{dataset.name}-samples.png")
    samples = dataset.train.sample(n, seed)
    labels = [dataset.class_names[label] for label in samples.labels]
    if path.suffix.lower() != ".png":
        raise LensmithError(f"The picture {path} must end in .png.")
    save_samples(dataset, samples.read(), labels, path)
    return ShowRecord(str(data), str(path), dataset.class_counts, dataset.skipped_by_reason, dataset)
