"""The project's goals of speed, each with what it is measured by, and whether it is reached."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from benchmarks import budget, folder, growth, saving, sgemm, speed
from benchmarks.harness import Result
from benchmarks.spread import Spread, mean_of, median_of, ratios_of

Everything = Mapping[str, Mapping[str, Mapping[int, Result]]]
"""All results that are stored: by benchmark, contestant and repeat."""
Measure = Callable[[Everything], Spread | None]


@dataclass(frozen=True)
class Unit:
    """How a number is written, and a distance from a goal.

    Attributes:
        text: Format of a number, with its unit.
        scale: What it is multiplied by before.
        distance: Unit of a difference; per cent of the goal where it is empty.
    """

    text: str
    scale: float = 1.0
    distance: str = ""

    def write(self, value: float) -> str:
        """Write a number.

        Example:
            >>> Unit("{:.2f} %", 100).write(0.9914)
            '99.14 %'
        """
        return self.text.format(self.scale * value)

    def write_distance(self, value: float, target: float) -> str:
        """Write how far a number is from a goal.

        Example:
            >>> Unit("{:.2f} %", 100, "points").write_distance(0.99, 0.9914), Unit("{:.1f}").write_distance(8, 10)
            ('0.14 points', '20 %')
        """
        if self.distance:
            return f"{self.scale * abs(value - target):.2f} {self.distance}"
        percent = 100 * abs(value / target - 1)
        return f"{percent:.{0 if percent >= 10 else 1}f} %"


ACCURACY = Unit("{:.2f} %", 100, "points")
LOSS = Unit("{:.2f} points", 100, "points")
SHARE = Unit("{:.1f} %", 100, "points")
TIMES = Unit("{:.2f} ×")
MINUTES = Unit("{:.1f} min", 1 / 60)
SECONDS = Unit("{:.2f} s")
GIGABYTES = Unit("{:.2f} GB", 1e-9)
FIT = Unit("{:.4f}")


@dataclass(frozen=True)
class Goal:
    """What is to be reached.

    Attributes:
        what: In words, without the number.
        target: The number.
        unit: It is written in.
        measure: Finds what was measured, `None` before anything was.
        wanted: Measurements without which there is no verdict.
        at_most: Whether less is better.
    """

    what: str
    target: float
    unit: Unit
    measure: Measure
    wanted: int = 3
    at_most: bool = False

    @property
    def wish(self) -> str:
        """The number with its direction."""
        return f"at {'most' if self.at_most else 'least'} {self.unit.write(self.target)}"

    def is_reached(self, everything: Everything) -> bool | None:
        """Tell whether it is reached; `None` before there are measurements enough."""
        found = self.measure(everything)
        if found is None or found.n < self.wanted:
            return None
        return found.middle <= self.target if self.at_most else found.middle >= self.target

    def verdict(self, everything: Everything) -> str:
        """Say whether it is reached, and how far off it is."""
        found, reached = self.measure(everything), self.is_reached(everything)
        if found is None:
            return "not measured yet"
        if reached is None:
            return f"not measured yet: n = {found.n} of {self.wanted}"
        distance = self.unit.write_distance(found.middle, self.target)
        if reached:
            return f"reached, {distance} to spare"
        return f"**missed by {distance}**"


def accuracy(benchmark: str, name: str, key: str = "accuracy") -> Measure:
    """Measure the mean test accuracy over seeds of a contestant."""

    def measure(everything: Everything) -> Spread | None:
        return mean_of(its[key] for its in everything[benchmark][name].values() if its.get(key) is not None)

    return measure


def sooner(benchmark: str, name: str, peer: str = speed.KERAS) -> Measure:
    """Measure how many times longer than a contestant a peer trains."""
    return partial(ratio, benchmark, peer, name, speed.training_seconds)


def ratio(benchmark: str, a: str, b: str, value: Callable[[Result], float], everything: Everything) -> Spread | None:
    """Return a value of contestant a over that of b, by pairs of repeats."""
    found = [{repeat: value(its) for repeat, its in everything[benchmark][name].items()} for name in (a, b)]
    return ratios_of(*found)


def median(benchmark: str, name: str, key: str, everything: Everything) -> Spread | None:
    """Return the median of what a contestant's results have under a key."""
    return median_of(its[key] for its in everything[benchmark][name].values())


def quickest_reader(peer: str, everything: Everything) -> str | None:
    """Return which setting of a peer reads the folder quickest, by its median; `None` if not all are measured."""
    found = {name: median("folder", name, "read_seconds", everything) for name in folder.READERS[peer]}
    known = {name: spread.middle for name, spread in found.items() if spread}
    return min(known, key=known.__getitem__) if len(known) == len(found) else None


def reading(peer: str, everything: Everything) -> Spread | None:
    """Return how many times quicker than a peer's quickest setting lensmith reads a folder for the first time."""
    name = quickest_reader(peer, everything)
    if name is None:
        return None
    return ratio("folder", name, "lensmith-first", lambda its: float(its["read_seconds"]), everything)


def _share_of_peak(precision: str, everything: Everything) -> Spread | None:
    return sgemm.share_of_peak(everything["sgemm"], precision)


def _share_of_saving(recipe: str, everything: Everything) -> Spread | None:
    return saving.share(recipe, everything["saving"])


