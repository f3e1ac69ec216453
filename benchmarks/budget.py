"""What a longer `--budget` buys, and whether trainings end when they should.

    LENSMITH_DATA=… python -m benchmarks.budget

CIFAR-10 with 1, 2, 5, 10 and 20 minutes, MNIST and a folder of 50,000 small PNG files with one, a folder of photos
with two; three seeds each: two hours and a quarter in all. Draws `docs/images/budget.png` from what is stored.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants import ROOT, Benchmark, Contestant, lensmith
from benchmarks.flowers import link_different_photos
from benchmarks.folder import FOLDER, write_folder
from benchmarks.harness import Result, measure_and_draw
from benchmarks.spread import Spread, mean_of, median_of
from lensmith.rendering.canvas import BLUE, LINE, ORANGE, drawing

EARLIEST, LATEST = 0.85, 1.05
"""Share of its budget after which a run may end."""
MOST_LOST = 0.003
"""How much less accurate a longer budget may be."""
PHOTOS = "PHOTOS"
"""Stands for the photos of flowers12, each once."""
PICTURE = ROOT / "docs" / "images" / "budget.png"


@dataclass(frozen=True)
class Budget:
    """One data set with one budget.

    Attributes:
        data: As it is typed.
        seconds: The budget.
    """

    data: str
    seconds: int

    @property
    def contestant(self) -> Contestant:
        """The training of this budget."""
        return lensmith(f"{self.data.lower()}-{self.seconds}", self.data, "", "--budget", f"{self.seconds}s")


CIFAR = tuple(Budget("cifar10", 60 * minutes) for minutes in (1, 2, 5, 10, 20))
BUDGETS = (Budget("mnist", 60), Budget(FOLDER, 60), Budget(PHOTOS, 120), *CIFAR)
BENCHMARK = Benchmark("budget", tuple(budget.contestant for budget in BUDGETS))

Results = Mapping[str, Mapping[int, Result]]


def used(budget: Budget, results: Results) -> Spread | None:
    """Return which share of its budget the whole process took."""
    found = results.get(budget.contestant.name, {}).values()
    return median_of(its["whole_seconds"] / budget.seconds for its in found)


def accuracy(budget: Budget, results: Results) -> Spread | None:
    """Return the mean test accuracy over seeds."""
    return mean_of(its["accuracy"] for its in results.get(budget.contestant.name, {}).values())


def most_lost(results: Results) -> float | None:
    """Return by how much a longer budget was less accurate than a shorter one at most; negative where none was."""
    means = [found.middle for budget in CIFAR if (found := accuracy(budget, results))]
    return max((shorter - longer for at, shorter in enumerate(means) for longer in means[at + 1 :]), default=None)


def draw(results: Results, path: Path = PICTURE) -> None:
    """Draw the accuracy of every run against its budget, and the line through the means."""
    from matplotlib.ticker import PercentFormatter

    means = [(budget.seconds / 60, found.middle) for budget in CIFAR if (found := accuracy(budget, results))]
    dots = [
        (budget.seconds / 60, its["accuracy"])
        for budget in CIFAR
        for its in results.get(budget.contestant.name, {}).values()
    ]
    with drawing(path, 7, 4) as figure:
        axes = figure.subplots()
        axes.plot([x for x, _ in means], [y for _, y in means], color=ORANGE, label="mean")
        axes.scatter([x for x, _ in dots], [y for _, y in dots], s=16, color=BLUE, zorder=3, label="a run")
        axes.set_xscale("log")
        minutes = [budget.seconds // 60 for budget in CIFAR]
        axes.set_xticks(minutes, [str(its) for its in minutes])
        axes.minorticks_off()
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel("budget in minutes, from shell to exit")
        axes.set_title("Accuracy on CIFAR-10's test images against the budget")
        axes.grid(color=LINE)
        axes.legend(loc="lower right")


def main() -> None:
    """Measure what is not stored yet, and draw all there is."""
    sys.exit(not measure_and_draw(BENCHMARK, {FOLDER: write_folder, PHOTOS: link_different_photos}, draw))


if __name__ == "__main__":
    main()
