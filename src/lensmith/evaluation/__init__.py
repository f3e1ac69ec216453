"""Evaluation: what a classifier's answers on known images are worth."""

from lensmith.evaluation.metrics import (
    ClassMetrics,
    ConfusedPair,
    Evaluation,
    TTAResult,
    evaluate,
    evaluate_tta,
    wilson_interval,
)
from lensmith.evaluation.mistakes import Mistake, most_confident_mistakes
from lensmith.evaluation.tta import TTA, count_views, predict_views

__all__ = [
    "TTA",
    "ClassMetrics",
    "ConfusedPair",
    "Evaluation",
    "Mistake",
    "TTAResult",
    "count_views",
    "evaluate",
    "evaluate_tta",
    "most_confident_mistakes",
    "predict_views",
    "wilson_interval",
]
