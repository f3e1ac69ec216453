"""What came of one kind of fault."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lensmith.files import write_text
from lensmith.runs import now
from lensmith.workflows.provenance import machine

RESULTS = Path(__file__).parent / "results"


@dataclass
class Outcome:
    """How often a fault was tried and how often all was as it should be.

    Attributes:
        name: Of the fault; its file in `results/`.
        what: Was done, in words for the page.
        expected: To happen, in words for the page.
        tried, passed: Trials.
        failures: What was wrong with each trial that did not pass, with what is needed to repeat it.
        seen: Whatever else is worth telling.
        seconds: It took.
    """

    name: str
    what: str
    expected: str
    tried: int = 0
    passed: int = 0
    failures: list[str] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, trial: str, problem: str) -> None:
        """Count a trial; it has passed where there is no problem."""
        self.tried += 1
        self.passed += not problem
        if problem:
            self.failures.append(f"{trial}: {problem}")

    def count(self, key: str, value: str) -> None:
        """Count something that was seen."""
        counts = self.seen.setdefault(key, {})
        counts[value] = counts.get(value, 0) + 1


def carry_out(fault: Callable[[], Outcome]) -> Outcome:
    """Try a fault, and keep what came of it."""
    started = time.perf_counter()
    outcome = fault()
    outcome.seconds = round(time.perf_counter() - started, 1)
    stored = {"at": now(), **asdict(outcome), "machine": machine()}
    RESULTS.mkdir(exist_ok=True)
    write_text(RESULTS / f"{outcome.name}.json", json.dumps(stored, indent=2) + "\n")
    return outcome


def times(seed: int, n: int, most: float) -> list[float]:
    """Draw moments, evenly over a time."""
    return [random.Random(f"{seed}-{place}").uniform(0, most) for place in range(n)]
