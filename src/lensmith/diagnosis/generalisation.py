"""What curves and answers say of how a classifier does on images it has not seen."""

import numpy as np

from lensmith.diagnosis.diagnosis import Diagnosis
from lensmith.diagnosis.evidence import Answers, Evidence

ONE_CLASS = 0.95
"""Share of answers that are the same class."""
EVEN = 0.35
"""Unevenness of wrong answers up to which they are spread evenly. That of few wrong answers says nothing."""
FEWEST_WRONG, LEAST_ERROR, FEWEST_CLASSES = 40, 0.08, 4
ABOVE_CHANCE = 0.15
GAP, CLOSE = 0.07, 0.05
"""Points of accuracy by which training is better than validation: so many are overfitting, so few are none."""
RISEN, LEARNT = 1.05, 0.98
"""Validation loss over its lowest; accuracy of what knows its training images by heart."""
LEFT = 0.8
"""Accuracy on training images below which much is left to learn."""
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
    if not known or 1 - answers.accuracy < LEAST_ERROR or answers.unevenness > EVEN:
        return None
    return Diagnosis(
        "noisy labels",
        "Many labels seem to be wrong.",
        f"{answers.wrong:,} of {answers.n:,} {answers.split} images are answered otherwise than labelled, spread "
        f"evenly over all pairs of classes (unevenness {answers.unevenness:.2f}; 0 is even), as mistakes in labels "
        "are. What a network confuses is a few pairs.",
        "Look at the likeliest mistakes: lensmith check DATA --labels. Mend them, or train with label smoothing.",
    )


def overfitting(evidence: Evidence) -> Diagnosis | None:
    """Training images are known by heart, others are not."""
    answers, facts, losses = _answers(evidence), evidence.facts, evidence.curve("val_loss")
    if np.isnan(losses).any() or not len(losses):
        return None
    if answers and facts and facts.training_accuracy is not None and answers.split != "train":
        training, held_out, n = facts.training_accuracy, answers.accuracy, answers.n
    else:
        training, held_out = evidence.curve("accuracy")[-1], evidence.curve("val_accuracy")[-1]
        n = evidence.validation_images
    best = int(losses.argmin())
    gap, rise = training - held_out, losses[-1] / losses[best]
    sure = Z * np.sqrt(held_out * (1 - held_out) / max(1, n))
    if gap < GAP or gap < sure or (rise < RISEN and training < LEARNT):
        return None
    lowest = f" The validation loss was lowest in epoch {best + 1}"
    risen = f"{lowest} and has risen by {rise - 1:.0%} since." if rise > 1 else f"{lowest}."
    return Diagnosis(
        "overfitting",
        f"From epoch {best + 1} on the network learns its training images by heart, and nothing about others.",
        f"It is right about {training:.1%} of training images and {held_out:.1%} of {n:,} held-out ones.{risen}",
        "More images help most. Else augmentation (--augment standard), dropout, a smaller network, --recipe transfer "
        f"for photos, or fewer epochs: {best + 1}.",
    )


def underfitting(evidence: Evidence) -> Diagnosis | None:
    """Not even the training images are known, and it gets no better."""
    facts, loss = evidence.facts, evidence.curve("loss")
    if facts is None or facts.training_accuracy is None or len(loss) < 2 * 3:
        return None
    training, held_out = facts.training_accuracy, facts.answers.accuracy if facts.answers else np.nan
    late = (loss[-1 - len(loss) // 3] - loss[-1]) / loss[-1 - len(loss) // 3]
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
    n, accuracies = evidence.validation_images, evidence.curve("val_accuracy")
    if not n or not len(accuracies) or np.isnan(accuracies).all():
        return None
    accuracy = float(np.nanmax(accuracies))
    half = Z / (1 + Z**2 / n) * np.sqrt(accuracy * (1 - accuracy) / n + Z**2 / (4 * n**2))
    if half < WIDE:
        return None
    return Diagnosis(
        "validation set too small",
        "There are too few validation images to tell a better epoch from a lucky one.",
        f"With {n:,} images an accuracy of {accuracy:.1%} could as well be {2 * half * 100:.0f} points another (95 % "
        "interval).",
        "Set more aside (data.validation), or collect more images.",
    )


def _answers(evidence: Evidence) -> Answers | None:
    return evidence.facts.answers if evidence.facts else None
