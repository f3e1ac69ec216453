"""What curves say of the learning rate: too high, too low, or gone before the training was."""

import numpy as np

from lensmith.diagnosis.diagnosis import Diagnosis
from lensmith.diagnosis.evidence import Evidence, Floats

FEWEST_EPOCHS = 4
"""Of which a course can be told."""
ABOVE_CHANCE, OFTEN = 1.002, 0.25
"""Loss over that of chance: what knows nothing comes to 1, what is thrown about stays above; share of the epochs in
which it rises."""
RISE = 1.25
"""Loss over the lowest before it, from which on it has risen."""
SMALL = 0.1
"""Share of the loss of chance below which rises are of no account."""
MOST_FALLEN, STEADY = 0.5, 0.8
"""Of a rate that is too low: the share of the loss that is gone at most; and how steeply it falls in the end, at least,
as a share of how steeply it fell on average."""
FLAT = 0.003
"""Change of the loss in the second half of a plateau, as a share of it."""
GONE, TOO_SOON = 0.02, 0.2
"""Share of the highest learning rate that is as good as none; share of the epochs that are too many with none."""


def diverged(evidence: Evidence) -> Diagnosis | None:
    """The loss became infinite or NaN."""
    loss = evidence.curve("loss")
    if evidence.state != "diverged" and np.isfinite(loss).all():
        return None
    done = len(evidence.epochs)
    return Diagnosis(
        "diverged",
        "The training diverged: the loss became infinite or NaN, and the network is of no use from there on.",
        f"It happened after {done} whole epochs." if done else "It happened in the first epoch.",
        "Try a tenth of the learning rate. If it diverges all the same, look at the first batch: labels, a loss of "
        "logarithms, layers that divide.",
    )


def rate_too_high(evidence: Evidence) -> Diagnosis | None:
    """The loss is thrown about: it stays above chance, or rises again and again."""
    loss, chance = evidence.curve("loss"), evidence.prior_entropy
    if len(loss) < FEWEST_EPOCHS or not chance:
        return None
    late = float(np.median(loss[len(loss) // 2 :]))
    learns_nothing = late > ABOVE_CHANCE * chance and (np.diff(loss) > 0).mean() > OFTEN
    rises = _rises(loss, chance)
    if learns_nothing:
        shown = (
            f"The training loss was {loss[0]:.2f} in the first epoch and is {late:.2f} in the second half; "
            f"knowing nothing but the classes' sizes gives {chance:.2f}."
        )
    elif rises >= max(2, len(loss) // 6):
        shown = f"The training loss rose by a quarter or more {rises} times in {len(loss)} epochs."
    else:
        return None
    return Diagnosis(
        "learning rate too high",
        "Steps are so large that they throw the weights about instead of improving them.",
        f"{shown}{_rate(evidence)}",
        "Try a third, then a tenth of the learning rate, or batch normalisation.",
    )


def rate_too_low(evidence: Evidence) -> Diagnosis | None:
    """The loss falls as steadily at the end as at the beginning, and little of it is gone."""
    loss, chance = evidence.curve("loss"), evidence.prior_entropy
    if len(loss) < FEWEST_EPOCHS or not np.all(np.diff(loss) < 0):
        return None
    third = max(1, len(loss) // 3)
    average = (loss[0] - loss[-1]) / (len(loss) - 1)
    in_the_end = (loss[-1 - third] - loss[-1]) / third
    if loss[-1] < (1 - MOST_FALLEN) * max(loss[0], chance) or in_the_end < STEADY * average:
        return None
    return Diagnosis(
        "learning rate too low",
        "Each step improves the network, and so little that the training ends long before it could be good.",
        f"The training loss fell from {loss[0]:.3f} to {loss[-1]:.3f} in {len(loss)} epochs, in the end as fast as on "
        f"average: {in_the_end:.2g} an epoch.{_rate(evidence)}",
        "Try three times, then ten times the learning rate. Only if the loss then jumps, train for more epochs.",
    )


def plateau(evidence: Evidence) -> Diagnosis | None:
    """The loss does not move any more, far from its end."""
    loss, rates = evidence.curve("loss"), evidence.curve("learning_rate")
    if len(loss) < 2 * FEWEST_EPOCHS or loss[-1] < SMALL * evidence.prior_entropy:
        return None
    late = loss[len(loss) // 2 :]
    if np.ptp(late) > FLAT * late.mean():
        return None
    since = 1 + int(np.flatnonzero(np.abs(loss - late.mean()) > FLAT * late.mean()).max(initial=-1)) + 1
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
        f"{evidence.curve('accuracy')[-1]:.1%}.{why}",
        advice,
    )


def _rises(loss: Floats, chance: float) -> int:
    """Count the epochs in which the loss rose clearly above the lowest before."""
    lowest = np.minimum.accumulate(loss)[:-1]
    up = (loss[1:] > RISE * lowest) & (np.diff(loss) > 0) & (loss[1:] > SMALL * chance)
    return int(up.sum())


def _rate(evidence: Evidence) -> str:
    rates = evidence.curve("learning_rate")
    return "" if np.isnan(rates).all() else f" The learning rate is {np.nanmax(rates):.2g} at its highest."
