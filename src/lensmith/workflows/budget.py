"""`--budget`: the largest network and the longest schedule that end in the time there is."""

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lensmith.backend import backend_name, compiles_steps
from lensmith.config import Recipe
from lensmith.data import Dataset
from lensmith.errors import LensmithError
from lensmith.evaluation import count_views
from lensmith.export import images_compared
from lensmith.training import measure_throughput, settle
from lensmith.workflows.auto import choose_epochs, choose_size, network_settings, training_settings
from lensmith.workflows.calibrate import images_fitted
from lensmith.workflows.sizes import DEFAULT_SIZE, MOVING, SIZES, Size, cost, relative_cost

UNITS = {"s": 1, "m": 60, "h": 3600}
# Of the whole budget; the rest is for what cannot be foreseen, such as another program at work.
AIMED_AT = 0.96
TRIAL_SECONDS = 2.0
# A forward pass against a training step of the same image.
VALIDATION_SPEEDUP = 3.0
# The temperature, saving, ONNX and the check that both agree, evaluation's pictures and the report; and the end of an
# epoch beside its validation: measured on two cores.
FINISHING_SECONDS = 7.5
EPOCH_SECONDS = 0.1
FEWEST_IMAGES, MOST_EPOCHS = 2_000, 1_000
"""Trained at least, as images, and at most: further passes do no good, and each makes the history longer."""
# For photos, which `fast` otherwise brings to 96 pixels.
SMALLER_SIDES = (64, 48)

Load = Callable[[Mapping[str, Any]], Recipe]


class BudgetTooShort(LensmithError):
    """Nothing can be trained in the time there is."""


@dataclass(frozen=True)
class Plan:
    """What a budget is spent on.

    Attributes:
        dataset: To train on, its images of the chosen size.
        settings: By dotted key, to lay over the recipe.
        reason: In a sentence, what was measured and chosen.
    """

    dataset: Dataset = field(repr=False)
    settings: dict[str, Any]
    reason: str


