"""A network layer by layer: how shapes and parameters come about, what each layer costs and what it is for."""

import math
from dataclasses import dataclass
from typing import Any

from lensmith.architecture.calls import PIXELS, Call, Calls, Shape, calls_of
from lensmith.architecture.costs import (
    BYTES,
    multiply_adds,
    parameter_arithmetic,
    parameters,
    trainable_parameters,
    values_at_once,
    values_kept,
)
from lensmith.architecture.purposes import purpose
from lensmith.architecture.rules import BrokenRule, Objective, broken_rules
from lensmith.architecture.sizes import arithmetic
from lensmith.architecture.views import View, views_of
from lensmith.errors import LensmithError
from lensmith.records import Record


@dataclass(frozen=True)
class LayerSummary(Record):
    """One call of a layer.

    Attributes:
        name: The layer's, after those of the networks it is in.
        type: Its class.
        purpose: What it is for here.
        inputs: Names of the layers its inputs come from; `pixels` for the picture.
        output_shape: Without the batch.
        size_arithmetic: How height and width, or the number of values, came about; empty where they are as they came.
        parameters: Numbers of its weights; 0 where they were counted at an earlier call.
        parameter_arithmetic: How that number comes about.
        multiply_adds: For one picture; `None` where it cannot be told.
        activation_bytes: Of its output for one picture, in float32.
        weight_bytes: In float32.
        receptive_field: Height and width of what one unit sees of the picture, pixels; `None` where unknown.
        stride: Pixels of the picture between two neighbours.
        picture_share: Share of the picture that one unit sees, 0 to 1.
    """

    name: str
    type: str
    purpose: str
    inputs: tuple[str, ...]
    output_shape: Shape
    size_arithmetic: str
    parameters: int
    parameter_arithmetic: str
    multiply_adds: int | None
    activation_bytes: int
    weight_bytes: int
    receptive_field: tuple[int, int] | None
    stride: tuple[float, float] | None
    picture_share: float | None


@dataclass(frozen=True)
class Memory(Record):
    """What a network takes in numbers of one type, in bytes.

    Attributes:
        type: Such as `float32`.
        weights: All of them.
        answering: The most that is there at once while one picture is answered, without the weights.
    """

    type: str
    weights: int
    answering: int


@dataclass(frozen=True)
class TrainingMemory(Record):
    """What training takes in float32, in bytes, at the least.

    Attributes:
        batch_size: Pictures a step.
        weights: All of them.
        gradients: One for each weight that is trained.
        optimizer: What it keeps of each weight that is trained.
        activations: What the layers put out, kept until the gradients are computed.
    """

    batch_size: int
    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations


@dataclass(frozen=True)
class Summary(Record):
    """A network, or its convolutional part.

    Attributes:
        name: Of the network.
        picture: Height, width, channels.
        layers: In the order they are computed.
        parameters: Of all layers shown.
        trainable_parameters: Those of them that training changes.
        multiply_adds: For one picture, of all layers where it can be told.
        not_counted: Names of the layers where it cannot.
        memory: By type of number.
        training: At a batch size.
        broken_rules: Rules of thumb that the network breaks.
    """

    name: str
    picture: Shape
    layers: tuple[LayerSummary, ...]
    parameters: int
    trainable_parameters: int
    multiply_adds: int
    not_counted: tuple[str, ...]
    memory: tuple[Memory, ...]
    training: TrainingMemory
    broken_rules: tuple[BrokenRule, ...]


def summarize(
    model: Any,
    picture: Shape | None = None,
    objective: Objective | None = None,
    *,
    convolutional: bool = False,
    batch_size: int = 64,
    kept_by_optimizer: int = 2,
) -> Summary:
    """Describe a network layer by layer.

    Args:
        model: A built `keras.Model` of one input.
        picture: Height, width and channels to follow instead of the network's own; beyond the convolutional part a
            network takes its own size only.
        objective: What it is trained for, as far as it is known.
        convolutional: Only the part up to the last layer whose output has height and width.
        batch_size: For the memory that training takes.
        kept_by_optimizer: Numbers that the optimizer keeps of each weight; Adam 2.

    Raises:
        LensmithError: The network's layers are not known, or one of them cannot work on what it gets.
    """
    calls = calls_of(model, picture)
    rules = [] if convolutional or calls.problem else broken_rules(calls, objective or Objective())
    if convolutional:
        calls = calls.convolutional
    if calls.problem:
        raise LensmithError(f"{calls.problem}. The part before that can be shown: --convolutional.")
    if not calls.every:
        raise LensmithError(f"{model.name} has no convolutional part.")
    counted = [multiply_adds(its) for its in calls.every]
    numbers, trained = (sum(map(count, calls.every)) for count in (parameters, trainable_parameters))
    at_once = values_at_once(calls)
    return Summary(
        name=model.name,
        picture=calls.picture,
        layers=tuple(_layer(*its, calls) for its in zip(calls.every, views_of(calls), counted, strict=True)),
        parameters=numbers,
        trainable_parameters=trained,
        multiply_adds=sum(its or 0 for its in counted),
        not_counted=tuple(its.name for its, count in zip(calls.every, counted, strict=True) if count is None),
        memory=tuple(Memory(name, size * numbers, size * at_once) for name, size in BYTES.items()),
        training=TrainingMemory(
            batch_size,
            weights=4 * numbers,
            gradients=4 * trained,
            optimizer=4 * kept_by_optimizer * trained,
            activations=4 * batch_size * values_kept(calls.every),
        ),
        broken_rules=tuple(rules),
    )


def _layer(call: Call, view: View | None, multiplied: int | None, calls: Calls) -> LayerSummary:
    numbers = parameters(call)
    return LayerSummary(
        name=call.name,
        type=type(call.layer).__name__,
        purpose=purpose(call),
        inputs=tuple("pixels" if its == PIXELS else calls.every[its].name for its in call.sources),
        output_shape=call.output,
        size_arithmetic=arithmetic(call),
        parameters=numbers,
        parameter_arithmetic=parameter_arithmetic(call),
        multiply_adds=multiplied,
        activation_bytes=4 * math.prod(call.output),
        weight_bytes=4 * numbers,
        receptive_field=view.field if view else None,
        stride=view.stride if view else None,
        picture_share=view.share(calls.picture) if view else None,
    )
