import itertools
import time
from pathlib import Path
from typing import Any

import pytest

from lensmith.backend import compiles_steps, make_deterministic
from lensmith.config import load_recipe
from lensmith.data import open_dataset
from lensmith.training import measure_throughput, prepare, probing

pytestmark = pytest.mark.skipif(not compiles_steps(), reason="only TensorFlow compiles many steps")

SLOW, QUICK = 0.4, 0.001


def test_a_first_answer_that_takes_long_says_nothing_of_the_others(
    stripes_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    seen = set()

    class Network:
        def predict_on_batch(self, images: Any) -> None:
            time.sleep(QUICK if len(images) in seen else SLOW)
            seen.add(len(images))

    monkeypatch.setattr(probing, "set_precision", lambda network, policy: None)
    dataset = open_dataset(stripes_folder, load_recipe("fast").data)
    assert probing.evaluated_per_second(Network(), dataset) > 8 / SLOW * 10
    assert max(seen) == len(dataset.train)


def test_no_more_images_are_answered_than_are_counted(stripes_folder: Path, monkeypatch: pytest.MonkeyPatch):
    answered = []

    class Network:
        def predict_on_batch(self, images: Any) -> None:
            answered.append(len(images))

    clock = itertools.count()
    monkeypatch.setattr(probing, "set_precision", lambda network, policy: None)
    monkeypatch.setattr(probing, "SECONDS_FOR_EVALUATION", 2)
    monkeypatch.setattr(probing, "EVALUATION_BATCH", 40)
    monkeypatch.setattr(probing.time, "perf_counter", lambda: next(clock))  # each answer takes a second
    dataset = open_dataset(stripes_folder, load_recipe("fast").data)
    assert probing.evaluated_per_second(Network(), dataset) == max(answered) == 40


def test_it_measures_a_speed_and_leaves_no_trace_in_a_training_that_is_seeded_after_it(stripes_folder: Path):
    recipe = load_recipe("fast", {"training.batch_size": 16, "model.arguments.widths": [8]})
    dataset = open_dataset(stripes_folder, recipe.data)

    def first_weights() -> list:
        make_deterministic(3)
        return prepare(dataset, recipe).network.get_weights()

    before = first_weights()
    measured = measure_throughput(dataset, recipe, 0.2)
    assert measured.images_per_second > 10
    assert measured.evaluated_per_second > 10
    assert 0 < measured.compile_seconds < 60
    assert all((a == b).all() for a, b in zip(before, first_weights(), strict=True))
