import numpy as np
import pytest
from tests.explanation.planted import MARK, backbone, mark_finder, marked

from lensmith.explanation import most_exciting


def test_the_mark_is_what_excites_the_channel_that_looks_for_it():
    corners = [(3, 20), (11, 5), (24, 24)]
    images = np.stack([marked(*corner, seed=place) for place, corner in enumerate(corners)])
    (found,) = most_exciting(mark_finder(), images, [1], most=5)
    assert found.name == "bright"
    assert sorted(found.images[0].tolist()) == [0, 1, 2]
    for image, row, column in zip(found.images[0], found.rows[0], found.columns[0], strict=True):
        top, left = corners[image]
        assert top < row < top + MARK
        assert left < column < left + MARK


@pytest.mark.parametrize("batch", [1, 4, 50])
def test_the_strongest_of_all_images_are_found_whatever_the_batch(batch: int):
    model, images = backbone(), np.random.default_rng(2).integers(0, 256, (10, 32, 32, 3)).astype(np.uint8)
    inner = model.get_layer("inner")
    values = np.asarray(inner.get_layer("c1")(images / np.float32(255)))
    found = next(its for its in most_exciting(model, images, [1, 3], most=3, batch=batch) if its.name == "inner/c1")
    assert found.values.shape == (6, 3)
    strongest = np.sort(values.max(axis=(1, 2)), axis=0)[::-1][:3].T
    np.testing.assert_allclose(found.values, strongest, rtol=1e-5)
    for channel in range(6):
        at = found.images[channel], found.rows[channel], found.columns[channel]
        np.testing.assert_allclose(values[*at, channel], found.values[channel], rtol=1e-5)
