"""What is wrong with how a network works or is fed, whatever the curves look like."""

from lensmith.diagnosis.diagnosis import Diagnosis
from lensmith.diagnosis.evidence import Evidence, UnitCounts

MOSTLY = 0.75
"""Share of a layer's units that are dead; a third of them often is in networks that do well."""
MANY = 0.2
"""Share of a layer's units that are saturated."""
LONG = 0.3
"""Share of the time that steps wait for images."""


def not_shuffled(evidence: Evidence) -> Diagnosis | None:
    """Images come one class after the other."""
    if not (evidence.facts and evidence.facts.in_order):
        return None
    accuracy, held_out = evidence.curve("accuracy"), evidence.curve("val_accuracy")
    shown = "The images come one class after the other, and training.shuffle is false."
    if len(accuracy) and held_out[-1] == held_out[-1]:
        shown += f" In training {accuracy[-1]:.1%} were right, of the validation images {held_out[-1]:.1%}."
    return Diagnosis(
        "not shuffled",
        "The network learns each class while it forgets the others: a step sees images of one class, or of two.",
        shown,
        "Leave training.shuffle at true.",
    )


def dead_units(evidence: Evidence) -> Diagnosis | None:
    """Units with a ReLU never speak, so nothing passes, and nothing can mend them."""
    dead = dead_layer(evidence)
    if not dead:
        return None
    return Diagnosis(
        "dead units",
        "Most units of a layer are dead: their ReLU is zero for every image, so no step can change them.",
        dead[:1].upper() + dead[1:],
        "Try a lower learning rate, initial biases of zero, batch normalisation before the activation, or leaky_relu.",
    )


def dead_layer(evidence: Evidence) -> str:
    """Say which layer's units are dead, most of them; empty where that is none."""
    worst = _worst(evidence, "dead")
    if worst is None or worst.dead < MOSTLY * worst.units:
        return ""
    return f"{worst.dead} of {worst.units} units of {worst.layer} are zero for every image looked at."


def saturated_units(evidence: Evidence) -> Diagnosis | None:
    """Units stand at the limit of their activation, where steps hardly move them."""
    worst = _worst(evidence, "saturated")
    if worst is None or worst.saturated < MANY * worst.units:
        return None
    return Diagnosis(
        "saturated units",
        f"Many units of {worst.layer} are at a limit of {worst.activation} for nearly every image, and hardly learn.",
        f"{worst.saturated} of {worst.units} units of {worst.layer} are within 1 % of a limit 90 % of the time.",
        "Try smaller initial weights (glorot_uniform), batch normalisation before the activation, or relu.",
    )


def loss_misfit(evidence: Evidence) -> Diagnosis | None:
    """The loss and what the network ends in do not belong together."""
    return _broken(
        evidence, "loss does not fit", "The loss does not fit what the network ends in.", ("loss", "last layer")
    )


def no_activation(evidence: Evidence) -> Diagnosis | None:
    """Two layers that weigh follow one another without an activation."""
    return _broken(
        evidence, "no activation", "Layers without an activation between them do no more than one.", ("activation",)
    )


def waiting(evidence: Evidence) -> Diagnosis | None:
    """Steps wait for their images."""
    share = evidence.facts.waiting if evidence.facts else None
    if share is None or share < LONG:
        return None
    return Diagnosis(
        "waiting for data",
        "The training spends much of its time waiting for images.",
        f"{share:.0%} of the time of all steps went by before their images were there.",
        "Use less or cheaper augmentation, smaller images, or a faster disk for LENSMITH_HOME, where they are.",
    )


def _worst(evidence: Evidence, what: str) -> UnitCounts | None:
    layers = [its for its in (evidence.facts.units if evidence.facts else []) if its.units]
    return max(layers, key=lambda its: getattr(its, what) / its.units, default=None)


def _broken(evidence: Evidence, kind: str, says: str, rules: tuple[str, ...]) -> Diagnosis | None:
    its = [broken for broken in evidence.broken_rules if broken.rule in rules]
    shown = "; ".join(f"{broken.layer}: {broken.problem}" for broken in its)
    return Diagnosis(kind, says, f"{shown}.", its[0].advice) if its else None
