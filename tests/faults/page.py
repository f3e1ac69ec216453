"""Write the table of `docs/reliability.md` from the stored results."""

import json
from pathlib import Path
from typing import Any

from benchmarks.marked import write_measured
from tests.faults.outcome import RESULTS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
ORDER = (
    "killed_runs", "terminated_runs", "full_runs", "killed_saves", "full_disk", "damaged_checkpoints", "replaced_model",
    "diverging", "evil_models", "evil_onnx", "evil_runs", "evil_archives", "pillow_pictures",
    "changed_pictures", "large_pictures", "stock_keras",
)  # fmt: skip


def write_page() -> None:
    """Put the table between its marks."""
    stored = [json.loads(file.read_text()) for name in ORDER if (file := RESULTS / f"{name}.json").exists()]
    write_measured(PAGE, "make faults", table(stored))


def table(stored: list[dict[str, Any]]) -> str:
    """Lay the outcomes out, what went wrong below."""
    lines = ["| what was done | what must happen | tried | passed |", "|---|---|---|---|"]
    lines += [f"| {its['what']} | {its['expected']} | {its['tried']:,} | **{its['passed']:,}** |" for its in stored]
    notes = [_note(its) for its in stored]
    return "\n".join([*lines, "", *(note for note in notes if note)])


def _note(its: dict[str, Any]) -> str:
    seen = "; ".join(f"{key}: {_written(value)}" for key, value in its["seen"].items())
    machine = f"{its['machine']['processor']}, {its['machine']['cores']} cores, Python {its['machine']['python']}"
    return f"- `{its['name']}`: {its['seconds']:.0f} s on {its['at'][:10]}, {machine}. {seen}".rstrip(". ") + "."


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in sorted(value.items(), key=lambda its: -its[1]))
    return str(value)
