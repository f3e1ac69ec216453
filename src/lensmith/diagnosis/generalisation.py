"""What curves and answers say of how a classifier does on images it has not seen."""

import numpy as np

from lensmith.diagnosis.diagnosis import Diagnosis
from lensmith.diagnosis.evidence import Answers, Evidence

ONE_CLASS = 0.95
"""Share of answers that are the same class."""
EVEN = 0.35
"""Unevenness of wrong answers up to which they are spread evenly. That of few wrong answers says nothing."""
FEWEST_WRONG, LEAST_ERROR, FEWEST_CLASSES = 40, 0.08, 4
UNLIKELY = 0.9
"""Probability of the labels of wrong answers, over that of guessing, below which the network has ruled them out."""
ABOVE_CHANCE = 0.15
GAP, CLOSE = 0.07, 0.05
"""Points of accuracy by which training is better than validation: so many are overfitting, so few are none."""
RISEN, LEARNT = 1.05, 0.98
"""Validation loss over its lowest; accuracy of what knows its training images by heart."""
LEFT = 0.8
"""Accuracy on training images below which much is left to learn."""
FEWEST_EPOCHS = 6
SLOW = 0.1
"""Share of the loss that goes in the last third of a training which gets no better."""
WIDE = 0.07
"""Half of the width of a 95 % interval of the accuracy."""
Z = 1.96


def named_one_class(evidence: Evidence) -> Diagnosis | None:
    """The same class is named for nearly every image."""
    answers = _answers(evidence)
    if answers is None or evidence.classes < 2:
        return None
    share, labelled = max(answers.answered) / answers.n, max(answers.labelled) / answers.n
    if share < ONE_CLASS or labelled >= ONE_CLASS:
        return None
    uneven = evidence.commonest > 2 / evidence.classes
    return Diagnosis(
        "one class only",
        "The classifier names one class whatever it sees.",
        f"{share:.0%} of {answers.n:,} {answers.split} images are said to be of one class; {labelled:.0%} are of the "
        f"commonest. {evidence.commonest:.0%} of the training images are of one class.",
        'Let all classes count the same: training.class_weights = "balanced", or training.sampling. Then train longer.'
        if uneven
        else "Try another learning rate first, then other initial weights.",
    )


def noisy_labels(evidence: Evidence) -> Diagnosis | None:
    """Wrong answers are spread evenly over all pairs of classes, as mistaken labels are and confusions are not."""
    answers = _answers(evidence)
    if answers is None or evidence.classes < FEWEST_CLASSES or answers.wrong < FEWEST_WRONG:
        return None
    known = answers.accuracy > evidence.commonest + ABOVE_CHANCE
    sure = answers.likelihood < UNLIKELY / evidence.classes
    if not (known and sure) or 1 - answers.accuracy < LEAST_ERROR or answers.unevenness > EVEN:
        return None
    return Diagnosis(
        "noisy labels",
        "Many labels seem to be wrong.",
        f"{answers.wrong:,} of {answers.n:,} {answers.split} images are answered otherwise than labelled, spread "
        f"evenly over all pairs of classes (unevenness {answers.unevenness:.2f}; 0 is even), as mistakes in labels "
        f"are; what a network confuses is a few pairs. To these labels it gives {answers.likelihood:.1%} on average.",
        "Look at the likeliest mistakes: lensmith check DATA --labels. Mend them, or train with label smoothing.",
    )


def overfitting(evidence: Evidence) -> Diagnosis | None:
    """Training images are known by heart, others are not."""
    losses, training, (held_out, n) = evidence.curve("val_loss"), evidence.training_accuracy, _held_out(evidence)
    if np.isnan(losses).any() or np.isnan(training - held_out):
        return None
    rise = float(losses[-1] / losses.min()) if len(losses) and losses.min() > 0 else 1.0
    chance = Z * np.sqrt((held_out * (1 - held_out) + training * (1 - training)) / n)
    if training - held_out < max(GAP, chance) or (rise < RISEN and training < LEARNT):
        return None
    since, shown, fewer = "The", "", ""
    if len(losses):
        best = int(losses.argmin()) + 1
        since, shown = f"From epoch {best} on the", f" The validation loss was lowest in epoch {best}"
        shown += f" and has risen by {rise - 1:.0%} since." if rise > 1 else "."
        fewer = " The model is that of the best epoch already; early stopping saves the time after it."
    return Diagnosis(
        "overfitting",
        f"{since} network learns its training images by heart, and nothing about others.",
        f"It is right about {training:.1%} of training images and {held_out:.1%} of {n:,} held-out ones.{shown}",
        f"More images help most. Else augmentation (--augment standard), dropout, or a smaller network.{fewer}",
    )


def underfitting(evidence: Evidence) -> Diagnosis | None:
    """Not even the training images are known, and it gets no better."""
    loss, training, (held_out, _) = evidence.curve("loss"), evidence.training_accuracy, _held_out(evidence)
    if evidence.facts is None or len(loss) < FEWEST_EPOCHS:
        return None
    before = loss[-1 - len(loss) // 3]
    late = (before - loss[-1]) / abs(before)
    if training > LEFT or training - held_out > CLOSE or late > SLOW:
        return None
    return Diagnosis(
        "underfitting",
        "The network is not able to learn more of these images, not even of those it is trained on.",
        f"It is right about {training:.1%} of training images, and its loss fell by {late:.0%} in the last third of "
        f"{len(loss)} epochs.",
        "Give it more filters or layers, less dropout or augmentation, or larger images.",
    )


def validation_small(evidence: Evidence) -> Diagnosis | None:
    """So few validation images that no difference of interest can be seen in them."""
    from scipy.stats import binomtest

    n, (accuracy, _) = evidence.validation_images, _held_out(evidence)
    if not n or np.isnan(accuracy):
        return None
    interval = binomtest(round(accuracy * n), n).proportion_ci(method="wilson")
    if (interval.high - interval.low) / 2 < WIDE:
        return None
    return Diagnosis(
        "validation set too small",
        "There are too few validation images to tell a better epoch from a lucky one.",
        f"{accuracy:.1%} of {n:,} images are right, so of all such images it may be {interval.low:.0%} "
        f"to {interval.high:.0%} (95 % interval).",
        "Set more aside (data.validation), or collect more images.",
    )


def _answers(evidence: Evidence) -> Answers | None:
    return evidence.facts.answers if evidence.facts else None


def _held_out(evidence: Evidence) -> tuple[float, int]:
    """Return the accuracy on validation images, and how many they are; NaN where there are none."""
    answers, curve = _answers(evidence), evidence.curve("val_accuracy")
    if answers and answers.split == "validation":
        return answers.accuracy, answers.n
    if np.isnan(curve).all():
        return float("nan"), 1
    return float(np.nanmax(curve)), max(1, evidence.validation_images)
