"""A classifier as explanations want it: the score of each class, and what any layer puts out on the way."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.errors import LensmithError, did_you_mean
from lensmith.models import Step, call_layer, graph_of, shape_alone, walk

Floats = npt.NDArray[np.float32]
SOFTMAX = ("softmax", "log_softmax")


class Classifier:
    """A network that is looked into.

    A class's score is what goes into the softmax, because a probability changes with the scores of the other classes;
    where a network ends in no softmax, it is what comes out.

    Attributes:
        model: A built `keras.Model`.
        layers: Names of its layers in the order they are computed, those of networks within it after their network's.
    """

    def __init__(self, model: Any) -> None:
        """Look at the layers.

        Raises:
            LensmithError: They are not known.
        """
        import keras

        self.model = model
        graph = graph_of(model)
        shape = tuple(graph.inputs[0].shape[1:]) if graph else ()
        steps = list(walk(model, keras.KerasTensor((1, *shape)), shape_alone))
        self.layers = [its.name for its in steps]
        self._spatial = [its.number for its in steps if len(its.output.shape) == 4]
        self._sizes = {its.number: tuple(its.output.shape[1:3]) for its in steps if len(its.output.shape) == 4}
        self._softmax = steps[-1].number if _is_softmax(steps[-1].layer) else None

    def number_of(self, layer: str) -> int:
        """Return the place of a layer by its name.

        Raises:
            LensmithError: There is none; with the nearest name.
        """
        short = {name.rpartition("/")[2]: name for name in self.layers}
        if layer in self.layers or layer in short:
            return self.layers.index(short.get(layer, layer) if layer not in self.layers else layer)
        raise LensmithError(f"The network has no layer {layer!r}.{did_you_mean(layer, self.layers)}")

    def last_picture(self) -> int:
        """Return the place of the last layer whose output still has height and width.

        Raises:
            LensmithError: There is none.
        """
        found = [number for number in self._spatial if 1 not in self._sizes[number]] or self._spatial
        if not found:
            raise LensmithError(
                f"{self.model.name} has no layer whose output has height and width, such as a convolution, so nothing "
                "can be said of places there. Occlusion and integrated gradients need none."
            )
        return found[-1]

    @property
    def has_pictures(self) -> bool:
        """Whether any layer's output has height and width."""
        return bool(self._spatial)

    def is_picture(self, number: int) -> bool:
        """Tell whether a layer's output has height and width."""
        return number in self._sizes

    def scores(self, pixels: Any, added: Mapping[int, Any] | None = None) -> Any:
        """Compute the scores.

        Args:
            pixels: `(N, H, W, C)`, 0 to 255.
            added: What is added to the output of layers, by their place.

        Returns:
            `(N, K)`, a tensor of the backend's.
        """
        import keras

        extra = added or {}

        def compute(number: int, layer: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
            made = _without_softmax if number == self._softmax else call_layer
            output = made(number, layer, arguments, named)
            return output + keras.ops.cast(extra[number], output.dtype) if number in extra else output

        return _last(walk(self.model, pixels, compute)).output

    def probabilities(self, pixels: Floats, batch: int = 64) -> Floats:
        """Return what the network answers, `(N, K)`."""
        import keras

        parts = [pixels[start : start + batch] for start in range(0, len(pixels), batch)]
        return np.concatenate([keras.ops.convert_to_numpy(self.model(its, training=False)) for its in parts])

    def output_of(self, number: int, pixels: Any) -> Any:
        """Compute the network as far as a layer, and return what that puts out."""
        return next(its.output for its in walk(self.model, pixels) if its.number == number)


def _is_softmax(layer: Any) -> bool:
    return type(layer).__name__ == "Softmax" or getattr(getattr(layer, "activation", None), "__name__", "") in SOFTMAX


def _without_softmax(number: int, layer: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    if type(layer).__name__ in ("Softmax", "Activation"):
        return arguments[0]
    import keras

    kept, layer.activation = layer.activation, keras.activations.linear
    try:
        return call_layer(number, layer, arguments, named)
    finally:
        layer.activation = kept


def _last(steps: Iterator[Step]) -> Step:
    step: Step | None = None
    for its in steps:
        step = its
    assert step is not None
    return step
