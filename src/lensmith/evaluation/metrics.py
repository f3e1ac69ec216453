"""Metrics of a classifier, each beside what always naming the commonest class would give."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lensmith.evaluation.calibration import Calibration, calibration
from lensmith.evaluation.proportions import Labels, Probabilities, wilson_interval
from lensmith.evaluation.rejection import RiskCoverage, Selective, risk_coverage
from lensmith.evaluation.tta import Answers
from lensmith.records import Record
from lensmith.runs import Looks

PAIRS_NAMED = 10


@dataclass(frozen=True)
class ClassMetrics(Record):
    """How one class fares. Fractions; 0 where nothing was predicted or there is nothing to find."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class ConfusedPair(Record):
    """How often images of one class were taken for another."""

    label: str
    predicted: str
    count: int
    fraction: float
    """Of all images with this label."""


@dataclass(frozen=True)
class Baseline(Record):
    """What always naming the training data's commonest class gives on the same images.

    `log_loss` is that of answering every image with the classes' frequencies in training.
    """

    name: str
    accuracy: float
    balanced_accuracy: float
    top_k_accuracy: float
    macro_f1: float
    log_loss: float


@dataclass(frozen=True)
class TTAResult(Record):
    """What test-time augmentation gives on the same images. The plain answers are those that `predict` gives.

    Attributes:
        kind: Its name, such as `flip`.
        accuracy, accuracy_low, accuracy_high: A fraction with the 95 % Wilson interval.
        log_loss: Mean negative log of the label's probability, nats.
        views: Of each image, so it takes this many times the prediction time.
        fixed: Number of images that are wrong in the plain answers and right in these.
        broken: The reverse.
    """

    kind: str
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    log_loss: float
    views: int
    fixed: int
    broken: int


@dataclass(frozen=True)
class Evaluation(Record):
    """Metrics on one split. Accuracies are fractions.

    Attributes:
        run: Path of the run.
        split: Which images: `test`, `validation` or `train`.
        n: Number of images.
        loss: The recipe's own loss, mean over the images.
        accuracy, accuracy_low, accuracy_high: With the 95 % Wilson interval.
        top_k, top_k_accuracy: How often the label is among the k likeliest classes.
        balanced_accuracy: Mean recall over the classes.
        macro_f1: Mean F1 over the classes.
        log_loss: Mean negative log of the label's probability, nats.
        baseline_accuracy: Of always naming the commonest class; `baseline` has the rest.
        confusion: `(K, K)` counts, rows are labels.
        confusion_normalised: The same as fractions of each row; `None` in the rows of classes without images.
        calibration: How far the probabilities can be taken at their word.
        risk_coverage: How many errors are spared by answering fewer images.
        rejection: How the run's rejection threshold fares here; `None` where it has none.
        tta: What test-time augmentation gives beside all of this, where asked for.
        looks: How often the test images were looked at from this folder of runs; `None` of other splits.
        model: SHA-256 of the `model.onnx` that answered, so that answers of an earlier one can be told.
    """

    run: str
    split: str
    n: int
    loss: float | None
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    top_k: int
    top_k_accuracy: float
    balanced_accuracy: float
    macro_f1: float
    log_loss: float
    baseline_accuracy: float
    baseline: Baseline
    per_class: list[ClassMetrics]
    confusion: list[list[int]]
    confusion_normalised: list[list[float | None]]
    most_confused: list[ConfusedPair]
    calibration: Calibration
    risk_coverage: RiskCoverage
    rejection: Selective | None = None
    tta: TTAResult | None = None
    looks: Looks | None = None
    model: str = ""
    class_names: tuple[str, ...] = field(default=(), repr=False)


