"""Networks in which each kind of layer that the arithmetic knows stands at least once."""

from typing import Any

import keras

layers = keras.layers


def chain(*its: Any, picture: tuple[int, int, int] = (23, 18, 4), name: str = "net") -> Any:
    return keras.Sequential([keras.Input(picture), *its], name=name)


def every_window(groups: int = 2) -> Any:
    return chain(
        layers.Conv2D(6, (3, 5), strides=2, padding="same", activation="relu"),
        layers.Conv2D(8, 3, padding="same", groups=groups, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        layers.Conv2D(10, 1, activation="relu"),
        layers.SeparableConv2D(12, 3, padding="same", activation="relu"),
        layers.Conv2D(6, 3, dilation_rate=2, padding="same", activation="relu"),
        layers.Conv2DTranspose(5, 3, strides=2, padding="same", activation="relu"),
        layers.MaxPooling2D((2, 3), strides=(2, 1), padding="same"),
        layers.ZeroPadding2D(((1, 0), (2, 1))),
        layers.AveragePooling2D(2),
        layers.UpSampling2D(2),
        layers.Cropping2D(((0, 1), (1, 1))),
        layers.Flatten(),
        layers.Dense(7, activation="relu"),
        layers.Dense(3, activation="softmax"),
    )


def with_shortcuts() -> Any:
    """A network with a way around, a network within it, and a layer that is used twice."""
    pixels = keras.Input((16, 16, 3), name="pixels")
    inner = chain(layers.Conv2D(8, 3, padding="same"), layers.ReLU(name="r"), picture=(16, 16, 8), name="inner")
    first = layers.Conv2D(8, 3, padding="same", activation="relu", name="first")(pixels)
    again = layers.Conv2D(8, 1, name="again")
    values = layers.Add(name="sum")([first, again(inner(again(first)))])
    values = layers.Concatenate(name="both")([values, first])
    values = layers.GlobalAveragePooling2D()(values)
    return keras.Model(pixels, layers.Dense(4, activation="softmax", name="last")(values), name="shortcuts")
