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
from lensmith.models import group_widths
from lensmith.training import Throughput, measure_throughput, settle
from lensmith.workflows.auto import DEFAULT_SIZE, SIZES, Size, network_settings, training_settings

UNITS = {"s": 1, "m": 60, "h": 3600}
# Of the whole budget; the rest is for what cannot be foreseen, such as another program at work.
AIMED_AT = 0.96
TRIAL_SECONDS = 2.0
# A forward pass against a training step of the same image.
EVALUATION_SPEEDUP = 3.0
# Saving, ONNX and the check that both agree, evaluation's pictures and the report: measured on two cores.
FINISHING_SECONDS = 9.0
EPOCH_SECONDS = 0.3
FEWEST_IMAGES = 2_000
# What reading and writing one activation costs, in multiply-adds of each precision: measured on two cores with AMX.
MOVING = {"float32": 500, "mixed_bfloat16": 3000}
# For photos, which `auto` otherwise brings to 96 pixels.
SMALLER_SIDES = (64, 48)

Load = Callable[[Mapping[str, Any]], Recipe]


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

    def plan(self, dataset: Dataset, load: Load, reopen: Callable[[Recipe], Dataset], *, sized: bool) -> Plan:
        """Measure this machine, and choose the network, the size of the images and the number of epochs.

        Args:
            dataset: To train on.
            load: Makes the recipe with settings laid over it.
            reopen: Opens the data as another recipe wants it.
            sized: Whether filters and image size are to be chosen, too; otherwise only the epochs are.

        Raises:
            LensmithError: The budget is too short, and the message names about the least that would do; or the
                backend compiles anew at every turn, so that nothing can be said from a short trial.
        """
        if not compiles_steps():
            raise LensmithError(f"--budget needs TensorFlow, and Keras runs on {backend_name()} here. Give --epochs.")
        settings = _sized(dataset, DEFAULT_SIZE) if sized else {}
        measured = measure_throughput(dataset, load(settings), TRIAL_SECONDS)
        wanted = settle(load({}))
        moving = MOVING[wanted.training.dtype_policy or "float32"]
        free = sized and wanted.data.image_size == "auto"
        side = self._affordable_side(dataset, measured, moving) if free else None
        if side:
            dataset = reopen(load({"data.image_size": side}))
            settings = {"data.image_size": side} | _sized(dataset, DEFAULT_SIZE)
            measured = measure_throughput(dataset, load(settings), TRIAL_SECONDS)
        size = self._affordable(dataset, measured, moving) if sized else DEFAULT_SIZE
        if size != DEFAULT_SIZE:
            settings |= _sized(dataset, size)
            measured = measure_throughput(dataset, load(settings), TRIAL_SECONDS)
        settings |= {"training.epochs": self._epochs(dataset, measured)}
        return Plan(dataset, settings, self._reason(settings, measured))

    def _reason(self, settings: Mapping[str, Any], measured: Throughput) -> str:
        chosen = [f"{settings['training.epochs']:g} epochs"]
        if "model.arguments.widths" in settings:
            chosen.insert(0, f"filters {', '.join(map(str, settings['model.arguments.widths']))}")
        if "data.image_size" in settings:
            chosen.insert(0, f"images of {settings['data.image_size']} pixels")
        return (
            f"Budget {self.seconds:.0f} s: this machine trains {measured.images_per_second:,.0f} images/s. "
            f"Chosen: {'; '.join(chosen)}."
        )

    def _affordable_side(self, dataset: Dataset, default: Throughput, moving: int) -> int | None:
        """Choose a smaller size for large images that a short training would see too few of."""
        height, width, channels = dataset.image_shape
        seen = self._for_training(dataset, default) * default.images_per_second
        sides = [side for side in SMALLER_SIDES if side < min(height, width)]
        if seen >= DEFAULT_SIZE.images or not sides:
            return None
        cost = {s: _cost((s, s, channels), DEFAULT_SIZE, moving) for s in sides}
        now = _cost(dataset.image_shape, DEFAULT_SIZE, moving)
        enough = [s for s in sides if seen * now / cost[s] >= DEFAULT_SIZE.images]
        return (enough or sides[-1:])[0]

    def _affordable(self, dataset: Dataset, default: Throughput, moving: int) -> Size:
        """Choose the widest network that sees as many images as it takes to be worth its width."""
        seconds = self._for_training(dataset, default)
        shape = dataset.image_shape
        images = {size: seconds * default.images_per_second / relative_cost(shape, size, moving) for size in SIZES}
        return [size for size in SIZES if images[size] >= size.images or size == SIZES[0]][-1]

    def _for_training(self, dataset: Dataset, measured: Throughput) -> float:
        test = len(dataset.test) / (EVALUATION_SPEEDUP * measured.images_per_second) if dataset.test else 0.0
        return self.left - measured.compile_seconds - FINISHING_SECONDS - test

    def _epochs(self, dataset: Dataset, measured: Throughput) -> float:
        an_epoch = len(dataset.train) / measured.images_per_second
        overhead = EPOCH_SECONDS
        if dataset.validation:
            overhead += len(dataset.validation) / (EVALUATION_SPEEDUP * measured.images_per_second)
        seconds = self._for_training(dataset, measured)
        # Every epoch that is begun has its own validation and checkpoint.
        whole = math.floor(seconds / (an_epoch + overhead))
        part = (seconds - whole * (an_epoch + overhead) - overhead) / an_epoch
        epochs = whole + max(0.0, math.floor(100 * part) / 100)
        if epochs * len(dataset.train) < FEWEST_IMAGES and epochs < 1:
            least = self.seconds + (FEWEST_IMAGES / measured.images_per_second + overhead - seconds) / AIMED_AT
            raise LensmithError(
                f"A budget of {self.seconds:.0f} s is too short to train anything here: starting, compiling, "
                f"evaluating and exporting take most of {least:.0f} s. Give at least --budget {math.ceil(least)}s."
            )
        return int(epochs) if epochs == int(epochs) else round(epochs, 2)


def relative_cost(image_shape: tuple[int, int, int], size: Size, moving: int) -> float:
    """Return what a training step costs with a network of this size, against the default one."""
    return _cost(image_shape, size, moving) / _cost(image_shape, DEFAULT_SIZE, moving)


def _cost(image_shape: tuple[int, int, int], size: Size, moving: int) -> float:
    """Count multiply-adds of a step for one image, and what moving the activations takes as so many of them."""
    height, width, channels = image_shape
    pixels, inputs, total = (height - 1) * (width - 1), 8 * channels, 0.0
    for place, filters in enumerate(group_widths(image_shape, size.first, size.last)):
        # The first convolution's input is not trained, so its gradient is not needed.
        total += pixels * filters * (9 * inputs * (3 if place else 2) + moving)
        pixels, inputs = pixels // 4, filters
        total += pixels * filters * (9 * filters * 3 + 2 * moving)
    return total


def _sized(dataset: Dataset, size: Size) -> dict[str, Any]:
    return network_settings(dataset, size) | training_settings(dataset, 1)
