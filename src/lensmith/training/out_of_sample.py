"""What a classifier says of every image of a data set without having seen it: cross-validation."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lensmith.config import Recipe
from lensmith.data import Dataset, Progress
from lensmith.data.dataset import Labels
from lensmith.training.features import Features
from lensmith.training.fitting import EVALUATION_BATCH, fit_alone
from lensmith.training.head import fit_head
from lensmith.training.preparing import prepare

FOLDS = 3
"""Trainings; each leaves out another third."""
FOLDS_OF_FEATURES = 5


def predict_out_of_sample(dataset: Dataset, recipe: Recipe, progress: Progress) -> npt.NDArray[np.float32]:
    """Train on parts of the training images, and answer for the others.

    Args:
        dataset: Its training images are used.
        recipe: To train by; where it fits a last layer to the features of a trained network, that alone is fitted.
        progress: Called with images answered for and images in all.

    Returns:
        Probabilities `(N, K)`.
    """
    split, k = dataset.train, len(dataset.class_names)
    probabilities = np.full((len(split), k), 1 / k, np.float32)
    if recipe.training.transfer:
        features = Features(prepare(dataset, recipe).network, dataset).of_all([split], progress)[0]
        strength = fit_head(features, split.labels, k).strength
        for fit, left in _folds(split.labels, FOLDS_OF_FEATURES, recipe.seed):
            head = fit_head(features[fit], split.labels[fit], k, strengths=(strength,))
            probabilities[left] = _softmax(head.logits(features[left]))
        return probabilities
    done = 0
    for fit, left in _folds(split.labels, FOLDS, recipe.seed):
        network = fit_alone(replace(dataset, train=split.take(fit), validation=None, test=None), recipe)
        for start in range(0, len(left), EVALUATION_BATCH):
            places = left[start : start + EVALUATION_BATCH]
            probabilities[places] = np.asarray(network(split.read(places).astype(np.float32), training=False))
        done += len(left)
        progress(done, len(split))
    return probabilities


def _folds(labels: Labels, count: int, seed: int) -> Iterator[tuple[Labels, Labels]]:
    from sklearn.model_selection import StratifiedKFold

    fewest = int(np.bincount(labels)[np.unique(labels)].min())
    folds = StratifiedKFold(max(2, min(count, fewest)), shuffle=True, random_state=seed)
    return folds.split(np.zeros(len(labels)), labels)  # type: ignore[no-any-return]


def _softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
