"""What each of several runs costs: training, size, multiplications, and the time of an answer, measured in turns."""

import statistics
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lensmith.architecture import summarize
from lensmith.comparison import Cost
from lensmith.errors import LensmithError
from lensmith.inference import Predictor
from lensmith.runs import Run
from lensmith.workflows.diagnose import read_history

ROUNDS = 15
IMAGES, PIXELS = 256, 2_000_000
"""Answered in a round: so many small images, of large ones so many pixels."""


def costs_of(groups: Sequence[Sequence[Run]]) -> list[Cost]:
    """Measure what contestants cost.

    Args:
        groups: The repeats of each; size and speed are those of the first.
    """
    seconds = _seconds_per_image([Predictor.of_run(group[0]) for group in groups])
    return [_cost(group, its) for group, its in zip(groups, seconds, strict=True)]


def _cost(group: Sequence[Run], seconds_per_image: float) -> Cost:
    return Cost(
        train_seconds=statistics.mean(map(_train_seconds, group)),
        parameters=group[0].info["result"]["parameters"],
        multiply_adds=_multiply_adds(group[0]),
        model_bytes=group[0].onnx_file.stat().st_size,
        seconds_per_image=seconds_per_image,
    )


def _train_seconds(run: Run) -> float:
    """Return the time a training took; where it was resumed, what is noted is that of the last session alone."""
    epochs = sum(row["seconds"] or 0 for row in read_history(run) if run.info.get("resumed"))
    return max(float(run.info["result"]["train_seconds"]), epochs)


def _multiply_adds(run: Run) -> int | None:
    try:
        return summarize(run.model).multiply_adds
    except LensmithError:  # a network whose layers are not known
        return None


def _seconds_per_image(predictors: Sequence[Predictor]) -> list[float]:
    """Time all in turns, and take the fastest round of each: what else the machine does only makes them slower."""
    images = [_noise(its) for its in predictors]
    times: list[list[float]] = [[] for _ in predictors]
    for _ in range(ROUNDS):
        for predictor, pixels, its in zip(predictors, images, times, strict=True):
            start = time.perf_counter()
            predictor.probabilities(pixels)
            its.append((time.perf_counter() - start) / len(pixels))
    return [min(its) for its in times]


def _noise(predictor: Predictor) -> npt.NDArray[np.uint8]:
    height, width, channels = predictor.image_shape
    count = int(np.clip(PIXELS // (height * width), 8, IMAGES))
    return np.random.default_rng(0).integers(0, 256, (count, height, width, channels), dtype=np.uint8)
