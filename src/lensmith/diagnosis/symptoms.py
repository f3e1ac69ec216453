"""What curves and answers of a training show, each found by one function of the evidence.

The thresholds were set on the trainings of `tests/diagnosis`, and then left alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lensmith.diagnosis.evidence import Curves, Evidence, Values
from lensmith.records import Record


@dataclass(frozen=True)
class Diagnosis(Record):
    """Something that a training shows.

    Attributes:
        name: In the field's words, such as `overfitting`.
        epoch: From which epoch on, counted from 1; `None` where that says nothing.
        evidence: What it is seen by.
        advice: What to try.
    """

    name: str
    epoch: int | None
    evidence: str
    advice: str


Symptom = Callable[[Evidence], Diagnosis | None]


def diagnose(evidence: Evidence) -> list[Diagnosis]:
    """Say what a training shows; nothing of a healthy one.

    Args:
        evidence: All that is known of it.
    """
    found: list[Diagnosis] = []
    for several in (ALONE, FIRST, OTHERS):
        for symptom in several:
            its = symptom(evidence)
            if its is not None:
                found.append(its)
                if several is not OTHERS:
                    break
        if found and several is ALONE:
            return found
    return found


def diverged(evidence: Evidence) -> Diagnosis | None:
    """The loss is no number any more: nothing else can be said."""
    curves = evidence.curves
    bad = np.flatnonzero(~np.isfinite(curves.loss))
    if not evidence.diverged and not len(bad):
        return None
    epoch = int(bad[0]) + 1 if len(bad) else len(curves) + 1
    return Diagnosis(
        "divergence",
        epoch,
        f"In epoch {epoch} the loss became infinite or no number at all.",
        "Divide the learning rate by 10, or clip gradients (--set training.optimizer.clipnorm=1); look whether the "
        "images hold what they should: lensmith check.",
    )


def loss_that_does_not_fit(evidence: Evidence) -> Diagnosis | None:
    """Loss and last activation are not made for one another."""
    if not evidence.broken_rules:
        return None
    layer, problem = evidence.broken_rules[0]
    return Diagnosis(
        "loss that does not fit",
        None,
        f"Layer {layer}: {problem}.",
        "End in softmax and train with CategoricalCrossentropy, or end in no activation with from_logits = true.",
    )


def forgotten_shuffling(evidence: Evidence) -> Diagnosis | None:
    """Each batch has one class: it is right on what it sees just now, and names the last class it saw for all."""
    curves, (_, share) = evidence.curves, evidence.most_named
    if not curves.validated:
        return None
    floor = evidence.guessing_accuracy
    if share < 0.5 or curves.accuracy[-1] < floor + 0.3 or curves.val_accuracy[-1] > floor + 0.1:
        return None
    return Diagnosis(
        "forgotten shuffling",
        1,
        f"While training {curves.accuracy[-1]:.0%} are right, of the validation images {curves.val_accuracy[-1]:.0%}: "
        f"{share:.0%} of these are taken for one class.",
        "Shuffle the training images, so that each batch has several classes.",
    )


def class_collapse(evidence: Evidence) -> Diagnosis | None:
    """One class is named for nearly everything."""
    place, share = evidence.most_named
    there = float((evidence.labels == place).mean()) if len(evidence.labels) else 1.0
    if share < 0.9 or there > 0.75 * share:
        return None
    return Diagnosis(
        "class collapse",
        None,
        f"Class {place} is named for {share:.0%} of the validation images; it is {there:.0%} of them.",
        "Lower the learning rate; where the classes are unbalanced, --set training.class_weights=balanced.",
    )


def learning_rate_too_high(evidence: Evidence) -> Diagnosis | None:
    """The loss jumps instead of falling."""
    loss, guess = evidence.curves.loss, evidence.guessing_loss
    if len(loss) < 2:
        return None
    jumps = np.flatnonzero(loss[1:] > 1.08 * loss[:-1]) + 2
    no_better = loss.min() > 0.85 * guess
    began_wild = loss[0] > 1.6 * guess
    if len(jumps) < max(2, len(loss) // 4) and not (no_better and (began_wild or len(jumps))):
        return None
    seen = f"it rose in {len(jumps)} of {len(loss)} epochs" if len(jumps) else f"it began at {loss[0]:.2f}"
    return Diagnosis(
        "learning rate too high",
        int(jumps[0]) if len(jumps) else 1,
        f"The training loss does not settle: {seen}, and its best is {loss.min():.2f}; guessing has {guess:.2f}.",
        "Divide the learning rate by 3 to 10.",
    )


def nothing_learned(evidence: Evidence) -> Diagnosis | None:
    """The loss stays where guessing has it."""
    curves, guess = evidence.curves, evidence.guessing_loss
    if len(curves) < 2 or curves.loss.min() < 0.97 * guess or curves.accuracy.max() > evidence.guessing_accuracy + 0.05:
        return None
    return Diagnosis(
        "nothing is learned",
        1,
        f"After {len(curves)} epochs the training loss is {curves.loss[-1]:.2f}; guessing has {guess:.2f}.",
        "Look whether labels and images belong together (lensmith show); use relu instead of sigmoid in deep networks, "
        "batch normalisation, and another learning rate: 10 times as much, then a tenth.",
    )


def learning_rate_too_low(evidence: Evidence) -> Diagnosis | None:
    """The loss falls as steadily at the end as at the beginning, and has not come far."""
    curves = evidence.curves
    loss = curves.loss
    if len(loss) < 4 or _annealed(curves):
        return None
    falls = loss[:-1] - loss[1:]
    early, late = falls[: len(falls) // 2].mean(), falls[-max(1, len(falls) // 3) :].mean()
    far = 1 - loss[-1] / max(evidence.guessing_loss, loss[0])
    if (falls <= 0).any() or late < 0.35 * early or far > 0.6:
        return None
    return Diagnosis(
        "learning rate too low",
        None,
        f"The training loss fell by {early:.3f} an epoch in the first half and still falls by {late:.3f}; it is "
        f"{loss[-1]:.2f} yet.",
        "Multiply the learning rate by 3 to 10, or train for more epochs.",
    )


def overfitting(evidence: Evidence) -> Diagnosis | None:
    """The validation loss rises while the training loss goes on falling."""
    curves = evidence.curves
    if not curves.validated or len(curves) < 3:
        return None
    best = int(curves.val_loss.argmin())
    after = len(curves) - 1 - best
    risen = float(curves.val_loss[-1] / curves.val_loss[best])
    if after < 2 or risen < 1.1 or curves.loss[-1] > 0.9 * curves.loss[best]:
        return None
    return Diagnosis(
        "overfitting",
        best + 2,
        f"The validation loss was least in epoch {best + 1} ({curves.val_loss[best]:.3f}) and has risen to "
        f"{curves.val_loss[-1]:.3f}, while the training loss fell from {curves.loss[best]:.3f} to "
        f"{curves.loss[-1]:.3f}.",
        "Augment the images (--augment standard), add dropout, use a smaller network or more images, or stop earlier "
        "(--set training.early_stopping.patience=3). The model that is kept is the best epoch's.",
    )


def noisy_labels(evidence: Evidence) -> Diagnosis | None:
    """It is as sure where it is wrong as where it is right: then the label may be what is wrong."""
    wrong = evidence.wrong if len(evidence.answers) else np.zeros(0, bool)
    if wrong.sum() < 20 or wrong.mean() > 0.5 or (~wrong).sum() < 20:
        return None
    sure = evidence.answers.max(axis=1)
    separated = _auroc(sure[~wrong], sure[wrong])
    if separated > 0.68:
        return None
    return Diagnosis(
        "noisy labels",
        None,
        f"{wrong.sum()} validation images are answered otherwise than they are labelled, with a confidence of "
        f"{np.median(sure[wrong]):.0%} (median) against {np.median(sure[~wrong]):.0%} of the others: it is no less "
        "sure where it is called wrong.",
        "Look at the labels: lensmith check --labels.",
    )


def underfitting(evidence: Evidence) -> Diagnosis | None:
    """The training has come to rest far from knowing even the images it is trained on."""
    curves = evidence.curves
    if not _at_rest(curves.loss) or curves.loss[-1] < 0.35 * evidence.guessing_loss:
        return None
    if curves.validated and curves.accuracy[-1] > curves.val_accuracy[-1] + 0.05:
        return None
    return Diagnosis(
        "underfitting",
        None,
        f"The training loss rests at {curves.loss[-1]:.2f} (guessing: {evidence.guessing_loss:.2f}), and of the images "
        f"it is trained on {curves.accuracy[-1]:.0%} are right.",
        "Use a larger network, less dropout or regularisation, or larger images.",
    )


def plateau(evidence: Evidence) -> Diagnosis | None:
    """Nothing has become better for long, and the learning rate is what it was."""
    curves = evidence.curves
    if not curves.validated or len(curves) < 6 or _annealed(curves) or curves.accuracy[-1] > 0.97:
        return None
    half = len(curves) // 2
    before, after = curves.val_loss[:half].min(), curves.val_loss[half:].min()
    if after < 0.98 * before or not _at_rest(curves.loss):
        return None
    return Diagnosis(
        "plateau",
        int(curves.val_loss.argmin()) + 1,
        f"Since epoch {int(curves.val_loss.argmin()) + 1} the validation loss has not fallen below "
        f"{curves.val_loss.min():.3f}, at a constant learning rate.",
        "Let the learning rate fall: training.optimizer.learning_rate with class_name CosineDecay.",
    )


def dead_units(evidence: Evidence) -> Diagnosis | None:
    """Many units behind a ReLU never answer."""
    if not evidence.dead:
        return None
    layer, share = max(evidence.dead.items(), key=lambda its: its[1])
    if share < 0.4:
        return None
    return Diagnosis(
        "dead ReLUs",
        None,
        f"{share:.0%} of the units of {layer} are the same for every validation image.",
        "Lower the learning rate, add batch normalisation, or use leaky_relu or silu.",
    )


def small_validation(evidence: Evidence) -> Diagnosis | None:
    """So few validation images that the best epoch is chosen by chance."""
    curves, n = evidence.curves, len(evidence.labels)
    if not curves.validated or not n:
        return None
    accuracy = float(np.nanmax(curves.val_accuracy))
    # At least one wrong: of few images none may be, by chance.
    spread = 1.96 * math.sqrt(max(accuracy * (1 - accuracy), 1 / n) / n)
    if spread < 0.05:
        return None
    return Diagnosis(
        "small validation set",
        None,
        f"With {n} validation images {accuracy:.0%} means {max(0.0, accuracy - spread):.0%} to "
        f"{min(1.0, accuracy + spread):.0%}.",
        "Take no small difference for one. Hold more images out (--set data.validation=0.2), or compare over seeds.",
    )


def waiting_for_images(evidence: Evidence) -> Diagnosis | None:
    """The processor waits for images."""
    if evidence.waiting < 0.4:
        return None
    return Diagnosis(
        "waiting for images",
        None,
        f"{evidence.waiting:.0%} of the training time was spent waiting for the next images.",
        "Use cheaper augmentation, smaller images (--set data.image_size=…), or a quicker disk.",
    )


ALONE: tuple[Symptom, ...] = (diverged,)
FIRST: tuple[Symptom, ...] = (
    loss_that_does_not_fit,
    forgotten_shuffling,
    nothing_learned,
    learning_rate_too_high,
    class_collapse,
    noisy_labels,
    overfitting,
    learning_rate_too_low,
    underfitting,
    plateau,
)
"""Of these the first that is found: the others would follow from it."""
OTHERS: tuple[Symptom, ...] = (dead_units, small_validation, waiting_for_images)


def _at_rest(loss: Values) -> bool:
    """Tell whether the last third of the epochs has brought little."""
    if len(loss) < 4:
        return False
    last = loss[-max(2, len(loss) // 3) :]
    return bool(last[0] - last.min() < 0.04 * last[0])


def _annealed(curves: Curves) -> bool:
    """Tell whether the learning rate has come down to little of what it was."""
    rates = curves.learning_rate[np.isfinite(curves.learning_rate)]
    return bool(len(rates)) and bool(rates[-1] < 0.3 * rates.max())


def _auroc(higher: Values, lower: Values) -> float:
    """Return the chance that one of the first is above one of the second, ties half."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(higher, lower).statistic / (len(higher) * len(lower)))
