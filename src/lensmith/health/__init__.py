"""Health of data: what is wrong with images and labels, before a wrong number is believed."""

from lensmith.health.balance import UNBALANCED, balance_of
from lensmith.health.checking import Health, check_health, check_quickly
from lensmith.health.findings import Finding, Whole
from lensmith.health.labels import LabelError, check_cleanlab, label_errors, mislabelled
from lensmith.health.manifest import dropped, manifest

__all__ = [
    "UNBALANCED",
    "Finding",
    "Health",
    "LabelError",
    "Whole",
    "balance_of",
    "check_cleanlab",
    "check_health",
    "check_quickly",
    "dropped",
    "label_errors",
    "manifest",
    "mislabelled",
]
