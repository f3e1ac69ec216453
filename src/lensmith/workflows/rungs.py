"""The steps of a ladder: each a recipe with a few settings, and what is new in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lensmith.config import load_recipe


@dataclass(frozen=True)
class Rung:
    """One step of a ladder.

    Attributes:
        name: A few words.
        what: What is new in it.
        recipe: Name of the recipe it begins with.
        settings: Laid over the recipe, by dotted key.
        against: Name of the step it is compared with; the one before it by default.
    """

    name: str
    what: str
    recipe: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    against: str | None = None


ALL_ALIKE = {"training.class_weights": None, "training.selection": "accuracy"}
"""Lest `fast` and `transfer` alone, which choose that by the images, let rare classes count more."""
ADAM = {"class_name": "Adam", "learning_rate": 0.001}
CYCLE = {"class_name": "OneCycle", "max_learning_rate": 0.003}
CNN, SIX_CONVOLUTIONS = "cifar-2conv", "cifar-bn-dropout"


def _two_convolutions(*, normalized: bool = False, dropout: bool = False) -> list[dict[str, Any]]:
    """Describe the tutorials' two strided convolutions, with what is added after each."""
    layers: list[dict[str, Any]] = []
    for filters, rate in ((32, 0.1), (64, 0.3)):
        convolution = {"class_name": "Conv2D", "filters": filters, "kernel_size": 3, "strides": 2, "padding": "same"}
        layers.append({**convolution, "activation": "relu"})
        layers += [{"class_name": "BatchNormalization", "momentum": 0.9}] if normalized else []
        layers += [{"class_name": "Dropout", "rate": rate}] if dropout else []
    return [
        *layers,
        {"class_name": "Flatten"},
        {"class_name": "Dense", "units": "num_classes", "activation": "softmax"},
    ]


def _plainly(**settings: Any) -> dict[str, Any]:
    """Train at the images' own size with Adam at a constant rate, unless said otherwise."""
    plain = {"data.image_size": "auto", "data.photo_size": 96, "training.optimizer": ADAM}
    return plain | {key.replace("__", "."): value for key, value in settings.items()}


def _steps() -> list[Rung]:
    both = _two_convolutions(normalized=True, dropout=True)
    moved = {"model__layers": both, "training__augmentation": "light"}
    cycle = {"class_name": "Adam", "learning_rate": CYCLE}
    normalized = _two_convolutions(normalized=True)
    return [
        Rung("MLP", "Dense layers only: a picture is a row of numbers", "cifar-mlp", _plainly()),
        Rung("CNN", "two strided convolutions instead", CNN, _plainly()),
        Rung("+ BatchNorm", "after each convolution", CNN, _plainly(model__layers=normalized)),
        Rung("+ dropout", "after each of these", CNN, _plainly(model__layers=both)),
        Rung("+ augmentation", "images moved, and photos mirrored", CNN, _plainly(**moved)),
        Rung("+ schedule", "the rate rises, then falls to 0", CNN, _plainly(**moved, training__optimizer=cycle)),
        Rung("fast", "another network, optimizer, loss and schedule", "fast", ALL_ALIKE),
        Rung("transfer", "a network that has seen a million photos", "transfer", ALL_ALIKE),
    ]


def _activations() -> list[Rung]:
    """Tutorial E chose ReLU because it did better than tanh and softmax."""
    layers = load_recipe(SIX_CONVOLUTIONS).model_dump()["model"]["layers"]

    def rung(name: str) -> Rung:
        changed = [{**its, "activation": name} if its["class_name"] == "Conv2D" else its for its in layers]
        return Rung(name, f"{name} after each convolution", SIX_CONVOLUTIONS, {"model.layers": changed}, against="relu")

    return [
        Rung("relu", "six convolutions, as in tutorial E", SIX_CONVOLUTIONS),
        *map(rung, ("tanh", "softmax")),
    ]


def _optimizers() -> list[Rung]:
    """Tutorial E chose RMSprop because it did better than Adam and SGD."""

    def rung(name: str, what: str, **arguments: Any) -> Rung:
        settings = {"training.optimizer": {"class_name": name.partition(",")[0], **arguments}}
        return Rung(name, what, SIX_CONVOLUTIONS, settings, against="RMSprop")

    return [
        Rung("RMSprop", "as in tutorial E, with Keras' own settings", SIX_CONVOLUTIONS),
        rung("Adam", "with Keras' own settings"),
        rung("SGD", "with Keras' own settings"),
        rung("SGD, momentum", "with momentum 0.9 and rate 0.05", learning_rate=0.05, momentum=0.9),
    ]


LADDERS: Mapping[str, Callable[[], list[Rung]]] = {
    "steps": _steps,
    "activations": _activations,
    "optimizers": _optimizers,
}
