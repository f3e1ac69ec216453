"""Divide what goes into a network's softmax by a temperature, for good: by scaling its last weights."""

from typing import Any

import numpy as np

from lensmith.errors import LensmithError
from lensmith.models.walking import Step, graph_of, shape_alone, walk

_LINEAR = ("Rescaling", "Identity", "GlobalAveragePooling2D", "AveragePooling2D", "Flatten", "Reshape", "Dropout")
"""Layers between the last weights and the softmax through which a factor goes, once the network is trained."""
_WEIGHTED = ("Dense", "Conv2D")


def soften(model: Any, temperature: float) -> bool:
    """Divide the logits by a temperature, so that the probabilities become those of `p^(1/T)`, normalised.

    Args:
        model: A built `keras.Model` that ends in a softmax; changed in place.
        temperature: Above 0; above 1 answers become less sure.

    Returns:
        Whether it could be done: not where anything but linear layers lies between the last weights and the softmax,
        or where these weights are used twice.
    """
    layer = _last_weighted(model)
    if layer is None:
        return False
    for weight in layer.weights:
        weight.assign(weight / temperature)
    return True


def _last_weighted(model: Any) -> Any:
    """Find the layer whose output, times a factor, is what goes into the softmax."""
    try:
        steps = list(_steps(model))
    except LensmithError:  # the layers are not known
        return None
    if not steps or not _is_softmax(steps[-1].layer):
        return None
    step = steps[-1]
    while type(step.layer).__name__ not in _WEIGHTED:
        if len(step.sources) != 1 or step.sources[0] < 0 or (step is not steps[-1] and not _keeps_factor(step.layer)):
            return None
        step = steps[step.sources[0]]
    used = sum(its.layer is step.layer for its in steps)
    # LoRA makes a kernel of two factors: scaled by each, it would be scaled twice.
    used += bool(getattr(step.layer, "lora_enabled", False))
    linear = step is steps[-1] or _activation(step.layer) == "linear"
    return step.layer if used == 1 and linear else None


def _steps(model: Any) -> list[Step]:
    import keras

    shape = graph.inputs[0].shape[1:] if (graph := graph_of(model)) else ()
    return list(walk(model, keras.KerasTensor((1, *shape)), shape_alone))


def _activation(layer: Any) -> str:
    return str(getattr(getattr(layer, "activation", None), "__name__", "linear"))


def _is_softmax(layer: Any) -> bool:
    return type(layer).__name__ == "Softmax" or _activation(layer) == "softmax"


def _keeps_factor(layer: Any) -> bool:
    """Tell whether a factor on what goes in is the same factor on what comes out."""
    kind = type(layer).__name__
    if kind == "Activation":
        return _activation(layer) == "linear"
    return kind in _LINEAR and not np.any(getattr(layer, "offset", 0))
