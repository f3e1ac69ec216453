"""Go through a network layer by layer, in the order they are computed, those of networks within it included."""

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from lensmith.errors import LensmithError

PIXELS = -1
"""Stands for the network's input where the number of a step is expected."""

Compute = Callable[[int, Any, tuple[Any, ...], dict[str, Any]], Any]
"""From the number of a step, its layer and the layer's arguments, to what it puts out."""
Value = tuple[Any, int]
"""A tensor, and the number of the step it comes from."""


@dataclass(frozen=True)
class Step:
    """A layer at work.

    Attributes:
        number: From 0 on.
        layer: A Keras layer, or an operation of `keras.ops`.
        name: The layer's, after those of the networks it is in.
        sources: The number of the step that each input comes from; `PIXELS` for the network's.
        inputs: Tensors.
        output: A tensor; of several, the first.
    """

    number: int
    layer: Any
    name: str
    sources: tuple[int, ...]
    inputs: tuple[Any, ...]
    output: Any


def shape_alone(number: int, layer: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Tell what a layer would put out, without computing it; for `walk`."""
    return layer.compute_output_spec(*arguments, **named)


def walk(model: Any, pixels: Any, compute: Compute | None = None) -> Iterator[Step]:
    """Compute a network layer by layer. What no later layer wants is let go.

    Args:
        model: A built `keras.Model` whose layers are known: a `Sequential`, or made of its input and outputs.
        pixels: What goes in: a tensor, or a `KerasTensor` for shapes alone.
        compute: How a layer is computed; by default it is called.

    Yields:
        Each step, when it has been computed.

    Raises:
        LensmithError: The layers are not known, or the network has several inputs.
    """
    graph = graph_of(model)
    if graph is None or len(graph.inputs) != 1:
        raise LensmithError(
            f"{model.name} is not made of layers that follow one another from one input, so nothing can be said of "
            "them. Expected a Sequential, or a Model made of its inputs and outputs."
        )
    yield from _Walk(compute or call_layer).through(graph, [(pixels, PIXELS)], "")


def graph_of(model: Any) -> Any:
    """Return what Keras keeps a network's layers and their order in; `None` for a layer that is no network."""
    graph = getattr(model, "_functional", None) or model
    return graph if hasattr(graph, "_nodes_by_depth") else None


def call_layer(number: int, layer: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Call a layer as an answer wants it: Keras' augmentation layers, called alone, take themselves to be training."""
    del number
    if getattr(layer, "_call_has_training_arg", False):
        named = {**named, "training": False}
    return layer(*arguments, **named)


ACTIVATION_LAYERS = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "PReLU": "prelu", "ELU": "elu", "Softmax": "softmax"}


def activation_of(layer: Any) -> str:
    """Return the name of the function that a layer's values come out of; empty where it is none.

    Example:
        >>> import keras
        >>> activation_of(keras.layers.Dense(2)), activation_of(keras.layers.ReLU(max_value=6))
        ('', 'relu6')
    """
    function = getattr(layer, "activation", None)
    name = getattr(function, "__name__", type(function).__name__) if function else ""
    name = name or ACTIVATION_LAYERS.get(type(layer).__name__, "")
    if name == "relu" and getattr(layer, "negative_slope", 0):
        return "leaky_relu"
    limited = name == "relu" and getattr(layer, "max_value", None) == 6
    return "" if name == "linear" else f"{name}6" if limited else name


class _Walk:
    """Counts the steps over all networks within one another."""

    def __init__(self, compute: Compute) -> None:
        self._compute = compute
        self._steps = 0

    def through(self, graph: Any, values: list[Value], prefix: str) -> Generator[Step, None, list[Value]]:
        """Go through one network; return the values of its outputs."""
        known = {id(its): value for its, value in zip(graph.inputs, values, strict=True)}
        nodes = list(_nodes(graph))
        wanted = Counter(id(its) for node in nodes for its in node.input_tensors)
        wanted.update(id(its) for its in graph.outputs)
        for node in nodes:
            inner = graph_of(node.operation)
            if inner is None:
                outputs = yield from self._step(node, known, prefix)
            else:
                inputs = [known[id(its)] for its in node.input_tensors]
                outputs = yield from self.through(inner, inputs, f"{prefix}{node.operation.name}/")
            known |= {id(its): value for its, value in zip(node.outputs, outputs, strict=False)}
            for its in node.input_tensors:
                wanted[id(its)] -= 1
                if not wanted[id(its)]:
                    known.pop(id(its), None)
        return [known[id(its)] for its in graph.outputs]

    def _step(self, node: Any, known: dict[int, Value], prefix: str) -> Generator[Step, None, list[Value]]:
        import keras

        number, self._steps = self._steps, self._steps + 1
        arguments, named = node.arguments.fill_in({key: tensor for key, (tensor, _) in known.items()})
        outputs = keras.tree.flatten(self._compute(number, node.operation, arguments, named))
        inputs = [known[id(its)] for its in node.input_tensors]
        yield Step(
            number,
            node.operation,
            f"{prefix}{node.operation.name}",
            tuple(source for _, source in inputs),
            tuple(tensor for tensor, _ in inputs),
            outputs[0],
        )
        return [(output, number) for output in outputs]


def _nodes(graph: Any) -> Iterator[Any]:
    """Yield the calls of a network in the order Keras computes them."""
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        yield from (node for node in graph._nodes_by_depth[depth] if node.operation and not node.is_input)
