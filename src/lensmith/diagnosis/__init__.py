"""Diagnosis: what the curves of a training say, in plain words, with the evidence and what to try."""

from lensmith.diagnosis.diagnosis import DiagnoseRecord, Diagnosis
from lensmith.diagnosis.evidence import Answers, Evidence, Facts, Row, UnitCounts, comes_in_order, judge_answers
from lensmith.diagnosis.learning_rate import FEWEST_EPOCHS
from lensmith.diagnosis.symptoms import SYMPTOMS, diagnose

__all__ = [
    "FEWEST_EPOCHS",
    "SYMPTOMS",
    "Answers",
    "DiagnoseRecord",
    "Diagnosis",
    "Evidence",
    "Facts",
    "Row",
    "UnitCounts",
    "comes_in_order",
    "diagnose",
    "judge_answers",
]
