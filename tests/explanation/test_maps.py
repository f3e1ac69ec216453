from dataclasses import replace

import keras
import numpy as np
import pytest
from tests.explanation.planted import MARK, SIDE, backbone, mark_finder, marked

from lensmith.backend import backend_name
from lensmith.errors import LensmithError
from lensmith.explanation import METHODS, UNCHANGED, Classifier, likeness, randomised
from lensmith.explanation.randomised import rank_correlation


def share_in_mark(values: np.ndarray, top: int, left: int, around: int = 2) -> float:
    inside = np.zeros((SIDE, SIDE), bool)
    inside[max(0, top - around) : top + MARK + around, max(0, left - around) : left + MARK + around] = True
    positive = np.maximum(values, 0)
    return float(positive[inside].sum() / positive.sum())


@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.parametrize(("top", "left"), [(3, 5), (20, 22)])
def test_a_planted_mark_is_found(method: str, top: int, left: int):
    found = METHODS[method](Classifier(mark_finder()), marked(top, left), 1, None)
    assert found.values.shape == (SIDE, SIDE)
    assert share_in_mark(found.values, top, left) > 0.7, found


@pytest.mark.skipif(backend_name() != "tensorflow", reason="it is written with TensorFlow's gradients")
def test_grad_cam_is_what_a_direct_implementation_gives():
    import tensorflow as tf

    model, picture = backbone(), marked(8, 8)
    inner = model.get_layer("inner")
    front = keras.Model(inner.inputs[0], inner.get_layer("r").output)
    dense = model.get_layer("last")
    with tf.GradientTape() as tape:
        features = front(picture[np.newaxis] / 255)
        tape.watch(features)
        pooled = tf.reduce_mean(features, axis=(1, 2))
        score = (pooled @ dense.kernel + dense.bias)[0, 2]
    weights = tf.reduce_mean(tape.gradient(score, features), axis=(1, 2))[0]
    expected = np.maximum((features[0] * weights).numpy().sum(axis=-1), 0)
    found = METHODS["gradcam"](Classifier(model), picture, 2, None)
    assert found.layer == "inner/r"
    again = tf.image.resize(expected[..., None], (SIDE, SIDE))[..., 0].numpy()
    np.testing.assert_allclose(found.values, again, atol=1e-3 * max(1e-3, again.max()))


def test_grad_cam_before_an_average_and_a_dense_layer_is_its_weights_times_the_features():
    # Class activation mapping, of which Grad-CAM is the general case: Selvaraju et al. 2017, section 3.1.
    model, picture = backbone(), marked(8, 8)
    inner = model.get_layer("inner")
    front = keras.Model(inner.inputs[0], inner.get_layer("r").output)
    features = np.asarray(front(picture[np.newaxis] / np.float32(255)))[0]
    weights = np.asarray(model.get_layer("last").kernel)[:, 2] / features[..., 0].size
    expected = np.maximum((features * weights).sum(axis=-1), 0)
    again = np.asarray(keras.ops.image.resize(expected[..., np.newaxis], (SIDE, SIDE)))[..., 0]
    found = METHODS["gradcam"](Classifier(model), picture, 2, None)
    np.testing.assert_allclose(found.values, again, atol=1e-3 * max(1e-3, again.max()))


@pytest.mark.parametrize("make", [mark_finder, backbone])
@pytest.mark.parametrize("label", [0, 1])
def test_integrated_gradients_add_up_to_the_difference_of_the_scores(make, label: int):
    model, picture = make(), marked(9, 14)
    classifier = Classifier(model)
    found = METHODS["integrated"](classifier, picture, label, None)
    ends = np.stack([picture, np.zeros_like(picture)]).astype(np.float32)
    full, black = np.asarray(classifier.scores(ends))[:, label]
    assert found.values.sum() == pytest.approx(full - black, rel=0.01)
    assert "sum to" in found.note


def test_where_they_do_not_add_up_the_map_says_so(monkeypatch: pytest.MonkeyPatch):
    from lensmith.explanation import maps

    monkeypatch.setattr(maps, "TOLERANCE", -1.0)
    monkeypatch.setattr(maps, "MOST_STEPS", 32)
    found = METHODS["integrated"](Classifier(backbone()), marked(9, 14), 1, None)
    assert "do not add up" in found.note


def test_a_layer_can_be_named_and_one_without_places_is_refused():
    classifier = Classifier(backbone())
    assert METHODS["gradcam"](classifier, marked(3, 3), 0, "c1").layer == "inner/c1"
    with pytest.raises(LensmithError, match=r"has no height and width\. Choose a layer before it, such as inner/r"):
        METHODS["gradcam"](classifier, marked(3, 3), 0, "last")


@pytest.mark.parametrize("method", list(METHODS))
def test_a_map_changes_with_the_weights(method: str):
    classifier, picture = Classifier(backbone()), marked(20, 5)
    found = METHODS[method](classifier, picture, 1, None)
    other = Classifier(randomised(classifier.model))
    assert abs(likeness(other, picture, found)) < UNCHANGED - 0.2


def test_a_map_that_any_weights_would_give_is_known_by_it():
    # With so few weights, all alike, shuffled ones see brightness as well.
    classifier, picture = Classifier(mark_finder()), marked(20, 5)
    found = METHODS["occlusion"](classifier, picture, 1, None)
    assert abs(likeness(Classifier(randomised(classifier.model)), picture, found)) > UNCHANGED


def test_with_an_empty_map_nothing_is_compared():
    classifier, picture = Classifier(mark_finder()), marked(20, 5)
    found = METHODS["occlusion"](classifier, picture, 1, None)
    assert likeness(classifier, picture, replace(found, values=np.zeros_like(found.values))) is None


def test_rank_correlation_is_of_ranks():
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert rank_correlation(a, a**3) == pytest.approx(1)
    assert rank_correlation(a, -a) == pytest.approx(-1)
    assert rank_correlation(a, np.ones_like(a)) == 0