def parse_budget(text: str) -> float:
    """Read `90s`, `10m` or `2h` as seconds.

    Raises:
        LensmithError: It is none of those, or nothing.

    Example:
        >>> parse_budget("1.5m")
        90.0
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh])\s*", text)
    if not match or not float(match[1]):
        raise LensmithError(f"--budget {text!r} is no time. Expected a number with s, m or h, such as 90s, 10m or 2h.")
    return float(match[1]) * UNITS[match[2]]


@dataclass(frozen=True)
class Budget:
    """A time to be done in.

    Attributes:
        seconds: In all, from the start of the process to its end.
        began: When it started, by `time.perf_counter`.
    """

    seconds: float
    began: float

    @property
    def left(self) -> float:
        """Seconds from now on that training can have, if nothing else were to be done."""
        return AIMED_AT * self.seconds - (time.perf_counter() - self.began)

    def plan(
        self,
        dataset: Dataset,
        load: Load,
        reopen: Callable[[Recipe], Dataset],
        settings: Mapping[str, Any],
        *,
        sized: bool,
    ) -> Plan:
        """Measure this machine, and choose the network, the size of the images and the number of epochs.

        Args:
            dataset: To train on.
            load: Makes the recipe with settings laid over it.
            reopen: Opens the data as another recipe wants it.
            settings: By dotted key, that suit the images whatever the time.
            sized: Whether filters and image size are to be chosen, too; otherwise only the epochs are.

        Raises:
            BudgetTooShort: The message names about the least that would do.
            LensmithError: The backend compiles anew at every turn, so that nothing can be said from a short trial; or
                steps are to be of different lengths.
        """
        check_compiles()
        if load(settings).training.progressive_resizing:
            raise LensmithError(
                "--budget does not reckon with training.progressive_resizing, which makes some steps shorter. Leave it "
                "out, or give --epochs instead."
            )
        planner = _Planner(self, dataset, load, {**settings, **(_sized(dataset, DEFAULT_SIZE) if sized else {})})
        if sized:
            planner.choose_side(reopen)
            planner.choose_size()
        return planner.plan()


class _Planner:
    """Measures one network after the other, until it is the one that suits the budget."""

    def __init__(self, budget: Budget, dataset: Dataset, load: Load, settings: dict[str, Any]) -> None:
        recipe = settle(load(settings))
        self._budget, self._dataset, self._load, self._settings = budget, dataset, load, settings
        self._moving = MOVING[recipe.training.dtype_policy or "float32"]
        self._views = count_views(recipe.evaluation.tta, dataset.image_shape)
        self._measure()

    def choose_side(self, reopen: Callable[[Recipe], Dataset]) -> None:
        """Take a smaller size for large images that a short training would see too few of."""
        height, width, channels = self._dataset.image_shape
        sides = [side for side in SMALLER_SIDES if side < min(height, width)]
        seen = self._for_training * self._measured.images_per_second
        if self._load({}).data.image_size != "auto" or seen >= DEFAULT_SIZE.images or not sides:
            return
        costs = {s: cost((s, s, channels), DEFAULT_SIZE, self._moving) for s in sides}
        now = cost(self._dataset.image_shape, DEFAULT_SIZE, self._moving)
        side = next((s for s in sides if seen * now / costs[s] >= DEFAULT_SIZE.images), sides[-1])
        self._dataset = reopen(self._load({"data.image_size": side}))
        self._settings |= {"data.image_size": side} | _sized(self._dataset, DEFAULT_SIZE)
        self._measure()

    def choose_size(self) -> None:
        """Take the widest network that sees as many images as it takes to be worth its width.

        Where there is time for what `fast` does without a budget, it is not narrower than there.
        """
        shape, seen = self._dataset.image_shape, self._for_training * self._measured.images_per_second
        images = {size: seen / relative_cost(shape, size, self._moving) for size in SIZES}
        size = [its for its in SIZES if images[its] >= its.images or its == SIZES[0]][-1]
        epochs = choose_epochs(self._dataset)
        without_budget = choose_size(self._dataset, epochs)
        if images[without_budget] >= epochs * len(self._dataset.train):
            size = max(size, without_budget, key=SIZES.index)
        if size != DEFAULT_SIZE:
            self._settings |= _sized(self._dataset, size)
            self._measure()

    def plan(self) -> Plan:
        """Choose the epochs, and say why."""
        settings = {**self._settings, "training.epochs": self._epochs()}
        recipe = self._load(settings)  # with the user's own settings over these
        most = ", the most that are planned, so it will end sooner" if recipe.training.epochs == MOST_EPOCHS else ""
        chosen = [f"{recipe.training.epochs:g} epochs{most}"]
        if "model.arguments.widths" in settings:
            chosen.insert(0, f"filters {', '.join(map(str, recipe.model.arguments['widths']))}")
        if "data.image_size" in settings:
            chosen.insert(0, f"images of {recipe.data.image_size} pixels")
        reason = (
            f"Budget {self._budget.seconds:.0f} s: this machine trains {self._measured.images_per_second:,.0f} "
            f"images/s. Chosen: {'; '.join(chosen)}."
        )
        return Plan(self._dataset, settings, reason)

    def _measure(self) -> None:
        self._measured = measure_throughput(self._dataset, self._load(self._settings), TRIAL_SECONDS)

    @property
    def _for_training(self) -> float:
        """Seconds that the epochs can have, with what comes after each of them."""
        after = FINISHING_SECONDS + seconds_predicting(self._dataset, self._views, self._measured.evaluated_per_second)
        return self._budget.left - self._measured.compile_seconds - after

    def _epochs(self) -> float:
        seconds, rate = self._for_training, self._measured.images_per_second
        overhead, images = seconds_after_epoch(self._dataset, rate * VALIDATION_SPEEDUP), len(self._dataset.train)
        epochs = epochs_within(seconds, images / rate, overhead)
        if epochs * images < FEWEST_IMAGES and epochs < 1:
            raise too_short(self._budget, FEWEST_IMAGES / rate + overhead - seconds)
        return min(epochs, MOST_EPOCHS)


def check_compiles() -> None:
    """Refuse a backend that compiles anew at every turn.

    Raises:
        LensmithError: It is one.
    """
    if not compiles_steps():
        raise LensmithError(
            f"To train in a given time needs TensorFlow, and Keras runs on {backend_name()} here. Train with --epochs."
        )


def too_short(budget: Budget, lacking: float) -> BudgetTooShort:
    """Say that so many seconds are lacking, and which budget would do."""
    least = math.ceil(budget.seconds + lacking / AIMED_AT)
    return BudgetTooShort(
        f"A budget of {budget.seconds:.0f} s is too short to train anything here: starting, compiling, evaluating and "
        f"exporting take most of {least} s. Give at least --budget {least}s."
    )


def seconds_predicting(dataset: Dataset, views: int, per_second: float) -> float:
    """Return the time that the evaluation takes, and the comparison of the network with what is exported."""
    predicted = 2 * images_compared(dataset) + images_fitted(dataset)
    predicted += views * len(dataset.test) if dataset.test else 0
    return predicted / per_second


def seconds_after_epoch(dataset: Dataset, validated_per_second: float) -> float:
    """Return the time that an epoch takes beside its steps, for validation and checkpoint."""
    return EPOCH_SECONDS + len(dataset.validation or ()) / validated_per_second


def epochs_within(seconds: float, an_epoch: float, overhead: float) -> float:
    """Return how many epochs fit into a time; the last may be a part of one.

    Args:
        seconds: In all.
        an_epoch: Seconds that its steps take.
        overhead: Seconds that each takes beside them, once it is begun.
    """
    whole = math.floor(seconds / (an_epoch + overhead))
    part = (seconds - whole * (an_epoch + overhead) - overhead) / an_epoch
    epochs = whole + max(0.0, math.floor(1000 * part) / 1000)
    return int(epochs) if epochs == int(epochs) else round(epochs, 3)


def _sized(dataset: Dataset, size: Size) -> dict[str, Any]:
    return network_settings(dataset, size) | training_settings(dataset, 1)
