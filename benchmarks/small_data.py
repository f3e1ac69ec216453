"""Few images: `transfer`, `fast` and a stock Keras convnet on the same ones; writes `docs/small-data.md`.

    LENSMITH_DATA=… python -m benchmarks.small_data

100, 500 and 5,000 images of CIFAR-10, the same number of each class, with 2,000 of its test images; and 5, 20 and 60
photos of each of 12 flowers, with the test photos that are not among the training photos, too. Which images, and which
of them choose the best epoch, is the same for all three. Three seeds each: about an hour in all.
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import choose_width
from benchmarks.contestants import ROOT, Benchmark, Contestant, lensmith, peer
from benchmarks.flowers import flowers12, leaked
from benchmarks.goals import ACCURACY, SECONDS
from benchmarks.harness import Result, load, pending, run, say
from benchmarks.sections import measured_on, table, written
from benchmarks.spread import Spread, mean_of, median_of
from lensmith.files import write_text
from lensmith.rendering.canvas import BLUE, LINE, MUTED, ORANGE, drawing

IMAGES = "IMAGES"
"""Stands for the folder of all tasks."""
TESTED = 2_000
"""Images of CIFAR-10 that each is measured on."""
PAGE, PICTURE = ROOT / "docs" / "small-data.md", ROOT / "docs" / "images" / "small-data.png"
COLORS = {"transfer": BLUE, "fast": ORANGE, "keras": MUTED}
WORDS = {"transfer": "`transfer`", "fast": "`fast`", "keras": "stock Keras CNN"}


@dataclass(frozen=True)
class Task:
    """Some images of a data set.

    Attributes:
        data: `cifar10` or `flowers12`.
        each: Images of each class.
        classes: How many there are.
        side: Pixels a side that stock Keras is given: the images' own, or those of its guide.
    """

    data: str
    each: int
    classes: int
    side: int

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.data}-{self.each * self.classes}"

    @property
    def contestants(self) -> dict[str, Contestant]:
        """The three of them."""
        folder = f"{IMAGES}/{self.name}"
        return {
            "transfer": lensmith(f"{self.name}-transfer", folder, "transfer"),
            "fast": lensmith(f"{self.name}-fast", folder, "fast"),
            "keras": peer(f"{self.name}-keras", "keras_small", folder, "--side", str(self.side)),
        }


CIFAR = tuple(Task("cifar10", each, 10, 32) for each in (10, 50, 500))
FLOWERS = tuple(Task("flowers12", each, 12, 180) for each in (5, 20, 60))
TASKS = (*CIFAR, *FLOWERS)
BENCHMARK = Benchmark("small-data", tuple(its for task in TASKS for its in task.contestants.values()))

Results = Mapping[str, Mapping[int, Result]]


def write_tasks(root: Path) -> None:
    """Write the folders of all tasks; photos as links to those of the data set."""
    for task in CIFAR:
        with np.load(Path(os.environ["LENSMITH_DATA"]) / "cifar10.npz") as file:
            arrays = {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}
        labels = arrays["y_train"].reshape(-1)
        chosen = np.concatenate([np.flatnonzero(labels == label)[: task.each] for label in range(task.classes)])
        _write_images(root / task.name / "train", arrays["x_train"][chosen], labels[chosen])
        _write_images(root / task.name / "test", arrays["x_test"][:TESTED], arrays["y_test"].reshape(-1)[:TESTED])
    left_out = {flowers12() / name for name in leaked()}
    for task in FLOWERS:
        for split, most in (("train", task.each), ("test", None)):
            for folder in sorted((flowers12() / split).iterdir()):
                place = root / task.name / split / folder.name
                place.mkdir(parents=True)
                for photo in sorted(set(folder.iterdir()) - left_out)[:most]:
                    (place / photo.name).symlink_to(photo.resolve())


def _write_images(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / f"class{label}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"class{label}" / f"{place:05d}.png")


def accuracy(task: Task, who: str, results: Results) -> Spread | None:
    """Return the mean test accuracy over seeds."""
    return mean_of(its["accuracy"] for its in results.get(task.contestants[who].name, {}).values())


def seconds(task: Task, who: str, results: Results) -> Spread | None:
    """Return the median time of the whole process."""
    return median_of(its["whole_seconds"] for its in results.get(task.contestants[who].name, {}).values())


def draw(results: Results, path: Path = PICTURE) -> None:
    """Draw accuracy against the number of images, for both data sets."""
    from matplotlib.ticker import PercentFormatter

    with drawing(path, 9, 3.8) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, tasks, title in zip(panels, (CIFAR, FLOWERS), ("CIFAR-10", "12 flowers, photos"), strict=True):
            for who, color in COLORS.items():
                found = [(task.each, its) for task in tasks if (its := accuracy(task, who, results))]
                if found:
                    x, y = [each for each, _ in found], [its.middle for _, its in found]
                    spans = [[its.middle - its.low for _, its in found], [its.high - its.middle for _, its in found]]
                    label = WORDS[who].strip("`")
                    axes.errorbar(x, y, yerr=spans, color=color, marker="o", markersize=4, capsize=3, label=label)
            axes.set_xscale("log")
            axes.set_xticks([task.each for task in tasks], [str(task.each) for task in tasks])
            axes.minorticks_off()
            axes.set_xlabel("images of each class")
            axes.set_title(title)
            axes.set_ylim(0, 1)
            axes.grid(color=LINE)
        panels[0].yaxis.set_major_formatter(PercentFormatter(1))
        panels[0].set_ylabel("test accuracy")
        panels[1].legend(loc="lower right")


def page(results: Results) -> str:
    """Write the page."""
    rows = [
        (
            "CIFAR-10" if task.data == "cifar10" else "12 flowers",
            f"{task.each * task.classes:,}",
            WORDS[who],
            written(accuracy(task, who, results), ACCURACY, with_n=True),
            written(seconds(task, who, results), SECONDS),
        )
        for task in TASKS
        for who in COLORS
        if accuracy(task, who, results)
    ]
    header = ("data", "training images", "trained by", "test accuracy", "whole process")
    commands = dict.fromkeys(its.shown("SEED") for task in TASKS for its in task.contestants.values())
    lines = [
        "# Few images",
        "",
        "How much does a classifier lose when there are few images, and what can be done about it? `transfer` begins "
        "with a network that was trained on ImageNet's million photos, and fits only its last layer; `fast` and the "
        "convnet of TensorFlow's guide to image classification begin with nothing. All three see the same images.",
        "",
        f"![Test accuracy against the number of images](images/{PICTURE.name})",
        "",
        *table(header, rows),
        "",
        "Accuracies are means over seeds, with the lowest and the highest; seconds are medians of whole processes, "
        "from the shell to the end, evaluation included, and for lensmith the export and the report. CIFAR-10's small "
        "images are seen by `transfer` at 128 pixels a side. Of the test photos of the flowers "
        f"{len(leaked())} are left out: `lensmith check` found that they are in the training, too. The Keras "
        "network stops when a fifth of the "
        "training images has not been named better for 10 epochs, and takes back its best weights.",
        "",
        "This page is written by `python -m benchmarks.small_data`; nothing in it is typed by hand. "
        f"`{IMAGES}` is a folder that it fills before it starts.",
        "",
        *measured_on([result for repeats in results.values() for result in repeats.values()]),
        *(f"- `{command}`" for command in commands),
        "",
        *choose_width.section(),
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure what is not stored yet, draw and write the page."""
    complete = True
    if pending(BENCHMARK):
        with tempfile.TemporaryDirectory() as folder:
            say("small-data: writing the images")
            write_tasks(Path(folder))
            complete = run(BENCHMARK, {IMAGES: folder})
    results = load(BENCHMARK)
    if any(results.values()):
        draw(results)
        write_text(PAGE, page(results))
    sys.exit(not complete)


if __name__ == "__main__":
    main()
