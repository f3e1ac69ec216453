"""Measure how fast this machine trains a network, before it is trained."""

import time
from dataclasses import dataclass

from lensmith.backend import compile_steps
from lensmith.config import Recipe
from lensmith.data import Dataset
from lensmith.training.fitting import prepare, training_images

FEWEST_STEPS = 2


@dataclass(frozen=True)
class Throughput:
    """What a short trial came to.

    Attributes:
        images_per_second: While training, augmentation included.
        compile_seconds: Building and compiling, and the first step.
    """

    images_per_second: float
    compile_seconds: float


def measure_throughput(dataset: Dataset, recipe: Recipe, seconds: float) -> Throughput:
    """Train a network of the recipe's for about so many seconds, and forget it.

    TensorFlow only: other backends compile at every shape anew.

    Args:
        dataset: Its training images are used.
        recipe: As it would be trained.
        seconds: To train for, once it is compiled.
    """
    began = time.perf_counter()
    trainee = prepare(dataset, recipe).trainee
    images = training_images(dataset, recipe)
    steps = compile_steps(trainee)
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
    return Throughput(seen / spent, compiled - began)
