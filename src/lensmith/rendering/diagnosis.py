"""What is said of a training, as lines for a terminal."""

from collections.abc import Sequence

from lensmith.diagnosis import FEWEST_EPOCHS, DiagnoseRecord, Diagnosis


def diagnose_text(record: DiagnoseRecord) -> str:
    """Write all that was found: what it means, the evidence, what to try."""
    lines = [f"{record.run} ({record.state}). Looked at: {record.looked_at}."]
    for its in record.diagnoses:
        lines += ["", f"{its.kind.upper()}: {its.says}", f"  Evidence: {its.evidence}", f"  To try: {its.advice}"]
    if not record.diagnoses:
        few = f" Fewer than {FEWEST_EPOCHS} epochs show little." if record.epochs < FEWEST_EPOCHS else ""
        lines += ["", f"Nothing is wrong as far as these show.{few}"]
    return "\n".join(map(_harmless, lines))


def diagnosis_lines(diagnoses: Sequence[Diagnosis]) -> list[str]:
    """Write each in a line: what it means, and what to try."""
    return [_harmless(f"{its.kind.capitalize()}: {its.says} {its.advice}") for its in diagnoses]


def _harmless(line: str) -> str:
    """Take out what would be an order to a terminal: names may be somebody else's."""
    return "".join(its if its.isprintable() else "�" for its in line)
