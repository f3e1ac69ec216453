"""Transfer: a trained network stays as it is, and its last layer alone is fitted to what it sees in these images.

A network for this ends in one `Dense` layer, and nothing but a `Dropout` comes between its features and that.
"""

import time
from typing import Any

from lensmith.config import Recipe
from lensmith.data import Dataset, Progress, Split
from lensmith.errors import RecipeError
from lensmith.models import leaves
from lensmith.training.balancing import class_weights, make_training_loss, make_training_metrics
from lensmith.training.checkpoint import Row
from lensmith.training.features import Features, Floats
from lensmith.training.head import fit_head, seconds_to_fit
from lensmith.training.objective import make_loss, make_targets

CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose")
EVALUATION_BATCH = 1024


def freeze(network: Any, unfrozen: int) -> None:
    """Keep all of a network as it is but its last layer, and its last convolutions with what follows them.

    Normalisation stays as it is everywhere: its statistics are of far more images than these.

    Args:
        network: Built; it is to be compiled after this.
        unfrozen: How many convolutions are trained.

    Raises:
        RecipeError: The network does not end in a `Dense` layer.
    """
    import keras

    *before, last = network.layers
    if not (isinstance(last, keras.layers.Dense) and last.use_bias and last.activation is keras.activations.softmax):
        raise RecipeError(
            f"training.transfer wants a network that ends in a Dense layer with a bias and softmax, and this one ends "
            f"in another {type(last).__name__}. Use a "
            'builder that begins with trained weights, such as model.builder = "efficientnet-lite0", or --from RUN.'
        )
    left = unfrozen
    for layer in reversed(list(leaves(before))):
        layer.trainable = layer.trainable and left > 0 and not isinstance(layer, keras.layers.BatchNormalization)
        left -= type(layer).__name__ in CONVOLUTIONS


def fit_last_layer(network: Any, dataset: Dataset, recipe: Recipe, progress: Progress) -> Row:
    """Fit the last layer of a network alone, how strongly it is held down chosen on validation images.

    Args:
        network: Its last layer gets the weights.
        dataset: Training images to fit on, validation images to choose on.
        recipe: For loss and metrics.
        progress: Called with images done and images in all while features are computed.

    Returns:
        The row of history of an epoch 0.
    """
    began = time.perf_counter()
    train, *held_out = compute_features(network, dataset, progress)
    validation = dataset.validation
    chosen_on = (held_out[0], validation.labels) if validation else None
    labels, k = dataset.train.labels, len(dataset.class_names)
    weights = class_weights(labels, k) if recipe.training.class_weights else None
    head = fit_head(train, labels, k, chosen_on, weights)
    network.layers[-1].set_weights([head.kernel, head.bias])
    measured: Row = dict(_measure(network, train, dataset.train, dataset.train, recipe))
    if validation:
        on_validation = _measure(network, held_out[0], validation, dataset.train, recipe)
        measured |= {f"val_{name}": value for name, value in on_validation.items()}
    seconds = time.perf_counter() - began
    return {
        "epoch": 0,
        "step": 0,
        "learning_rate": 0.0,
        **measured,
        "seconds": round(seconds, 3),
        "images_per_second": round(len(dataset.train) / seconds, 1),
    }


def compute_features(network: Any, dataset: Dataset, progress: Progress) -> list[Floats]:
    """Return what a network makes of the training images, and of the validation images where there are any.

    Those that are known from before come from the cache.

    Args:
        network: Its last layer has no part in this.
        dataset: The images.
        progress: Called with images done and images in all, of those to be computed.

    Returns:
        `float32 (N, D)` for each of the two splits.
    """
    return Features(network, dataset).of_all(_fitted(dataset), progress)


def measure_features(network: Any, dataset: Dataset) -> float:
    """Return how many images a second `compute_features` can do on this machine."""
    return Features(network, dataset).measure()


def count_unknown_features(network: Any, dataset: Dataset) -> int:
    """Return how many images `compute_features` would have to do: not those that the cache has."""
    return Features(network, dataset).count_unknown(_fitted(dataset))


def seconds_to_fit_last_layer(network: Any, dataset: Dataset) -> float:
    """Estimate how long `fit_last_layer` takes on this machine once the features are known."""
    width, num_classes = network.layers[-1].kernel.shape
    return seconds_to_fit(len(dataset.train), width, num_classes, held_out=dataset.validation is not None)


def _fitted(dataset: Dataset) -> list[Split]:
    return [its for its in (dataset.train, dataset.validation) if its is not None]


def _measure(network: Any, features: Floats, split: Split, train: Split, recipe: Recipe) -> dict[str, float]:
    """Measure the last layer with the recipe's loss and metrics, as Keras would measure the network."""
    import keras

    # A layer of its own: one that belongs to two networks has no one place in either.
    last = keras.layers.Dense.from_config(network.layers[-1].get_config())
    model = keras.Sequential([keras.Input(features.shape[1:]), last])
    last.set_weights(network.layers[-1].get_weights())
    loss = make_training_loss(recipe.training, train.labels, last.units)
    model.compile(loss=loss, metrics=make_training_metrics(recipe.training, last.units))
    targets = make_targets(split, last.units, make_loss(recipe.training))
    measured = model.evaluate(features, targets, batch_size=EVALUATION_BATCH, verbose=0, return_dict=True)
    return {name: float(value) for name, value in measured.items()}
