from lensmith.diagnosis import DiagnoseRecord, Diagnosis
from lensmith.rendering.diagnosis import diagnose_text, diagnosis_lines

DEAD = Diagnosis("dead units", "Most are dead.", "9 of 10.", "Try less.")


def test_each_has_its_meaning_its_evidence_and_what_to_try():
    text = diagnose_text(DiagnoseRecord("runs/a", "finished", 3, "3 epochs", [DEAD]))
    assert text.splitlines()[0] == "runs/a (finished). Looked at: 3 epochs."
    assert text.splitlines()[2:] == ["DEAD UNITS: Most are dead.", "  Evidence: 9 of 10.", "  To try: Try less."]
    assert diagnosis_lines([DEAD]) == ["Dead units: Most are dead. Try less."]


def test_where_nothing_is_wrong_it_says_so():
    said = [diagnose_text(DiagnoseRecord("runs/a", "finished", epochs, "all", [])) for epochs in (3, 4)]
    assert all("Nothing is wrong" in its for its in said)
    assert ["Fewer than 4 epochs" in its for its in said] == [True, False]
