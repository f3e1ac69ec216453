import keras
import numpy as np

from lensmith.training.precision import set_precision

IMAGES = np.random.default_rng(0).uniform(0, 255, (4, 8, 8, 3)).astype(np.float32)


def network() -> keras.Sequential:
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(3),
            keras.layers.Softmax(),
        ]
    )


def test_weights_and_answers_stay_float32_and_the_layers_between_the_first_and_the_last_do_not():
    model = network()
    exact = keras.ops.convert_to_numpy(model(IMAGES))
    set_precision(model, "mixed_bfloat16")
    assert [layer.compute_dtype for layer in model.layers] == ["float32"] * 2 + ["bfloat16"] * 2 + ["float32"] * 2
    assert {str(its.dtype) for its in model.weights} == {"float32"}
    mixed = keras.ops.convert_to_numpy(model(IMAGES))
    assert mixed.dtype == np.float32
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-6)
    assert 0 < abs(mixed - exact).max() < 0.05


def test_going_back_gives_the_same_bits_as_before():
    model = network()
    before = keras.ops.convert_to_numpy(model(IMAGES))
    set_precision(model, "mixed_bfloat16")
    model(IMAGES)
    set_precision(model, "float32")
    assert (keras.ops.convert_to_numpy(model(IMAGES)) == before).all()


def test_a_mixed_network_learns():
    keras.utils.set_random_seed(0)
    model = network()
    set_precision(model, "mixed_bfloat16")
    model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy")
    losses = model.fit(IMAGES, np.array([0, 1, 2, 0]), epochs=30, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
