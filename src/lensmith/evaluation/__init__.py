"""Evaluation: what a classifier's answers on known images are worth."""

from lensmith.evaluation.metrics import ClassMetrics, ConfusedPair, Evaluation, evaluate, wilson_interval
from lensmith.evaluation.mistakes import Mistake, most_confident_mistakes

__all__ = [
    "ClassMetrics",
    "ConfusedPair",
    "Evaluation",
    "Mistake",
    "evaluate",
    "most_confident_mistakes",
    "wilson_interval",
]
