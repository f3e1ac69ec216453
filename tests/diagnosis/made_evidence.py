"""Evidence put together by hand, healthy but for what is given."""

from dataclasses import replace
from typing import Any

import numpy as np

from lensmith.diagnosis import Answers, Evidence, Facts

EPOCHS = 10
ANSWERS = Answers(
    split="validation", n=1000, accuracy=0.95, labelled=[100] * 10, answered=[100] * 10, likelihood=0.05, unevenness=2.0
)
FACTS = Facts(waiting=0.01, in_order=False, answers=ANSWERS, training_accuracy=0.97, units=[])
FALLING = list(2 * 0.6 ** np.arange(EPOCHS) + 0.05)


def evidence(facts: Facts | None = FACTS, **curves: Any) -> Evidence:
    """Make evidence of ten epochs; `loss`, `val_loss`, `accuracy`, `val_accuracy`, `learning_rate` are curves."""
    usual = {
        "loss": FALLING, "val_loss": [1.1 * its for its in FALLING], "learning_rate": [0.001] * EPOCHS,
        "accuracy": list(np.linspace(0.5, 0.97, EPOCHS)), "val_accuracy": list(np.linspace(0.5, 0.95, EPOCHS)),
    } | curves  # fmt: skip
    rows = [
        {"epoch": place + 1} | {name: curve[place] for name, curve in usual.items() if place < len(curve)}
        for place in range(len(usual["loss"]))
    ]
    return Evidence("finished", rows, [500] * 10, 1000, facts=facts)


def answered(**changes: Any) -> Evidence:
    """Make evidence whose answers are others."""
    return evidence(replace(FACTS, answers=replace(ANSWERS, **changes)))
