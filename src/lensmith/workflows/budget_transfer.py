"""`--budget` where a trained network is the start: its last layer first, then the epochs that fit into what is left."""

from typing import Any

from lensmith.backend import make_deterministic
from lensmith.data import Dataset, Progress
from lensmith.evaluation import count_views
from lensmith.export import images_compared
from lensmith.training import (
    compute_features,
    count_unknown_features,
    measure_features,
    measure_throughput,
    prepare,
    seconds_to_fit_last_layer,
)
from lensmith.workflows.budget import (
    TRIAL_SECONDS,
    Budget,
    Load,
    Plan,
    check_compiles,
    epochs_within,
    seconds_after_epoch,
    seconds_predicting,
    too_short,
)
from lensmith.workflows.calibrate import images_fitted

# Measured on two cores, of networks of hundreds of layers.
STARTING_SECONDS = 4.0
"""Building the network, and what the last layer's fit takes beside its products."""
MORE_AFTER_EPOCH = 0.25
"""Seconds, than smaller networks take for a checkpoint."""
FINISHING_SECONDS = 10.0
"""Saving, ONNX and the report."""
KERAS_SLOWER = 4.0
FEWEST_SECONDS = 25.0
"""Left for epochs, below which to measure how long they take and to compile the network takes most of them."""
FEWEST_EPOCHS = 0.5


def plan_transfer(budget: Budget, dataset: Dataset, load: Load, settings: dict[str, Any], progress: Progress) -> Plan:
    """Compute the features, which the training finds in the cache, measure this machine, and choose the epochs.

    Args:
        budget: A time to be done in.
        dataset: To train on.
        load: Makes the recipe with settings laid over it.
        settings: By dotted key, that suit the images.
        progress: Called with images done and images in all while features are computed.

    Raises:
        BudgetTooShort: There is not even time for the last layer; the message names about the least that would do.
        LensmithError: The backend compiles anew at every turn, so that nothing can be said from a short trial.
    """
    check_compiles()
    recipe = load({**settings, "training.epochs": 0})
    make_deterministic(recipe.seed)  # what is drawn is what will be trained, and found in the cache
    network = prepare(dataset, recipe).network
    rate = measure_features(network, dataset)
    head = STARTING_SECONDS + seconds_to_fit_last_layer(network, dataset)
    # Keras takes several times as long as ONNX Runtime for what both are compared on, and the temperature is fitted to.
    slower = KERAS_SLOWER * (images_compared(dataset) + images_fitted(dataset))
    views = count_views(recipe.evaluation.tta, dataset.image_shape)
    after = FINISHING_SECONDS + seconds_predicting(dataset, views, rate) + slower / rate
    lacking = count_unknown_features(network, dataset) / rate + head + after - budget.left
    if lacking > 0:
        raise too_short(budget, lacking)
    compute_features(network, dataset, progress)
    return _plan_epochs(budget, dataset, load, settings, head + after)


def _plan_epochs(budget: Budget, dataset: Dataset, load: Load, settings: dict[str, Any], reserved: float) -> Plan:
    """Choose the epochs for the time that is left, where there is enough to compile the network for.

    `reserved` are the seconds of what comes before and after them.
    """
    epochs, speed = 0.0, ""
    if budget.left - reserved > FEWEST_SECONDS:
        measured = measure_throughput(dataset, load({**settings, "training.epochs": 1}), TRIAL_SECONDS)
        rate = measured.images_per_second
        overhead = MORE_AFTER_EPOCH + seconds_after_epoch(dataset, measured.evaluated_per_second)
        # Less by now: measuring took some of it.
        seconds = budget.left - reserved - measured.compile_seconds
        epochs = epochs_within(seconds, len(dataset.train) / rate, overhead)
        speed = f" this machine trains {rate:,.0f} images/s."
    epochs = epochs if epochs >= FEWEST_EPOCHS else 0
    only = "the last layer only; epochs of the last convolutions would not fit"
    chosen = f"{epochs:g} epochs of the last convolutions after it" if epochs else only
    reason = f"Budget {budget.seconds:.0f} s:{speed} Chosen: {chosen}."
    return Plan(dataset, {**settings, "training.epochs": epochs}, reason)
