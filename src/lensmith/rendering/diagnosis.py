"""What is said of a training, as lines for a terminal."""

from collections.abc import Sequence

from lensmith.diagnosis import DiagnoseRecord, Diagnosis


def diagnose_text(record: DiagnoseRecord) -> str:
    """Write all that was found: what it means, the evidence, what to try."""
    lines = [f"{record.run} ({record.state}). Looked at: {record.looked_at}."]
    for its in record.diagnoses:
        lines += ["", f"{its.kind.upper()}: {its.says}", f"  Evidence: {its.evidence}", f"  To try: {its.advice}"]
    return "\n".join(lines if record.diagnoses else [*lines, "", "Nothing is wrong as far as these show."])


def diagnosis_lines(diagnoses: Sequence[Diagnosis]) -> list[str]:
    """Write each in a line: what it means, and what to try."""
    return [f"{its.kind.capitalize()}: {its.says} {its.advice}" for its in diagnoses]
