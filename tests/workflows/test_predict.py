from pathlib import Path

import lensmith
from lensmith.runs import Run


def test_a_folder_and_a_single_file_are_answered(tiny_run: Run, stripes_folder: Path):
    folder = lensmith.predict(tiny_run.path, stripes_folder)
    assert len(folder.predictions) == 80
    file = folder.predictions[3].path
    (one,) = lensmith.predict(tiny_run.path, file).predictions
    assert one.label == folder.predictions[3].label
    assert folder.run == str(tiny_run.path)
    assert "horizontal" in folder._repr_html_() or "entries" in folder._repr_html_()