def evaluate(
    probabilities: Probabilities,
    labels: Labels,
    class_names: tuple[str, ...],
    train_labels: Labels,
    *,
    run: str,
    split: str,
    loss: float | None,
) -> Evaluation:
    """Measure a classifier's answers against the labels.

    Args:
        probabilities: `float (N, K)`, rows sum to 1.
        labels: `int64 (N,)`, each in `[0, K)`.
        class_names: K names.
        train_labels: `int64 (M,)`: what the baseline knows.
        run: Path of the run, for the record.
        split: Name of the split, for the record.
        loss: Mean of the recipe's loss, when known.
    """
    from sklearn import metrics

    every = np.arange(len(class_names))
    predicted = probabilities.argmax(axis=1)
    low, high = wilson_interval(int((predicted == labels).sum()), len(labels))
    confusion = metrics.confusion_matrix(labels, predicted, labels=every)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=0
    )
    present = support > 0
    k = top_k(len(class_names))
    baseline = _baseline(labels, train_labels, class_names, k)
    return Evaluation(
        run=run,
        split=split,
        n=len(labels),
        loss=loss,
        accuracy=float((predicted == labels).mean()),
        accuracy_low=low,
        accuracy_high=high,
        top_k=k,
        top_k_accuracy=_top_k_accuracy(probabilities, labels, k),
        balanced_accuracy=float(recall[present].mean()),
        macro_f1=float(f1[present].mean()),
        log_loss=_log_loss(probabilities, labels),
        baseline_accuracy=baseline.accuracy,
        baseline=baseline,
        per_class=[
            ClassMetrics(name, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
            for i, name in enumerate(class_names)
        ],
        confusion=confusion.tolist(),
        confusion_normalised=[[int(its) / int(row.sum()) if row.sum() else None for its in row] for row in confusion],
        most_confused=_most_confused(confusion, class_names),
        calibration=calibration(probabilities, labels),
        risk_coverage=risk_coverage(probabilities, labels),
        class_names=class_names,
    )


def evaluate_tta(kind: str, answers: Answers, labels: Labels) -> TTAResult:
    """Measure the answers with test-time augmentation, against the labels and against the plain answers.

    Args:
        kind: Its name, for the record.
        answers: For N images.
        labels: `int64 (N,)`, each in `[0, K)`.
    """
    right, right_plain = (its.argmax(axis=1) == labels for its in (answers.averaged, answers.plain))
    low, high = wilson_interval(int(right.sum()), len(labels))
    return TTAResult(
        kind=kind,
        accuracy=float(right.mean()),
        accuracy_low=low,
        accuracy_high=high,
        log_loss=_log_loss(answers.averaged, labels),
        views=answers.views,
        fixed=int((right & ~right_plain).sum()),
        broken=int((right_plain & ~right).sum()),
    )


def top_k(num_classes: int) -> int:
    """Choose the k of top-k accuracy: 5, or as many as still leave something to get wrong."""
    return max(1, min(5, num_classes - 1))


def _top_k_accuracy(probabilities: Probabilities, labels: Labels, k: int) -> float:
    likeliest = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return float((likeliest == labels[:, np.newaxis]).any(axis=1).mean())


def _log_loss(probabilities: Probabilities, labels: Labels) -> float:
    from sklearn.metrics import log_loss

    normalised = probabilities.astype(np.float64)
    normalised /= normalised.sum(axis=1, keepdims=True)
    return float(log_loss(labels, normalised, labels=np.arange(probabilities.shape[1])))


def _baseline(labels: Labels, train_labels: Labels, class_names: tuple[str, ...], k: int) -> Baseline:
    from sklearn import metrics
    from sklearn.dummy import DummyClassifier

    dummy = DummyClassifier(strategy="prior").fit(np.zeros((len(train_labels), 1)), train_labels)
    blind = np.zeros((len(labels), 1))
    predicted = dummy.predict(blind)
    frequencies = np.zeros((len(labels), len(class_names)))
    frequencies[:, dummy.classes_] = dummy.predict_proba(blind)
    return Baseline(
        name=class_names[int(predicted[0])],
        accuracy=float((predicted == labels).mean()),
        balanced_accuracy=float(1 / len(np.unique(labels))) if predicted[0] in labels else 0.0,
        top_k_accuracy=_top_k_accuracy(frequencies, labels, k),
        macro_f1=float(metrics.f1_score(labels, predicted, average="macro", labels=np.unique(labels), zero_division=0)),
        log_loss=_log_loss(frequencies, labels),
    )


def _most_confused(confusion: npt.NDArray[np.int64], class_names: tuple[str, ...]) -> list[ConfusedPair]:
    wrong = confusion - np.diag(np.diag(confusion))
    support = confusion.sum(axis=1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS_NAMED]
    pairs = [np.unravel_index(place, wrong.shape) for place in order if wrong.flat[place]]
    return [
        ConfusedPair(
            class_names[label],
            class_names[taken],
            int(wrong[label, taken]),
            float(wrong[label, taken] / support[label]),
        )
        for label, taken in pairs
    ]
