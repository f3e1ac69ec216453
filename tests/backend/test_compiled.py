import keras
import numpy as np
import pytest

from lensmith.backend import compile_steps, compiles_steps, make_deterministic

pytestmark = pytest.mark.skipif(not compiles_steps(), reason="only TensorFlow compiles many steps")

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (22, 8, 8, 1), dtype=np.uint8)
ENDS = np.array([8, 16, 22], np.int32)
TARGETS = np.eye(3, dtype=np.float32)[np.arange(22) % 3]


def model(optimizer: str = "adam", rate: float = 0.01) -> keras.Sequential:
    make_deterministic(0)
    network = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, kernel_regularizer=keras.regularizers.L2(0.1)),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.get({"class_name": optimizer, "config": {"learning_rate": rate}})
    network.compile(optimizer, "categorical_crossentropy", metrics=["accuracy", "auc"])
    return network


def test_its_steps_are_those_of_fit_with_the_layers_own_losses_and_metrics():
    ours, theirs = model(), model()
    losses = compile_steps(ours)(IMAGES, TARGETS, ENDS)
    history = theirs.fit(IMAGES, TARGETS, batch_size=8, shuffle=False, verbose=0).history
    assert len(losses) == 3
    assert np.average(losses, weights=[8, 8, 6]) == pytest.approx(history["loss"][0], rel=1e-5)
    measured = ours.get_metrics_result()
    assert float(measured["accuracy"]) == pytest.approx(history["accuracy"][0])
    assert float(measured["auc"]) == pytest.approx(history["auc"][0], rel=1e-5)
    for mine, its in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-6)


def test_a_loss_that_the_optimizer_scales_trains_at_the_same_rate():
    trained = []
    for factor in (None, 1024.0):
        its = model()
        its.compile(keras.optimizers.SGD(0.1, loss_scale_factor=factor), "categorical_crossentropy")
        losses = compile_steps(its)(IMAGES, TARGETS, ENDS)
        trained.append([losses, *its.get_weights()])
    for plain, scaled in zip(*trained, strict=True):
        np.testing.assert_allclose(plain, scaled, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("cut", [2, 3])
def test_how_many_steps_a_call_takes_changes_no_bit(cut: int):
    trained = []
    for calls in (1, cut):
        its = model()
        steps = compile_steps(its)
        for first, last in ((0, calls), (calls, 3)):
            if first < last:
                begin, end = (0, *ENDS)[first], ENDS[last - 1]
                steps(IMAGES[begin:end], TARGETS[begin:end], ENDS[first:last] - begin)
        trained.append(its.get_weights())
    assert all((a == b).all() for a, b in zip(*trained, strict=True))


def test_it_stops_after_the_first_loss_that_is_not_finite():
    its = model("sgd", 1e30)
    losses = compile_steps(its)(IMAGES, TARGETS, np.arange(2, 24, 2, dtype=np.int32))
    assert 1 <= len(losses) < 11
    assert np.isfinite(losses[:-1]).all()
    assert not np.isfinite(losses[-1])


def test_another_network_with_the_same_weights_can_be_called_in_its_place():
    its = model()
    negative = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Rescaling(-1, 255), *its.layers])
    before = its.get_weights()
    compile_steps(its, negative)(IMAGES, TARGETS, ENDS)
    other = model()
    compile_steps(other)(255 - IMAGES, TARGETS, ENDS)
    assert any((a != b).any() for a, b in zip(before, its.get_weights(), strict=True))
    for mine, theirs in zip(its.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