def straightness(series: str, everything: Everything) -> Spread | None:
    """Return how much of the variance of the seconds a straight line explains."""
    line = growth.lines(everything["growth"]).get(series)
    return Spread(line.r_squared, line.r_squared, line.r_squared, line.n) if line else None


def budget_used(choose: Callable[[list[float]], float], everything: Everything) -> Spread | None:
    """Return the share of its budget that the shortest or the longest run took."""
    shares = [
        its["whole_seconds"] / one.seconds
        for one in budget.BUDGETS
        for its in everything["budget"][one.contestant.name].values()
    ]
    return Spread(choose(shares), min(shares), max(shares), len(shares)) if shares else None


def budget_lost(everything: Everything) -> Spread | None:
    """Return by how much a longer budget was less accurate at most."""
    lost = budget.most_lost(everything["budget"])
    runs = sum(len(everything["budget"][one.contestant.name]) for one in budget.CIFAR)
    return None if lost is None else Spread(lost, lost, lost, runs)


def _to_accuracy() -> list[Goal]:
    mnist, cifar, best, fashion = "speedrun-mnist", "speedrun-cifar10", "cifar10-94", "fashion-94"
    whole = partial(median, best, best, "whole_seconds")
    return [
        Goal(f"test accuracy of `{mnist}`", 0.9914, ACCURACY, accuracy("mnist", mnist), 10),
        Goal(f"training time, stock `mnist-3conv` ÷ `{mnist}`", 10, TIMES, sooner("mnist", mnist)),
        Goal(f"test accuracy of `{cifar}`", 0.7808, ACCURACY, accuracy("cifar10", cifar), 5),
        Goal(f"training time, stock `cifar-bn-dropout` ÷ `{cifar}`", 20, TIMES, sooner("cifar10", cifar)),
        Goal(
            f"test accuracy of `{best}`, flip and shift averaged", 0.94, ACCURACY, accuracy(best, best, "tta_accuracy")
        ),
        Goal(f"time of `{best}`, shell to exit", 18 * 60, MINUTES, whole, at_most=True),
        Goal(
            f"training time, airbench94_muon in PyTorch ÷ `{best}`", 1.6, TIMES, sooner(best, best, "airbench94-muon")
        ),
        Goal(f"test accuracy of `{fashion}`", 0.94, ACCURACY, accuracy(fashion, fashion)),
    ]


def _of_the_engine() -> list[Goal]:
    memory = partial(median, "cifar10", "speedrun-cifar10", "peak_bytes")
    goals = []
    for benchmark, recipe, target in (("mnist", "mnist-3conv", 1.5), ("cifar10", "cifar-bn-dropout", 1.3)):
        for precision, suffix in (("float32", ""), ("bfloat16", speed.BFLOAT16)):
            for peer, words, least in ((speed.KERAS, "stock Keras", target), (speed.PYTORCH, "PyTorch", 1.0)):
                pace = partial(ratio, benchmark, recipe + suffix, peer + suffix, speed.images_per_second)
                what = f"images a second of `{recipe}` in {precision}, lensmith ÷ {words}"
                goals.append(Goal(what, least, TIMES, pace))
    for precision, product in (("float32", "sgemm"), ("mixed_bfloat16", "bfloat16 product's")):
        what = f"share of {product} peak while training `{sgemm.RECIPE}` in {precision}"
        goals.append(Goal(what, 0.8, SHARE, partial(_share_of_peak, precision)))
    return [*goals, Goal("peak memory of `speedrun-cifar10`", 1.5e9, GIGABYTES, memory, at_most=True)]


def _of_reading() -> list[Goal]:
    files, second = "50,000 PNG files", partial(median, "folder", "lensmith-second", "read_seconds")
    return [
        Goal(f"first pass over {files}, Keras' time ÷ lensmith's", 1.0, TIMES, partial(reading, "keras")),
        Goal(f"first pass over {files}, Pillow's time ÷ lensmith's", 1.0, TIMES, partial(reading, "pillow")),
        Goal(f"second pass over {files}", 2.0, SECONDS, second, at_most=True),
    ]


def _of_saving() -> list[Goal]:
    return [
        Goal(
            f"share of the training time of `{recipe}` that checkpoints take",
            0.05,
            SHARE,
            partial(_share_of_saving, recipe),
            at_most=True,
        )
        for recipe in saving.DATA
    ]


def _of_growth() -> list[Goal]:
    what = "training seconds against {}, R² of a straight line"
    return [
        Goal(what.format(its.name), 0.99, FIT, partial(straightness, its.name), 3 * len(its.values))
        for its in growth.SERIES
    ]


def _of_budgets() -> list[Goal]:
    earliest, latest = partial(budget_used, min), partial(budget_used, max)
    runs, runs_of_cifar = 3 * len(budget.BUDGETS), 3 * len(budget.CIFAR)
    return [
        Goal("earliest end with `--budget`, share of it used", budget.EARLIEST, SHARE, earliest, runs),
        Goal("latest end with `--budget`, share of it used", budget.LATEST, SHARE, latest, runs, at_most=True),
        Goal(
            "accuracy lost to a longer budget, at worst",
            budget.MOST_LOST,
            LOSS,
            budget_lost,
            runs_of_cifar,
            at_most=True,
        ),
    ]


GOALS = [*_to_accuracy(), *_of_the_engine(), *_of_reading(), *_of_growth(), *_of_budgets(), *_of_saving()]
