import keras
import numpy as np
import pytest

from lensmith.backend import compiles_steps
from lensmith.pieces.layers import Activation, BatchNormalization, Conv2D, WhiteningConv2D

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(3, 2, (6, 5, 4, 3)).astype(np.float32)


def pair(**arguments) -> list[keras.Layer]:
    layers = [kind(**arguments) for kind in (BatchNormalization, keras.layers.BatchNormalization)]
    for layer in layers:
        layer.build(IMAGES.shape)
        values = np.random.default_rng(1)
        layer.set_weights([values.uniform(0.5, 2, its.shape) for its in layer.get_weights()])
    return layers


@pytest.mark.parametrize(
    "arguments",
    [{}, {"scale": False}, {"center": False}, {"momentum": 0.3, "epsilon": 0.01}, {"axis": 2}, {"renorm": True}],
    ids=str,
)
@pytest.mark.parametrize("training", [True, False])
def test_batch_normalisation_is_that_of_keras(arguments: dict, training: bool):
    ours, theirs = pair(**arguments)
    for _ in range(2):
        outputs = [keras.ops.convert_to_numpy(layer(IMAGES, training=training)) for layer in (ours, theirs)]
        np.testing.assert_allclose(*outputs, rtol=1e-4, atol=1e-5)
    for mine, its in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-5, atol=1e-6)


def test_its_gradients_are_those_of_keras():
    targets = RNG.normal(size=IMAGES.shape).astype(np.float32)
    after = []
    for kind in (BatchNormalization, keras.layers.BatchNormalization):
        model = keras.Sequential([keras.Input(IMAGES.shape[1:]), keras.layers.Conv2D(3, 1), kind()])
        values = np.random.default_rng(2)
        model.set_weights([values.uniform(0.5, 2, its.shape) for its in model.get_weights()])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        for _ in range(3):
            model.train_on_batch(IMAGES, targets)
        after.append(model.get_weights())
    for mine, its in zip(*after, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-3, atol=1e-5)


def test_on_other_than_images_it_is_keras_own():
    rows = IMAGES.reshape(6, -1)
    ours, theirs = (kind() for kind in (BatchNormalization, keras.layers.BatchNormalization))
    np.testing.assert_array_equal(ours(rows, training=True), theirs(rows, training=True))


@pytest.mark.parametrize("name", ["silu", "relu"])
@pytest.mark.parametrize("training", [True, False])
def test_activations_and_their_gradients_are_those_of_keras(name: str, training: bool):
    after = []
    for kind in (Activation, keras.layers.Activation):
        model = keras.Sequential([keras.Input(IMAGES.shape[1:]), keras.layers.Conv2D(3, 1), kind(name)])
        model.set_weights([np.random.default_rng(2).normal(size=its.shape) for its in model.get_weights()])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.train_on_batch(IMAGES, IMAGES)
        after.append([keras.ops.convert_to_numpy(model(IMAGES, training=training)), *model.get_weights()])
    for mine, its in zip(*after, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-5)


