import keras
import numpy as np
from tests.explanation.planted import backbone, mark_finder, marked

from lensmith.explanation.units import BINS, unit_statistics

layers = keras.layers


def images(n: int = 40) -> np.ndarray:
    return np.stack([marked(k % 20, (3 * k) % 20, seed=k) for k in range(n)])


def test_a_unit_that_never_answers_is_dead_and_no_other():
    found = {its.layer: its for its in unit_statistics(mark_finder(), images())}
    assert found["bright"].dead == [1]
    assert next(iter(found.values())).dead == []


def test_a_unit_that_only_one_image_wakes_is_not_dead():
    quiet = np.stack([np.full((32, 32, 3), 60, np.uint8)] * 39)
    found = {its.layer: its for its in unit_statistics(mark_finder(), np.concatenate([quiet, marked(3, 3)[None]]))}
    assert 0 not in found["bright"].dead


def test_units_at_the_end_of_tanh_are_saturated():
    model = keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(2, activation="tanh", name="t")])
    kernel = np.zeros((3072, 2), np.float32)
    kernel[:, 0], kernel[0, 1] = 1, 0.001
    model.get_layer("t").set_weights([kernel, np.zeros(2, np.float32)])
    found = {its.layer: its for its in unit_statistics(model, images())}
    assert found["t"].saturated == [0]


def test_every_value_is_counted_once_also_beyond_what_the_first_images_had():
    pictures = images()
    pictures[0] = 0
    pictures[-1] = 255
    for its in unit_statistics(backbone(), pictures, batch=7):
        assert len(its.edges) == BINS + 1
        assert sum(its.counts) % (len(pictures) * its.units) == 0
    first = unit_statistics(backbone(), pictures)[0]
    assert sum(first.counts) == pictures.size


def test_weights_are_counted_of_layers_that_have_a_kernel():
    found = {its.layer: its for its in unit_statistics(mark_finder(), images(4))}
    assert sum(found["bright"].weight_counts) == 54
    assert found["rescaling" if "rescaling" in found else next(iter(found))].weight_counts == []
