"""What can be wrong with a training, and which of it is."""

from collections.abc import Callable

from lensmith.diagnosis.diagnosis import Diagnosis
from lensmith.diagnosis.evidence import Evidence
from lensmith.diagnosis.generalisation import named_one_class, noisy_labels, overfitting, underfitting, validation_small
from lensmith.diagnosis.learning_rate import diverged, nothing_learned, plateau, rate_too_high, rate_too_low
from lensmith.diagnosis.workings import dead_units, loss_misfit, no_activation, not_shuffled, saturated_units, waiting

Symptom = Callable[[Evidence], Diagnosis | None]

COURSE: tuple[Symptom, ...] = (
    not_shuffled,
    diverged,
    rate_too_high,
    dead_units,
    rate_too_low,
    plateau,
    named_one_class,
    nothing_learned,
    noisy_labels,
    overfitting,
    underfitting,
)
"""What a training comes to by one of these, those that follow only seem to show: the first that fits is named."""
BESIDE: tuple[Symptom, ...] = (loss_misfit, no_activation, saturated_units, waiting, validation_small)
"""Each of these stands by itself."""
SYMPTOMS = (*COURSE, *BESIDE)


def diagnose(evidence: Evidence) -> list[Diagnosis]:
    """Say what is wrong with a training; nothing where nothing is.

    Args:
        evidence: What is known of it.

    Returns:
        The gravest first.
    """
    course = next((its for symptom in COURSE if (its := symptom(evidence))), None)
    beside = [its for symptom in BESIDE if (its := symptom(evidence))]
    return [course, *beside] if course else beside
