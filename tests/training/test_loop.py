import time
from typing import Any

import keras
import numpy as np
import pytest

from lensmith.backend import compiles_steps
from lensmith.config import TrainingConfig
from lensmith.data import Split
from lensmith.training import loop
from lensmith.training.batches import TrainingImages, ordered_batches
from lensmith.training.loop import CompiledLoop

pytestmark = pytest.mark.skipif(not compiles_steps(), reason="only TensorFlow compiles many steps")

N, BATCH = 20, 4


class Recorder(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[str, Any]] = []
        self.logs: list[dict[str, float]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.events.append(("begin", dict(self.params)))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.events.append(("epoch", epoch))

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.events.append(("from", batch))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.events.append(("to", batch))
        self.logs.append(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        self.events.append(("test", None))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.events.append(("end", sorted(logs)))


def compiled_model() -> keras.Sequential:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.train_on_batch(np.zeros((2, 2, 2, 1)), np.array([0, 1]))  # the functions here do no steps, so no metrics
    return model


def images(epochs: float = 2, batch_size: int = BATCH) -> TrainingImages:
    store = np.arange(N * 4, dtype=np.uint8).reshape(N, 2, 2, 1)
    labels = np.arange(N) % 2
    split = Split(store, np.arange(N), labels, [""] * N)
    return TrainingImages.of(split, labels, TrainingConfig(batch_size=batch_size, epochs=epochs), seed=0)


class Counting:
    """Stands for the compiled function: notes which images each call gets, and takes a given time for a step."""

    def __init__(self, seconds: float = 0.0, losses: Any = None) -> None:
        self.calls: list[np.ndarray] = []
        self._seconds, self._losses = seconds, losses

    def __call__(self, batch: np.ndarray, targets: np.ndarray, ends: np.ndarray) -> np.ndarray:
        assert ends[-1] == len(batch) == len(targets)
        steps = len(ends)
        time.sleep(self._seconds * steps)
        self.calls.append(batch)
        return np.ones(steps, np.float32) if self._losses is None else self._losses(steps)


def run(steps: Any, its: TrainingImages, recorder: Recorder, **arguments: Any) -> None:
    validation = arguments.pop("validation", None)
    at = steps if callable(steps) and not isinstance(steps, Counting) else lambda step: steps
    CompiledLoop(compiled_model(), its, at, **arguments).fit([recorder], 0, validation)


def test_every_image_of_every_epoch_is_given_once_in_its_order():
    steps, its = Counting(), images(epochs=3)
    run(steps, its, Recorder())
    seen = np.concatenate(steps.calls)
    expected = np.concatenate([its.read(epoch, 0, its.steps_per_epoch)[0] for epoch in range(3)])
    assert (seen == expected).all()


def test_callbacks_are_called_as_by_fit_with_the_last_step_of_each_call():
    recorder, its = Recorder(), images(epochs=1.4)
    validation = ordered_batches(its.split, its.targets, BATCH)
    run(Counting(), its, recorder, validation=validation)
    names = [name for name, _ in recorder.events]
    assert names[:3] == ["begin", "epoch", "from"]
    assert recorder.events[0][1]["epochs"] == 2
    assert recorder.events[0][1]["steps"] == 5
    assert ("end", ["accuracy", "loss", "val_accuracy", "val_loss"]) in recorder.events
    assert names.count("test") == 2
    ends = [batch for name, batch in recorder.events if name == "to"]
    begins = [batch for name, batch in recorder.events if name == "from"]
    assert 4 in ends  # the first epoch has five steps
    assert ends[-1] == 1  # the second has two
    for begin, end in zip(begins, ends, strict=True):
        assert begin <= end
    assert [b for b in begins if b] == [e + 1 for e, b in zip(ends, begins[1:], strict=False) if b]


def test_a_call_takes_about_as_many_steps_as_fit_into_its_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loop, "SECONDS_A_CALL", 0.1)
    slow, quick = Counting(seconds=0.06), Counting()
    run(slow, images(epochs=2), Recorder())
    run(quick, images(epochs=3), Recorder())
    assert max(len(batch) for batch in slow.calls) <= 2 * BATCH
    assert len(quick.calls[-1]) == N


def test_a_function_begins_with_single_steps_until_it_is_known_how_long_they_take(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loop, "SECONDS_A_CALL", 0.1)
    quick, slow = Counting(), Counting(seconds=0.06)
    run(lambda step: quick if step < 10 else slow, images(epochs=4), Recorder())
    assert max(len(batch) for batch in quick.calls) > 2 * BATCH
    assert max(len(batch) for batch in slow.calls) <= 2 * BATCH


def test_no_call_goes_on_past_a_step_at_which_callbacks_want_to_see_the_weights():
    recorder = Recorder()
    run(Counting(), images(epochs=3), recorder, pause_every=3)
    done, epoch = [], -1
    for name, value in recorder.events:
        epoch = value if name == "epoch" else epoch
        if name == "to":
            done.append(5 * epoch + value + 1)
    assert {3, 6, 9, 12, 15} <= set(done)


def test_no_call_mixes_steps_that_want_different_functions():
    first, second = Counting(), Counting()
    run(lambda step: first if step < 7 else second, images(epochs=3), Recorder())
    assert sum(len(batch) for batch in first.calls) == 7 * BATCH
    assert sum(len(batch) for batch in second.calls) == 8 * BATCH


def test_the_loss_of_an_epoch_is_the_mean_over_its_images():
    recorder, values = Recorder(), iter([1.0, 3.0, 4.0])

    def steps(batch: np.ndarray, targets: np.ndarray, ends: np.ndarray) -> np.ndarray:
        return np.array([next(values)], np.float32)

    its = images(epochs=1, batch_size=7)  # batches of 6, 7 and 7
    CompiledLoop(compiled_model(), its, lambda step: steps, pause_every=1).fit([recorder], 0, None)
    assert recorder.logs[-1]["loss"] == pytest.approx((6 * 1.0 + 7 * 3.0 + 7 * 4.0) / 20)


def test_a_loss_that_is_not_finite_is_shown_at_its_own_step():
    recorder = Recorder()
    done: list[float] = []

    def steps(batch: np.ndarray, targets: np.ndarray, ends: np.ndarray) -> np.ndarray:
        its = [1.0, 1.0, 1.0, np.nan][len(done) : len(done) + len(ends)]  # stops after the one that is not finite
        done.extend(its)
        return np.array(its)

    stop = keras.callbacks.TerminateOnNaN()
    CompiledLoop(compiled_model(), images(epochs=1), lambda step: steps).fit([stop, recorder], 0, None)
    assert recorder.events[-2] == ("to", 3)
    assert np.isnan(recorder.logs[-1]["loss"])


def test_a_callback_may_stop_it_between_calls():
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = True

    recorder, steps = Recorder(), Counting()
    CompiledLoop(compiled_model(), images(epochs=3), lambda step: steps).fit([Stop(), recorder], 0, None)
    assert len(steps.calls) == 1
    assert [name for name, _ in recorder.events].count("end") == 1
