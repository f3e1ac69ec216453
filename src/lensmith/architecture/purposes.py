"""One sentence on what each layer is for, where it stands."""

import inspect
from collections.abc import Callable

from lensmith.architecture.calls import Call
from lensmith.architecture.sizes import windows_of
from lensmith.models import activation_of


def purpose(call: Call) -> str:
    """Say what a layer is for in this network."""
    kind = call.kind(_SENTENCES)
    if kind:
        said = _SENTENCES[kind]
        return said if isinstance(said, str) else said(call)
    # What Keras says of the class.
    return (inspect.getdoc(type(call.layer)) or f"{type(call.layer).__name__}.").partition("\n")[0]


def _window(call: Call) -> str:
    return "×".join(str(its.size) for its in windows_of(call.layer))


def _then(call: Call) -> str:
    name = activation_of(call.layer)
    return f", then {name}" if name else ""


def _convolution(call: Call) -> str:
    filters, channels = call.output[-1], call.inputs[0][-1]
    if all(its.size == 1 for its in windows_of(call.layer)):
        return f"Mixes the {channels} channels of each place into {filters}{_then(call)}."
    groups = getattr(call.layer, "groups", 1)
    among = (
        ("one channel" if channels == 1 else f"{channels} channels")
        if groups == 1
        else f"{channels // groups} of the {channels} channels each"
    )
    return f"{filters} filters look for patterns of {_window(call)} in {among}{_then(call)}."


def _depthwise(call: Call) -> str:
    return f"Looks for patterns of {_window(call)} in each of the {call.inputs[0][-1]} channels by itself{_then(call)}."


def _separable(call: Call) -> str:
    channels, filters = call.inputs[0][-1], call.output[-1]
    return (
        f"Patterns of {_window(call)} in each of {channels} channels, which are then mixed into {filters}{_then(call)}."
    )


def _transposed(call: Call) -> str:
    return (
        f"Makes the picture larger: each value is spread by {call.output[-1]} filters of {_window(call)}{_then(call)}."
    )


def _pooling(what: str) -> Callable[[Call], str]:
    def said(call: Call) -> str:
        before, after = call.inputs[0][:-1], call.output[:-1]
        sizes = "×".join(map(str, before)), "×".join(map(str, after))
        return f"Keeps the {what} of each window of {_window(call)}: {sizes[0]} places become {sizes[1]}."

    return said


def _dense(call: Call) -> str:
    units, values, name = call.output[-1], call.inputs[0][-1], activation_of(call.layer)
    if name == "softmax":
        return f"Weighs all {values:,} values once for each of {units} classes; softmax makes probabilities of that."
    return f"{units} units, each a weighted sum of all {values:,} values{_then(call)}."


def _flatten(call: Call) -> str:
    return f"Lays the {call.output[-1]:,} values out in one row: what follows has weights for each of them."


def _dropout(call: Call) -> str:
    return f"Sets {call.layer.rate:.0%} of the values to zero while training, against learning by heart; else nothing."


def _activation(call: Call) -> str:
    return f"Applies {activation_of(call.layer) or 'no function'} to each value."


def _rescaling(call: Call) -> str:
    return "Multiplies and shifts the values, so that they are of a size that training likes."


def _merging(what: str) -> Callable[[Call], str]:
    def said(call: Call) -> str:
        if len(call.inputs) < 2:
            return f"{what} a constant."
        return f"{what} its {len(call.inputs)} inputs: a way around the layers between."

    return said


def _multiplying(call: Call) -> str:
    if len(call.inputs) < 2:
        return "Multiplies by a constant."
    return "Multiplies its inputs: one says how much of the other counts."


_SENTENCES: dict[str, str | Callable[[Call], str]] = {
    "WhiteningConv2D": "Filters set from the data, not trained: what neighbouring pixels have in common is taken out.",
    "BaseConv": _convolution,
    "BaseDepthwiseConv": _depthwise,
    "BaseSeparableConv": _separable,
    "BaseConvTranspose": _transposed,
    "MaxPooling1D": _pooling("largest"),
    "MaxPooling2D": _pooling("largest"),
    "MaxPooling3D": _pooling("largest"),
    "AveragePooling1D": _pooling("mean"),
    "AveragePooling2D": _pooling("mean"),
    "AveragePooling3D": _pooling("mean"),
    "GlobalMaxPooling2D": "Keeps the largest value of each channel: whether something was seen, not where.",
    "GlobalAveragePooling2D": "Keeps the mean of each channel: how much of something was seen, not where.",
    "Dense": _dense,
    "Flatten": _flatten,
    "BaseSpatialDropout": _dropout,
    "Dropout": _dropout,
    "BatchNormalization": "Brings each channel to mean 0 and variance 1, of the batch while training and by running "
    "averages after that, then scales and shifts it: "
    "training becomes quicker and steadier.",
    "LayerNormalization": "Brings the values of each image to mean 0 and variance 1, then scales and shifts them.",
    "GroupNormalization": "Brings groups of channels of each image to mean 0 and variance 1, then scales and shifts.",
    "Softmax": "Makes probabilities of the numbers: positive, and 1 together.",
    "Activation": _activation,
    "ReLU": "Sets negative values to zero: without such a step, layers in a row could do no more than one.",
    "LeakyReLU": "Makes negative values small: without such a step, layers in a row could do no more than one.",
    "Rescaling": _rescaling,
    "Normalization": _rescaling,
    "Resizing": "Brings the picture to the size that the next layers were made for.",
    "ZeroPadding2D": "Adds rows and columns of zeros around the picture, so that windows reach its edge.",
    "Cropping2D": "Cuts rows and columns off the picture's edge.",
    "UpSampling2D": "Repeats rows and columns: a larger picture of the same content.",
    "Add": _merging("Adds"),
    "Multiply": _multiplying,
    "Concatenate": _merging("Lays side by side"),
}
"""By the names of classes, those that several layers derive from included."""
