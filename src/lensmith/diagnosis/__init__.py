"""What the curves and the answers of a training show, in plain words, with what to try."""

from lensmith.diagnosis.evidence import Curves, Evidence
from lensmith.diagnosis.symptoms import Diagnosis, diagnose

__all__ = ["Curves", "Diagnosis", "Evidence", "diagnose"]