def gradient_of_kernel(kind: type, policy: str, width: int, arguments: dict) -> tuple[np.ndarray, set[int]]:
    """Return the gradient of a kernel, and how wide the images are that it is computed from."""
    import tensorflow as tf

    layer = kind(**({"filters": 4, "kernel_size": 3, "padding": "same"} | arguments), dtype=policy)
    images = np.random.default_rng(4).normal(size=(20, 5, width, 2)).astype(np.float32)
    layer.build(images.shape)
    layer.kernel.assign(np.random.default_rng(5).normal(size=layer.kernel.shape))

    @tf.function
    def gradient(images: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = keras.ops.mean(keras.ops.square(keras.ops.cast(layer(images), "float32")))
        return tape.gradient(loss, layer.kernel.value)

    operations = gradient.get_concrete_function(tf.TensorSpec(images.shape)).graph.get_operations()
    return gradient(images).numpy(), {its.inputs[0].shape[2] for its in operations if "BackpropFilter" in its.type}


def test_narrow_images_in_bfloat16_outside_a_compiled_function_too():
    layer = Conv2D(4, 3, padding="same", dtype="mixed_bfloat16")
    theirs = keras.layers.Conv2D(4, 3, padding="same")
    for its in (layer, theirs):
        its.build(IMAGES.shape)
    theirs.set_weights(layer.get_weights())
    ours = keras.ops.convert_to_numpy(keras.ops.cast(layer(IMAGES), "float32"))
    np.testing.assert_allclose(ours, theirs(IMAGES), atol=0.02 * np.abs(ours).max())


@pytest.mark.skipif(not compiles_steps(), reason="elsewhere it is Keras' own")
@pytest.mark.parametrize(
    ("width", "arguments", "wide"),
    [
        (7, {}, True),
        (3, {"kernel_size": (1, 3), "use_bias": False}, True),
        (9, {}, False),
        (7, {"padding": "valid"}, False),
        (7, {"strides": 2}, False),
        (7, {"dilation_rate": 2}, False),
        (4, {"kernel_size": (5, 5)}, False),
        (7, {"kernel_size": (2, 2)}, False),
    ],
    ids=str,
)
def test_narrow_images_in_bfloat16_give_the_gradient_of_keras_in_float32(width: int, arguments: dict, wide: bool):
    ours, widths = gradient_of_kernel(Conv2D, "mixed_bfloat16", width, arguments)
    exact, in_full = gradient_of_kernel(Conv2D, "float32", width, arguments)
    theirs, in_keras = gradient_of_kernel(keras.layers.Conv2D, "float32", width, arguments)
    assert in_full == in_keras
    assert widths == ({32} if wide else in_keras)
    np.testing.assert_array_equal(exact, theirs)
    np.testing.assert_allclose(ours, theirs, atol=0.02 * np.abs(theirs).max())


def whitened(images: np.ndarray, **arguments) -> tuple[WhiteningConv2D, np.ndarray]:
    layer = WhiteningConv2D(**({"filters": 24} | arguments))
    layer.build((None, *images.shape[1:]))
    layer.adapt(images)
    outputs = keras.ops.convert_to_numpy(layer(images))
    return layer, outputs.reshape(-1, outputs.shape[-1])


def correlated_images(scale: float = 1.0, offset: float = 0.0) -> np.ndarray:
    noise = np.random.default_rng(3).normal(size=(200, 9, 8, 3))
    noise[:, 1:] += noise[:, :-1]
    noise[..., 1] += 0.5 * noise[..., 0]
    return (scale * noise + offset).astype(np.float32)


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (0.01, 0.4), (50.0, 120.0)])
def test_whitened_patches_are_uncorrelated_with_mean_zero_and_variance_one(scale: float, offset: float):
    _, outputs = whitened(correlated_images(scale, offset))
    first = outputs[:, :12]
    np.testing.assert_allclose(first.mean(axis=0), 0, atol=2e-3)
    np.testing.assert_allclose(np.cov(first, rowvar=False), np.eye(12), atol=2e-2)


def test_the_second_half_of_the_filters_is_the_first_with_the_sign_turned():
    _, outputs = whitened(correlated_images())
    np.testing.assert_allclose(outputs[:, :12], -outputs[:, 12:], rtol=1e-5, atol=1e-5)


def test_with_fewer_filters_the_components_of_most_variance_are_kept():
    images = correlated_images()
    all_of_them, _ = whitened(images)
    few, _ = whitened(images, filters=8)
    np.testing.assert_allclose(few.get_weights()[0][..., :4], all_of_them.get_weights()[0][..., :4])


@pytest.mark.parametrize("train_bias", [True, False])
def test_only_the_bias_may_be_trained(train_bias: bool):
    layer, _ = whitened(correlated_images(), train_bias=train_bias)
    assert [its.name for its in layer.trainable_variables] == (["bias"] if train_bias else [])


def test_of_large_images_some_patches_are_enough(monkeypatch: pytest.MonkeyPatch):
    images = correlated_images()
    whole, _ = whitened(images)
    monkeypatch.setattr("lensmith.pieces.layers.MOST_PATCHES", 4000)
    some, outputs = whitened(images)
    assert not np.array_equal(whole.kernel, some.kernel)
    np.testing.assert_allclose(np.cov(outputs[:, :12], rowvar=False), np.eye(12), atol=0.2)


def test_images_of_one_colour_give_finite_filters():
    layer, outputs = whitened(np.full((10, 6, 6, 3), 7.0, np.float32))
    assert all(np.isfinite(its).all() for its in layer.get_weights())
    np.testing.assert_allclose(outputs, 0, atol=1e-2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": 7}, "filters must be even, two for each component, not 7"),
        ({"filters": 26}, r"filters = 26: patches of 2x2 pixels in 3 channels have components for at most 24"),
        ({"filters": 24, "kernel_size": 9, "padding": "same"}, "patches of 9x9 pixels are larger than the images"),
    ],
)
def test_what_cannot_be_whitened_is_refused(arguments: dict, message: str):
    with pytest.raises(ValueError, match=message):
        WhiteningConv2D(**arguments).build((None, 8, 8, 3))
