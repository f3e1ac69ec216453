"""Rules of thumb for classifiers, and where a network breaks one."""

from collections.abc import Iterator
from dataclasses import dataclass

from lensmith.architecture.calls import Call, Calls
from lensmith.architecture.sizes import windows_of
from lensmith.models import activation_of
from lensmith.records import Record

_WEIGHING = frozenset(
    ("BaseConv", "BaseDepthwiseConv", "BaseSeparableConv", "BaseConvTranspose", "Dense", "EinsumDense")
)
"""Layers that are linear but for the function they apply."""
_LINEAR = frozenset(
    (
        *("BatchNormalization", "LayerNormalization", "GroupNormalization", "Rescaling", "Normalization", "Identity"),
        *("Dropout", "BaseSpatialDropout", "AveragePooling2D", "MaxPooling2D", "BaseGlobalPooling", "ZeroPadding2D"),
        *("Cropping2D", "UpSampling2D", "Resizing", "Flatten", "Reshape", "Permute", "Add", "Concatenate", "Average"),
    )
)
"""Layers after which an activation can still come; pooling is among them, because it is not there for that."""
PROBABILITIES = ("softmax", "sigmoid")


@dataclass(frozen=True)
class Objective:
    """What a network is trained for, as far as it is known.

    Attributes:
        classes: K; 0 where it is not known.
        loss: Class name; empty where it is not known.
        from_logits: Whether the loss makes probabilities of the outputs itself.
    """

    classes: int = 0
    loss: str = ""
    from_logits: bool = False


@dataclass(frozen=True)
class BrokenRule(Record):
    """A rule of thumb that a network breaks.

    Attributes:
        rule: What it is about: `activation`, `last layer` or `loss`.
        layer: Its name.
        problem: What is against the rule.
        advice: What to do.
    """

    rule: str
    layer: str
    problem: str
    advice: str


def broken_rules(calls: Calls, objective: Objective) -> list[BrokenRule]:
    """Look for what a classifier should not have, or should have and has not.

    Args:
        calls: Of the whole network.
        objective: What it is trained for.
    """
    if not calls.every:
        return []
    return [*_without_activation(calls), *_last_layer(calls, objective), *_loss(calls, objective)]


def _without_activation(calls: Calls) -> Iterator[BrokenRule]:
    readers: dict[int, list[int]] = {}
    for number, call in enumerate(calls.every):
        for source in call.sources:
            readers.setdefault(source, []).append(number)
    for number, call in enumerate(calls.every):
        # Networks within this one have been designed by others, some of them without activations here and there.
        if "/" in call.name or not call.kind(_WEIGHING) or activation_of(call.layer) or _mixes_channels(call):
            continue
        following = next((its for its in _linearly_after(number, calls, readers) if its.kind(_WEIGHING)), None)
        if following is None or (call.kind(("BaseDepthwiseConv",)) and _mixes_channels(following)):
            continue
        yield BrokenRule(
            "activation",
            call.name,
            f"no activation between it and {following.name}: two such layers can do no more than one",
            'Give it activation = "relu", or a layer for that after it.',
        )


def _mixes_channels(call: Call) -> bool:
    """Tell whether a convolution is of one pixel: such may well be linear, as in MobileNet's bottlenecks."""
    windows = windows_of(call.layer)
    return bool(windows) and all(its.size == 1 for its in windows)


def _linearly_after(number: int, calls: Calls, readers: dict[int, list[int]]) -> Iterator[Call]:
    """Yield the calls that what a call puts out comes to without having gone through an activation."""
    waiting, seen = list(readers.get(number, ())), set[int]()
    while waiting:
        place = waiting.pop(0)
        if place in seen:
            continue
        seen.add(place)
        call = calls.every[place]
        yield call
        if call.kind(_LINEAR):
            waiting += readers.get(place, ())


def _last_layer(calls: Calls, objective: Objective) -> Iterator[BrokenRule]:
    last = calls.every[-1]
    if objective.classes and last.output != (objective.classes,):
        shape = "x".join(map(str, last.output))
        yield BrokenRule(
            "last layer",
            last.name,
            f"the network ends in {shape} numbers, and there are {objective.classes} classes",
            f"Let the last layer be Dense with {objective.classes} units.",
        )
    ends_in = _ending(calls)
    if ends_in and ends_in not in PROBABILITIES:
        yield BrokenRule(
            "last layer",
            last.name,
            f"the network ends in {ends_in}, which makes no probabilities",
            'Give the last layer activation = "softmax".',
        )
    elif ends_in == "sigmoid" and last.output[-1] > 1:
        yield BrokenRule(
            "last layer",
            last.name,
            "sigmoid answers for each class by itself, so the answers do not sum to 1",
            'Give the last layer activation = "softmax".',
        )


def _loss(calls: Calls, objective: Objective) -> Iterator[BrokenRule]:
    last, loss, probabilities = calls.every[-1], objective.loss, _ending(calls) in PROBABILITIES
    if not loss:
        return
    if probabilities and objective.from_logits:
        yield BrokenRule(
            "loss",
            last.name,
            f"{loss} has from_logits = true, and the network ends in probabilities already",
            "Take from_logits from the loss, or the softmax from the last layer.",
        )
    if not probabilities and not objective.from_logits and "crossentropy" in loss.lower().replace("_", ""):
        yield BrokenRule(
            "loss",
            last.name,
            f"{loss} wants probabilities, and the network ends in none",
            'Give the last layer activation = "softmax", or the loss from_logits = true.',
        )
    if "categorical" not in loss.lower() and last.output[-1] > 2:
        yield BrokenRule(
            "loss",
            last.name,
            f"{loss} is not made for one class of {last.output[-1]}",
            "Train with CategoricalCrossentropy.",
        )


def _ending(calls: Calls) -> str:
    """Return the function that the network's answers come out of; empty where that is none."""
    for call in reversed(calls.every):
        name = activation_of(call.layer)
        if name or call.kind(_WEIGHING):
            return name
    return ""
