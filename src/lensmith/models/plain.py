"""Put Keras' own classes in the place of ours, so that a saved network needs nothing but Keras."""

from typing import Any

import numpy as np

from lensmith.errors import ExportError
from lensmith.models.keras_objects import parameters_of

TOLERANCE = 1e-4
"""Largest difference of an output that still counts as rounding."""


def plain(network: Any) -> Any:
    """Return the network made of Keras' own layers only, with the same weights.

    Args:
        network: A `keras.Sequential`; those without layers of ours come back as they are.
    """
    import keras

    if not any(_is_ours(layer) for layer in network.layers):
        return network
    layers = [_plain_layer(layer) for layer in network.layers]
    copy = keras.Sequential([keras.Input(network.input_shape[1:]), *layers], name=network.name)
    for ours, theirs in zip(network.layers, copy.layers, strict=True):
        values = {its.name: its for its in ours.variables}
        for variable in theirs.variables:
            variable.assign(values[variable.name])
    return copy


def check_agreement(network: Any, copy: Any, images: Any) -> None:
    """Make sure that a plain copy answers as the network does.

    Args:
        network: As trained.
        copy: What `plain` made of it.
        images: `(N, H, W, C)`, 0 to 255.

    Raises:
        ExportError: It does not.
    """
    difference = float(np.max(np.abs(_outputs(network, images) - _outputs(copy, images))))
    if not difference <= TOLERANCE:  # not `>`: NaN is no agreement
        raise ExportError(
            f"The network as trained and its copy in plain Keras differ by {difference:.2g} on {len(images)} images."
        )


def _outputs(network: Any, images: Any) -> Any:
    import keras

    return keras.ops.convert_to_numpy(network(images, training=False))


def _is_ours(thing: Any) -> bool:
    return hasattr(thing, "PLAIN") or any(_is_own_class(its) for its in vars(thing).values())


def _is_own_class(thing: Any) -> bool:
    return type(thing).__module__.startswith("lensmith.")


def _plain_layer(layer: Any) -> Any:
    """Make the Keras layer that computes the same; what only training looks at is left to Keras' defaults."""
    kind = getattr(type(layer), "PLAIN", type(layer))
    known = parameters_of(kind)
    arguments = {name: value for name, value in layer.get_config().items() if name in known}
    return kind.from_config(
        {name: value for name, value in arguments.items() if not _is_own_class(getattr(layer, name, None))}
    )
