import keras
import pytest
from benchmarks.flops import training_flops
from keras import layers

from lensmith.config import load_recipe
from lensmith.models import build_model

CONVOLUTIONS = (26 * 26 * 9 * 32 * 2, 11 * 11 * 9 * 32 * 64 * 2, 3 * 3 * 9 * 64 * 64 * 2)
DENSE = (576 * 64 * 2, 64 * 10 * 2)


def test_mnist_convnet_costs_what_the_hand_counts() -> None:
    model = build_model(load_recipe("mnist-3conv").model, (28, 28, 1), 10)
    # Forward and the kernel's gradient everywhere; the input's not in the first layer.
    assert training_flops(model) == 3 * sum((*CONVOLUTIONS, *DENSE)) - CONVOLUTIONS[0]


def network(*frozen: int) -> keras.Model:
    stack = [layers.Conv2D(4, 1), layers.BatchNormalization(), layers.Conv2D(5, 3, strides=2, padding="same")]
    model = keras.Sequential([keras.Input((8, 8, 3)), *stack, layers.Flatten(), layers.Dense(2)])
    for place in frozen:
        model.layers[place].trainable = False
    return model


FIRST, SECOND, LAST = 8 * 8 * 3 * 4 * 2, 4 * 4 * 9 * 4 * 5 * 2, 80 * 2 * 2


@pytest.mark.parametrize(
    ("frozen", "flops"),
    [
        ((), 2 * FIRST + 3 * SECOND + 3 * LAST),
        # No gradient of the frozen kernel; the normalisation after it still wants one from the layers above.
        ((0,), FIRST + 3 * SECOND + 3 * LAST),
        ((0, 1), FIRST + 2 * SECOND + 3 * LAST),
        # A frozen layer above a trained one passes the gradient on.
        ((2,), 2 * FIRST + 2 * SECOND + 3 * LAST),
        ((0, 1, 2), FIRST + SECOND + 2 * LAST),
    ],
)
def test_gradients_that_nobody_wants_are_not_counted(frozen: tuple[int, ...], flops: int) -> None:
    assert training_flops(network(*frozen)) == flops


def test_frozen_kernel_with_a_trained_bias_costs_the_layer_above_its_input_gradient() -> None:
    model = network(1)
    model.layers[0].kernel.trainable = False
    assert training_flops(model) == FIRST + 3 * SECOND + 3 * LAST


def test_layers_of_nested_models_count() -> None:
    inner = network()
    assert training_flops(keras.Sequential([keras.Input((8, 8, 3)), inner])) == training_flops(inner)


def test_depthwise_convolution_counts_each_channel_once() -> None:
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.DepthwiseConv2D(3, padding="same")])
    assert training_flops(model) == 2 * (8 * 8 * 9 * 3 * 2)


def test_layer_of_several_kernels_is_refused() -> None:
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.SeparableConv2D(4, 3)])
    with pytest.raises(ValueError, match="SeparableConv2D has several kernels"):
        training_flops(model)
