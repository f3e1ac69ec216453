"""Put Keras' own classes in the place of ours, so that a saved network needs nothing but Keras."""

import sys
from typing import Any

import numpy as np

from lensmith.errors import ExportError
from lensmith.models.keras_objects import explain_refusal, parameters_of

TOLERANCE = 1e-4
"""Largest difference of an output that still counts as rounding."""


def plain(network: Any) -> Any:
    """Return the network made of Keras' own layers only, with the same weights.

    Args:
        network: A `keras.Sequential`; those without anything of ours, in layers within layers either, come back as
            they are.

    Raises:
        ExportError: A layer that Keras cannot make from its own description.
    """
    import keras

    try:
        described = [keras.saving.serialize_keras_object(layer) for layer in network.layers]
        if not any(_is_ours(its) for its in described):
            return network
        layers = [keras.saving.deserialize_keras_object(_plain(its)) for its in described]
        copy = keras.Sequential([keras.Input(network.input_shape[1:]), *layers], name=network.name)
        for ours, theirs in zip(network.layers, copy.layers, strict=True):
            # By position: a layer that holds others can have several weights of one name.
            theirs.set_weights(ours.get_weights())
    except Exception as error:  # every layer has its own way to refuse
        raise ExportError(f"The network cannot be written in plain Keras: {explain_refusal(error)}") from error
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


def _is_ours(described: Any) -> bool:
    """Tell whether what Keras serialized is of one of our classes, or holds one."""
    if isinstance(described, dict):
        return _is_own_class(described) or any(_is_ours(its) for its in described.values())
    return isinstance(described, list | tuple) and any(_is_ours(its) for its in described)


def _is_own_class(described: Any) -> bool:
    return isinstance(described, dict) and str(described.get("module")).startswith("lensmith.")


def _plain(described: Any) -> Any:
    """Describe the same of Keras' classes; what only training looks at is left to Keras' defaults."""
    if isinstance(described, list | tuple):
        return [_plain(its) for its in described]
    if not isinstance(described, dict):
        return described
    if not _is_own_class(described):
        return {name: _plain(its) for name, its in described.items() if not _only_trains(its)}
    kind = getattr(sys.modules[described["module"]], described["class_name"]).PLAIN
    known = parameters_of(kind)
    arguments = {name: value for name, value in described["config"].items() if name in known}
    public = {"module": "keras.layers", "class_name": kind.__name__, "registered_name": None}
    return described | public | {"config": _plain(arguments)}


def _only_trains(described: Any) -> bool:
    """Tell whether it is of a class of ours that no trained network needs, such as an initializer."""
    if not _is_own_class(described):
        return False
    return not hasattr(getattr(sys.modules[described["module"]], described["class_name"]), "PLAIN")
