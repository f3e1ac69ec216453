import keras
import numpy as np
import pytest

from lensmith.training.averaging import WeightAverage


def network() -> keras.Sequential:
    return keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(1), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    )


def fill(model: keras.Sequential, value: float) -> None:
    model.set_weights([np.full_like(its, value) for its in model.get_weights()])


def test_it_is_the_moving_average_of_weights_and_statistics_taken_every_so_many_steps():
    model = network()
    average = WeightAverage(model, decay=0.9, every=2, steps_per_epoch=10)
    fill(model, 0.0)
    average.values = [its * 0 for its in average.values]
    average.on_epoch_begin(0)
    for step in range(6):
        fill(model, step + 1.0)
        average.on_train_batch_end(step)
    # A tenth, two elevenths and a quarter of what was stay: 1.8, 3.6 and 5.4.
    expected = 5.4
    assert average.updates == 3
    assert len(average.values) == 2 + 4  # the dense layer, and scale, offset, mean and variance
    for its in average.values:
        np.testing.assert_allclose(its, expected, rtol=1e-6)


def test_steps_go_on_counting_over_epochs_and_calls_of_many_steps():
    model = network()
    average = WeightAverage(model, decay=0.5, every=4, steps_per_epoch=6)
    average.on_epoch_begin(0)
    average.on_train_batch_end(3)
    average.on_train_batch_end(5)  # the epoch's sixth and last step
    average.on_epoch_begin(1)
    average.on_train_batch_end(1)
    assert average.updates == 2


@pytest.mark.parametrize("end", ["on_test_begin", "on_epoch_end"])
def test_before_the_first_update_it_is_the_trained_network(end: str):
    model = network()
    average = WeightAverage(model, decay=0.5, every=100, steps_per_epoch=10)
    average.on_epoch_begin(0)
    fill(model, 3.0)
    average.on_train_batch_end(0)
    average.on_test_begin() if end == "on_test_begin" else average.on_epoch_end(0)
    for its in average.values:
        np.testing.assert_array_equal(its, 3.0)


def test_validation_sees_the_average_and_training_goes_on_with_its_own_weights():
    model = network()
    average = WeightAverage(model, decay=0.5, every=1, steps_per_epoch=10)
    average.start_from([np.full_like(its, 7.0) for its in average.values], 1)
    fill(model, 1.0)
    average.on_test_begin()
    assert model.get_weights()[0].ravel()[0] == pytest.approx(7.0)
    average.on_test_end()
    assert model.get_weights()[0].ravel()[0] == pytest.approx(1.0)
