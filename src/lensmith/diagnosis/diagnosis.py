"""What is said of a training."""

from dataclasses import dataclass

from lensmith.records import Record


@dataclass(frozen=True)
class Diagnosis(Record):
    """One thing that is wrong with a training.

    Attributes:
        kind: In a few words of a fixed list.
        says: What that means, in a sentence.
        evidence: The numbers that show it.
        advice: What to try.
    """

    kind: str
    says: str
    evidence: str
    advice: str


@dataclass(frozen=True)
class DiagnoseRecord(Record):
    """What `diagnose` found.

    Attributes:
        run: The run's folder.
        state: What has become of it.
        epochs: How many could be looked at.
        looked_at: What was looked at, in a few words.
        diagnoses: What is wrong, the gravest first; empty where nothing is.
    """

    run: str
    state: str
    epochs: int
    looked_at: str
    diagnoses: list[Diagnosis]
