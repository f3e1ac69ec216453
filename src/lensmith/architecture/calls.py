"""A network as the calls of its layers, in the order they are computed, those of networks within it included."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from lensmith.errors import LensmithError
from lensmith.models import PIXELS, graph_of, walk

__all__ = ["PIXELS", "Call", "Calls", "Shape", "calls_of"]

Shape = tuple[int, ...]
"""Without the batch."""


@dataclass(frozen=True)
class Call:
    """One call of a layer.

    Attributes:
        layer: A Keras layer, or an operation of `keras.ops`.
        name: The layer's, after those of the networks it is in.
        inputs: Shape of each input.
        output: Shape of the output; of several, the first.
        sources: The number of the call that each input comes from; `PIXELS` for the picture.
        again: Whether the layer was called before, so that its weights have been counted.
    """

    layer: Any
    name: str
    inputs: tuple[Shape, ...]
    output: Shape
    sources: tuple[int, ...]
    again: bool = False

    @property
    def is_spatial(self) -> bool:
        """Whether the output still has height and width: `(H, W, C)`."""
        return len(self.output) == 3

    def kind(self, known: Container[str]) -> str:
        """Return the first of the names of the layer's class and those it derives from that is known, or none: ''."""
        return next((its.__name__ for its in type(self.layer).__mro__ if its.__name__ in known), "")


@dataclass(frozen=True)
class Calls:
    """The calls of a network, up to the one that cannot work on what it gets.

    Attributes:
        every: In order.
        picture: Shape of the network's input.
        problem: Which layer cannot work on what, and why; empty when all can.
    """

    every: tuple[Call, ...]
    picture: Shape
    problem: str = ""

    @property
    def convolutional(self) -> "Calls":
        """The part up to the last output that has height and width."""
        last = max((place for place, its in enumerate(self.every) if its.is_spatial), default=-1)
        return Calls(self.every[: last + 1], self.picture)


class _Refused(Exception):
    """A layer cannot work on what it gets; the message says which and why."""


def calls_of(model: Any, picture: Shape | None = None) -> Calls:
    """Follow a picture through a network, by the shapes of what each layer makes of it.

    Args:
        model: A built `keras.Model` of one input whose layers are known: a `Sequential`, or made of inputs and outputs.
        picture: Height, width and channels to follow instead of the network's own.

    Raises:
        LensmithError: The network's layers are not known, it has several inputs, or its input has no fixed size.
    """
    import keras

    graph = graph_of(model)
    own = graph.inputs[0].shape[1:] if graph is not None else ()
    shape = tuple(picture or own)
    if None in shape:
        raise LensmithError(f"{model.name} takes images of any size: say which, such as --input 96x96x3.")
    if own and (len(shape) != len(own) or own[-1] not in (None, shape[-1])):
        raise LensmithError(f"{model.name} takes images of {own[-1]} channels, not {shape[-1]}.")
    calls: list[Call] = []
    seen: set[int] = set()
    try:
        for step in walk(model, keras.KerasTensor((1, *shape)), _shapes_alone):
            shapes = tuple(tuple(its.shape[1:]) for its in step.inputs)
            output = tuple(step.output.shape[1:])
            calls.append(Call(step.layer, step.name, shapes, output, step.sources, id(step.layer) in seen))
            seen.add(id(step.layer))
    except _Refused as refused:
        return Calls(tuple(calls), shape, str(refused))
    return Calls(tuple(calls), shape)


def _shapes_alone(number: int, layer: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Tell what a layer would put out, without computing it."""
    import keras

    shapes = [its.shape for its in keras.tree.flatten((arguments, named)) if isinstance(its, keras.KerasTensor)]
    try:
        _check_axes(layer, shapes)
        outputs = layer.compute_output_spec(*arguments, **named)
        if 0 in keras.tree.flatten(outputs)[0].shape:
            raise ValueError("nothing would be left")
    except Exception as error:  # every layer has its own way to refuse a shape
        given = " and ".join("x".join(map(str, shape[1:])) for shape in shapes)
        raise _Refused(f"Layer {layer.name} ({type(layer).__name__}) cannot work on {given}: {error}") from None
    return outputs


def _check_axes(layer: Any, shapes: list[tuple[int | None, ...]]) -> None:
    """Refuse a shape that a layer's weights were not made for: from shapes alone a Dense layer takes any."""
    import keras

    specs = keras.tree.flatten(getattr(layer, "input_spec", None))
    for spec, shape in zip(specs, shapes, strict=False):
        for axis, size in (getattr(spec, "axes", None) or {}).items():
            if size is not None and shape[int(axis)] not in (None, size):
                raise ValueError(f"its weights are for {size:,} values, and these are {shape[int(axis)]:,}")
