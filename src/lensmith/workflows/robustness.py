"""`robustness`: a run's answers on images that are noisy, blurred, moved …, and on images of nothing it knows."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lensmith.backend import start_keras
from lensmith.config import DataConfig
from lensmith.data import Split, kind_of, open_dataset, resize, resolve_source
from lensmith.errors import DataError, DecodeError, LensmithError
from lensmith.evaluation import (
    FEWEST_COMPARED,
    Novelty,
    Robustness,
    blank_images,
    measure_novelty,
    measure_robustness,
    noise_images,
)
from lensmith.explanation import Classifier
from lensmith.files import write_text
from lensmith.inference import Predictor, image_files
from lensmith.records import Record, to_json
from lensmith.rendering.progress import Screen, current_screen
from lensmith.rendering.robustness import render_robustness
from lensmith.runs import Run, find_run, note_look
from lensmith.workflows.answers import open_split, require_split
from lensmith.workflows.comparable import check_split

Images = npt.NDArray[np.uint8]

FEWEST, MOST, PIXELS = 200, 10_000, 10_000_000
"""Images that are answered, 36 times each: of small ones many, of large ones so many pixels."""
FOREIGN = 2_000
BATCH = 64
SHOWN = 1
CHOSEN_EPOCH = (
    "Validation images also chose the epoch, so the accuracy on images as they are is a little too high. --split test "
    "is free of it."
)


@dataclass(frozen=True)
class RobustnessRecord(Record):
    """What `robustness` found.

    Attributes:
        run: Path of the run.
        split: `validation` or `test`: whose images were corrupted, and stand for what is known.
        robustness: Under corruptions.
        novelty: On data that is foreign to the run: one for each, noise and blank images last.
        notices: What is to be kept in mind.
        report: Path of the page.
        example: `uint8 (1, H, W, C)`: the image that the page shows.
    """

    run: str
    split: str
    robustness: Robustness
    novelty: list[Novelty]
    notices: list[str]
    report: str
    example: npt.NDArray[np.uint8] = field(repr=False)


def robustness(
    run: str | Path = "latest",
    *,
    split: str = "validation",
    foreign: Sequence[str | Path] = (),
    runs: str | Path | None = None,
    trust: bool = False,
) -> RobustnessRecord:
    """Measure a run's model on corrupted images, and how sure it is of images that are none of its classes.

    Args:
        run: A run folder, a run's name, or `latest`.
        split: `validation` or `test`.
        foreign: DATA of other things than the run knows, such as `fashion-mnist` for digits, or a folder of images.
        runs: The runs root.
        trust: Whether the run is one's own.

    Raises:
        LensmithError: No such run, split or data, the run's data has changed, or `foreign` is what it was trained on.
    """
    check_split(split)
    for source in foreign:
        resolve_source(source)  # so that a mistyped path is answered before anything is measured
    found = find_run(run, runs, trust=trust)
    require_split(found, split)
    predictor = Predictor.of_run(found)
    with current_screen() as screen:
        start_keras()
        classifier = Classifier(found.model)
        dataset = open_split(found, split, screen)
        known = _some(dataset.splits[split])
        notices = [CHOSEN_EPOCH] if split == "validation" else []
        others = [_open_foreign(source, found, predictor, screen, notices) for source in foreign]
        _check_enough(len(known), others)
        if split == "test":
            note_look(found.path.parent, dataset.fingerprint, "evaluate", [found.name])
        bar = screen.corrupting()
        measured = measure_robustness(predictor.probabilities, known.batches(BATCH), known.labels, progress=bar)
        novelty = _measure_novelty(classifier, known, others, predictor)
    folder = found.evaluation_of(split)
    page = folder / "robustness.html"
    example = known.read(slice(0, SHOWN))
    record = RobustnessRecord(str(found.path), split, measured, novelty, notices, str(page), example)
    write_text(folder / "robustness.json", to_json(record))
    write_text(page, render_robustness(record))
    return record


def _check_enough(known: int, others: Sequence[tuple[str, Images]]) -> None:
    """Refuse too few images before any is measured, which takes long."""
    for name, count in (("this split", known), *((name, len(images)) for name, images in others)):
        if count < FEWEST_COMPARED:
            raise DataError(f"There is only one image in {name}; it takes {FEWEST_COMPARED} to compare by.")


def _open_foreign(
    source: str | Path, run: Run, predictor: Predictor, screen: Screen, notices: list[str]
) -> tuple[str, Images]:
    """Read data as the run's model takes images: of folders all images in them, labelled or not.

    What speaks against its being foreign is added to the notices.
    """
    its_own = resolve_source(source) == run.info["data"]["source"]
    if its_own:
        raise LensmithError(f"{source} is what run {run.name} was trained on, so nothing of it is foreign.")
    if kind_of(str(source)) == "folder":
        return Path(source).resolve().name, _read_folder(Path(source), predictor)
    artifact = run.artifact
    # Small images are kept as they come until it is known which are taken: 60,000 of them enlarged are many gigabytes.
    size, mode = (artifact["image_size"][0], artifact["image_size"][1]), artifact["resize"]
    config = DataConfig(photo_size=max(size), color=artifact["color"], resize=mode)
    dataset = open_dataset(source, config, screen.decoding())
    known = sorted(set(dataset.class_names) & set(predictor.class_names))
    if known:
        notices.append(
            f"{dataset.name} has classes by names that the run knows, such as {known[0]}. Are they foreign to it?"
        )
        screen.warn(notices[-1])
    split = dataset.test or dataset.validation or dataset.train
    taken = split.spread(_most(predictor.image_shape, FOREIGN)).read()
    return dataset.name, np.stack([resize(image, size, mode) for image in taken])


def _read_folder(folder: Path, predictor: Predictor) -> Images:
    """Read images evenly spread over a folder's files; files that are none are passed over."""
    files = image_files([folder])
    images = []
    for place in np.unique(np.linspace(0, len(files) - 1, _most(predictor.image_shape, FOREIGN), dtype=np.int64)):
        with contextlib.suppress(DecodeError):
            images.append(predictor.read(files[place]))
    if not images:
        raise DataError(f"There is no image that can be read in {folder}.")
    return np.stack(images)


def _measure_novelty(
    classifier: Classifier, known: Split, others: Sequence[tuple[str, Images]], predictor: Predictor
) -> list[Novelty]:
    images = _some(known, FOREIGN).read()
    shape, scores = images.shape[1:], _scores(classifier, images)
    made = [("noise", noise_images(len(images), shape, 0)), ("blank", blank_images(shape))]
    names, threshold = predictor.class_names, predictor.rejection_threshold
    return [measure_novelty(scores, _scores(classifier, its), names, name, threshold) for name, its in [*others, *made]]


def _scores(classifier: Classifier, images: Images) -> npt.NDArray[np.float32]:
    """Compute what goes into the softmax: the energy cannot be told from probabilities."""
    import keras

    parts = [images[start : start + BATCH].astype(np.float32) for start in range(0, len(images), BATCH)]
    return np.concatenate([keras.ops.convert_to_numpy(classifier.scores(part)) for part in parts])


def _some(split: Split, most: int = MOST) -> Split:
    """Take images evenly spread over a split."""
    return split.spread(_most(split.store.shape[1:], most))


def _most(image_shape: Sequence[int], most: int) -> int:
    """Return how many images there is time and memory for, at most this many."""
    height, width, _ = image_shape
    return min(most, max(FEWEST, PIXELS // (height * width)))
