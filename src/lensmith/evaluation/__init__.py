"""Evaluation: what a classifier's answers on known images are worth."""

from lensmith.evaluation.calibration import Calibration, CalibrationBin, calibration
from lensmith.evaluation.corruptions import CORRUPTIONS, SEVERITIES, Robustness, corrupt, measure_robustness
from lensmith.evaluation.metrics import (
    ClassMetrics,
    ConfusedPair,
    Evaluation,
    TTAResult,
    evaluate,
    evaluate_tta,
)
from lensmith.evaluation.mistakes import Mistake, most_confident_mistakes
from lensmith.evaluation.novelty import FEWEST_COMPARED, Novelty, blank_images, measure_novelty, noise_images
from lensmith.evaluation.proportions import wilson_interval
from lensmith.evaluation.rejection import (
    Rejection,
    RiskCoverage,
    Selective,
    measure_rejection,
    threshold_for_accuracy,
    threshold_for_coverage,
)
from lensmith.evaluation.temperature import Temperature, fit_temperature, temper
from lensmith.evaluation.tta import TTA, count_views, predict_views

__all__ = [
    "CORRUPTIONS",
    "FEWEST_COMPARED",
    "SEVERITIES",
    "TTA",
    "Calibration",
    "CalibrationBin",
    "ClassMetrics",
    "ConfusedPair",
    "Evaluation",
    "Mistake",
    "Novelty",
    "Rejection",
    "RiskCoverage",
    "Robustness",
    "Selective",
    "TTAResult",
    "Temperature",
    "blank_images",
    "calibration",
    "corrupt",
    "count_views",
    "evaluate",
    "evaluate_tta",
    "fit_temperature",
    "measure_novelty",
    "measure_rejection",
    "measure_robustness",
    "most_confident_mistakes",
    "noise_images",
    "predict_views",
    "temper",
    "threshold_for_accuracy",
    "threshold_for_coverage",
    "wilson_interval",
]
