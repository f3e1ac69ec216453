"""Fit the last layer alone, on features that do not change: seconds instead of epochs, and the best there is."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

STRENGTHS = tuple(10.0**power for power in range(1, -7, -1))
"""Of the regularisation, from almost everything forbidden to almost everything allowed; tried in this order."""
FOLDS = 3
MOST_ITERATIONS = 300
PASSES, MEASURED_ROWS, MEASURED = 1750, 10_000, 5
"""How often all features are multiplied with the kernel, and back, until the strength is chosen and all is fitted: on
CIFAR-10. It is estimated from the time that so many rows take, the median of a few."""


@dataclass(frozen=True)
class Head:
    """A fitted last layer: `features @ kernel + bias` are the logits.

    Attributes:
        kernel: `float32 (D, K)`.
        bias: `float32 (K,)`.
        strength: Of the regularisation that was chosen.
        loss: Mean log loss on the images it was chosen on; NaN where there was nothing to choose.
    """

    kernel: Floats
    bias: Floats
    strength: float
    loss: float

    def logits(self, features: Floats) -> Floats:
        """Return `(N, K)` for `(N, D)`."""
        return np.asarray(features @ self.kernel + self.bias, np.float32)


def fit_head(
    features: Floats,
    labels: Labels,
    num_classes: int,
    held_out: tuple[Floats, Labels] | None = None,
    weights: Floats | None = None,
    strengths: Sequence[float] = STRENGTHS,
) -> Head:
    """Fit multinomial logistic regression, and choose how strongly its weights are held down.

    Args:
        features: `(N, D)`.
        labels: `(N,)`, each in `[0, num_classes)`.
        num_classes: K.
        held_out: Features and labels to choose on; else it is chosen by cross-validation.
        weights: `(K,)`, what an image of each class counts; 1 by default.
        strengths: To choose from, the strongest first.

    Source:
        Kornblith, Shlens and Le, Do Better ImageNet Models Transfer Better?, CVPR 2019, arXiv:1805.08974 (logistic
        regression on the features of the last layer but one, its regularisation chosen on validation images).
    """
    centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    standard = (features - centre) / scale
    if held_out:
        parts = [(standard, labels, (held_out[0] - centre) / scale, held_out[1])]
    else:
        parts = list(_folds(standard, labels))
    counts = np.ones(num_classes, np.float32) if weights is None else weights
    strength, loss, fits = _best_strength(parts, counts, strengths)
    kernel, bias = fits[0] if held_out and fits else _fit(standard, labels, counts, strength)
    # What was standardised is put into the layer itself.
    kernel = kernel / scale[:, np.newaxis]
    return Head(kernel.astype(np.float32), (bias - centre @ kernel).astype(np.float32), strength, loss)


def seconds_to_fit(images: int, width: int, num_classes: int, *, held_out: bool) -> float:
    """Estimate how long `fit_head` takes on this machine, from a few of the products that it consists of.

    Args:
        images: N.
        width: D.
        num_classes: K.
        held_out: Whether there are images to choose the strength on; else it is fitted on parts of the others.
    """
    rows = min(images, MEASURED_ROWS)
    features, kernel = np.ones((rows, width), np.float32), np.ones((width, num_classes), np.float32)
    times = []
    for _ in range(MEASURED):
        began = time.perf_counter()
        features.T @ (features @ kernel)
        times.append(time.perf_counter() - began)
    passes = PASSES if held_out else PASSES * (FOLDS - 1)
    return passes * statistics.median(times) * images / rows


Part = tuple[Floats, Labels, Floats, Labels]
"""Features and labels to fit on, and to choose on."""


def _folds(features: Floats, labels: Labels) -> list[Part]:
    from sklearn.model_selection import StratifiedKFold

    fewest = int(np.bincount(labels)[np.unique(labels)].min())
    if fewest < 2:
        return [(features, labels, features, labels)]
    folds = StratifiedKFold(min(FOLDS, fewest), shuffle=True, random_state=0)
    return [(features[fit], labels[fit], features[left], labels[left]) for fit, left in folds.split(features, labels)]


def _best_strength(
    parts: list[Part], weights: Floats, strengths: Sequence[float]
) -> tuple[float, float, list[tuple[Floats, Floats]]]:
    """Try one after the other; past the best, two in a row that are worse end it. Return what it fits, too."""
    best, least, worse, kept = strengths[0], np.inf, 0, list[tuple[Floats, Floats]]()
    if len(strengths) == 1:
        return best, float("nan"), kept
    for strength in strengths:
        fits = [_fit(features, labels, weights, strength) for features, labels, _, _ in parts]
        losses = [
            log_loss(others @ kernel + bias, wanted, weights)
            for (kernel, bias), (_, _, others, wanted) in zip(fits, parts, strict=True)
        ]
        loss = float(np.mean(losses))
        best, least, worse, kept = (strength, loss, 0, fits) if loss < least else (best, least, worse + 1, kept)
        if worse == 2:
            break
    return best, least, kept


def _fit(features: Floats, labels: Labels, weights: Floats, strength: float) -> tuple[Floats, Floats]:
    from sklearn.linear_model import LogisticRegression

    present, num_classes = np.unique(labels), len(weights)
    counts = {int(label): float(weights[label]) for label in present}
    model = LogisticRegression(C=1 / (strength * len(labels)), max_iter=MOST_ITERATIONS, class_weight=counts)
    kernel, bias = np.zeros((features.shape[1], num_classes), np.float32), np.full(num_classes, -30.0, np.float32)
    if len(present) == 1:
        bias[present] = 0
        return kernel, bias
    model.fit(features, labels)
    if len(present) == 2:  # scikit-learn has one row for two classes
        kernel[:, present] = np.stack([-model.coef_[0], model.coef_[0]], axis=1) / 2
        bias[present] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
    else:
        kernel[:, present], bias[present] = model.coef_.T, model.intercept_
    return kernel, bias


def log_loss(logits: Floats, labels: Labels, weights: Floats | None = None) -> float:
    """Return the mean cross entropy; where classes have weights, that of their images."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return float(np.average(losses, weights=None if weights is None else weights[labels]))
