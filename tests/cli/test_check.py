import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("strict", "code"), [([], 0), (["--strict"], 1)])
def test_strict_turns_findings_into_exit_1_and_json_is_one_document(strict, code, planted, tmp_path: Path):
    command = [sys.executable, "-m", "lensmith", "check", str(planted[0]), "--json", *strict]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    record = json.loads(done.stdout)
    assert {"data", "images", "readable", "findings"} <= record.keys()
    assert {"kind", "severity", "count", "paths", "advice"} <= record["findings"][0].keys()
    assert (tmp_path / "animals-check.html").exists()


def test_people_get_lines_that_name_files_and_where_the_list_is(planted, tmp_path: Path):
    command = [sys.executable, "-m", "lensmith", "check", str(planted[0]), "--fix", "clean.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "ERROR: same pixels in several splits, 2" in done.stdout
    assert "train/cat/leaked.png = test/cat/leak.png (train and test)" in done.stdout
    assert "Use it: lensmith train clean.csv" in done.stdout
    assert "Page: animals-check.html" in done.stdout
