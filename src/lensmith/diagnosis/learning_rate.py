"""What curves say of the learning rate: too high, too low, or gone before the training was."""

import numpy as np

from lensmith.diagnosis.diagnosis import Diagnosis
from lensmith.diagnosis.evidence import Evidence, Floats
from lensmith.diagnosis.workings import dead_layer

FEWEST_EPOCHS = 4
"""Of which a course can be told; of one that falls steadily, twice as many."""
AT_CHANCE = 0.05
"""Points of accuracy above naming the commonest class up to which a network knows nothing."""
BURST, STANDS = 1.1, 0.95
"""Highest loss over that of the second half, from which on it has burst; and that of the second half over that of the
second epoch, from which on nothing is learned."""
KILLING = 2.0
"""Loss over that of guessing, the logarithm of the number of classes, after which dead units are no wonder."""
USUAL = "0.001 for Adam, 0.01 for SGD with momentum"
RISE, SMALL = 1.25, 0.1
"""Loss over the lowest before it, from which on it has risen; and the loss below which that is of no account."""
MOST_FALLEN, STEADY = 0.25, 0.8
"""Of a rate that is too low: the share of the loss that is gone at most; and how steeply it falls in the end, at least,
as a share of how steeply it fell on average."""
FLAT, LEARNT = 0.003, 0.9
"""Change of the loss in the second half of a plateau, as a share of it; training accuracy from which on that is as it
should be."""
GONE, TOO_SOON = 0.02, 0.2
"""Share of the highest learning rate that is as good as none; share of the epochs that are too many with none."""


def diverged(evidence: Evidence) -> Diagnosis | None:
    """The loss became infinite or NaN."""
    if evidence.state != "diverged":
        return None
    done = len(evidence.epochs)
    return Diagnosis(
        "diverged",
        "The training diverged: from there on the network is of no use.",
        _error(evidence) or (f"It happened after {done} whole epochs." if done else "It happened in the first epoch."),
        f"Train anew with the usual learning rate ({USUAL}), or with a tenth of this one. If it diverges at once "
        "even so, look at the network and at the labels.",
    )


def rate_too_high(evidence: Evidence) -> Diagnosis | None:
    """The loss is thrown about: it bursts and nothing is learned any more, or it rises again and again."""
    loss, accuracy = evidence.curve("loss"), evidence.curve("accuracy")
    if len(loss) < FEWEST_EPOCHS:
        return None
    half, chance = len(loss) // 2, evidence.commonest + AT_CHANCE
    late, rises = float(np.median(loss[half:])), _rises(loss)
    stands = late > STANDS * loss[1] and np.median(accuracy[half:]) <= chance
    killed = dead_layer(evidence)
    if stands and (loss.max() > BURST * late or accuracy.max() > chance):
        shown = (
            f"The training loss was {loss.max():.2f} at its highest, and in the second half the accuracy is "
            f"{np.median(accuracy[half:]):.1%}; naming the commonest class gives {evidence.commonest:.1%}."
        )
    elif killed and loss.max() > KILLING * np.log(max(2, evidence.classes)):
        shown = f"The training loss was {loss.max():.3g} at its highest, and since then {killed}"
    elif rises >= max(2, len(loss) // 6):
        shown = f"The training loss rose by a quarter or more {rises} times in {len(loss)} epochs."
    else:
        return None
    return Diagnosis(
        "learning rate too high",
        "Steps are so large that they throw the weights about instead of improving them.",
        f"{shown}{_rate(evidence)}",
        f"Try a third, then a tenth of the learning rate; usual are {USUAL}. Batch normalisation lets it be higher.",
    )


def rate_too_low(evidence: Evidence) -> Diagnosis | None:
    """The loss falls as steadily at the end as at the beginning, and little of it is gone."""
    loss, rates = evidence.curve("loss"), evidence.curve("learning_rate")
    if len(loss) < 2 * FEWEST_EPOCHS or not np.all(np.diff(loss) < 0) or loss[-1] < (1 - MOST_FALLEN) * loss[0]:
        return None
    third = max(1, len(loss) // 3)
    average, in_the_end = (loss[0] - loss[-1]) / (len(loss) - 1), (loss[-1 - third] - loss[-1]) / third
    if in_the_end < STEADY * average or rates[-1] < np.nanmax(rates) / 2:
        return None
    return Diagnosis(
        "learning rate too low",
        "Each step improves the network, and so little that the training ends long before it could be good.",
        f"The training loss fell from {loss[0]:.3f} to {loss[-1]:.3f} in {len(loss)} epochs, in the end as fast as on "
        f"average: {in_the_end:.2g} an epoch.{_rate(evidence)}",
        f"Try ten times the learning rate, and again as long as the loss falls faster for it; usual are {USUAL}.",
    )


def plateau(evidence: Evidence) -> Diagnosis | None:
    """The loss does not move any more, far from its end."""
    loss, rates = evidence.curve("loss"), evidence.curve("learning_rate")
    if len(loss) < 2 * FEWEST_EPOCHS or not evidence.training_accuracy < LEARNT:
        return None
    late = loss[len(loss) // 2 :]
    flat = FLAT * abs(late.mean())
    if np.ptp(late) > flat:
        return None
    since = int(np.flatnonzero(np.abs(loss - late.mean()) > flat).max(initial=-1)) + 2
    gone = rates <= GONE * np.nanmax(rates)
    if gone.mean() > TOO_SOON:
        why = f" The learning rate is below {GONE:.0%} of its highest from epoch {1 + int(gone.argmax())} on."
        advice = "Let the learning rate fall over the whole training, or end the training when it has fallen."
    else:
        why, advice = _rate(evidence), "Try three times and a third of the learning rate, and other initial weights."
    return Diagnosis(
        "plateau",
        f"From epoch {since} on nothing is learned any more, although there is much left to learn.",
        f"The training loss is {loss[-1]:.3f} since then, within {FLAT:.1%}; the training accuracy is "
        f"{evidence.training_accuracy:.1%}.{why}",
        advice,
    )


def nothing_learned(evidence: Evidence) -> Diagnosis | None:
    """The answers are no better than naming the commonest class, and nothing else says why."""
    training = evidence.training_accuracy
    if evidence.facts is None or not training <= evidence.commonest + AT_CHANCE or evidence.classes < 2:
        return None
    epochs = len(evidence.epochs)
    counted = "1 epoch" if epochs == 1 else f"{epochs} epochs"
    return Diagnosis(
        "nothing learned",
        "The classifier is no better than naming the commonest class.",
        f"It is right about {training:.1%} of the training images after {counted}; naming the commonest class gives "
        f"{evidence.commonest:.1%}.{_rate(evidence) if epochs else ''}",
        f"Train for more epochs, at a usual learning rate ({USUAL}). If it stays so, look at images and labels: "
        "lensmith check DATA.",
    )


def _error(evidence: Evidence) -> str:
    """Return what the run says of its end, without what the heading says already."""
    text = (evidence.error or "").removeprefix("TrainingDiverged: ").removeprefix("Training diverged: ")
    return text[:1].upper() + text[1:]


def _rises(loss: Floats) -> int:
    """Count the epochs in which the loss rose clearly above the lowest before."""
    lowest = np.minimum.accumulate(loss)[:-1]
    up = (loss[1:] > RISE * lowest) & (np.diff(loss) > 0) & (loss[1:] > SMALL) & (lowest > 0)
    return int(up.sum())


def _rate(evidence: Evidence) -> str:
    rates = evidence.curve("learning_rate")
    return "" if np.isnan(rates).all() else f" The learning rate is {np.nanmax(rates):.2g} at its highest."
