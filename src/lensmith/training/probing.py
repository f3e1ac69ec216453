"""Measure how fast this machine trains a network, before it is trained."""

import time
from dataclasses import dataclass
from typing import Any

from lensmith.backend import compile_steps
from lensmith.config import Recipe
from lensmith.data import Dataset
from lensmith.training.fitting import EVALUATION_BATCH, training_images
from lensmith.training.precision import FULL, set_precision
from lensmith.training.preparing import prepare

FEWEST_STEPS = 2
SECONDS_FOR_EVALUATION = 0.1


@dataclass(frozen=True)
class Throughput:
    """What a short trial came to.

    Attributes:
        images_per_second: While training, augmentation included.
        evaluated_per_second: Images, by the network in float32, as it is saved.
        compile_seconds: Building and compiling, and the first step.
    """

    images_per_second: float
    evaluated_per_second: float
    compile_seconds: float


def measure_throughput(dataset: Dataset, recipe: Recipe, seconds: float) -> Throughput:
    """Train a network of the recipe's for about so many seconds, predict a batch with it, and forget it.

    TensorFlow only: other backends compile at every shape anew.

    Args:
        dataset: Its training images are used.
        recipe: As it would be trained.
        seconds: To train for, once it is compiled.
    """
    from lensmith.training.pooling import quicker

    began = time.perf_counter()
    prepared = prepare(dataset, recipe)
    images = training_images(dataset, recipe)
    steps = compile_steps(prepared.trainee, quicker(prepared.trainee))
    steps(*images.read(0, 0, 1))
    compiled = time.perf_counter()
    done = seen = 0
    at_once = FEWEST_STEPS
    while not done or time.perf_counter() - compiled < seconds:
        first = done % images.steps_per_epoch
        batches = images.read(0, first, min(at_once, images.steps_per_epoch - first))
        done, seen = done + len(steps(*batches)), seen + len(batches[0])
        at_once = min(2 * at_once, images.steps_per_epoch)
    spent = time.perf_counter() - compiled
    return Throughput(seen / spent, evaluated_per_second(prepared.network, dataset), compiled - began)


def evaluated_per_second(network: Any, dataset: Dataset) -> float:
    """Measure how fast the network as it is saved answers, in batches as large as an evaluation's."""
    set_precision(network, FULL)

    def seconds_for(images: int) -> float:
        batch = dataset.train.read(slice(0, images))
        # The first call of a size makes things ready, which says nothing of the next.
        network.predict_on_batch(batch)
        began = time.perf_counter()
        network.predict_on_batch(batch)
        return time.perf_counter() - began

    most = min(EVALUATION_BATCH, len(dataset.train))
    images = min(8, most)
    while (seconds := seconds_for(images)) < SECONDS_FOR_EVALUATION and images < most:
        images = min(4 * images, most)
    return images / seconds
