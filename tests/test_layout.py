"""What holds for all of the source: a test for each file, small pieces, and commands that load only what they need."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from lensmith.runs import Run

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "lensmith"
FILES = sorted(SOURCE.rglob("*.py"))

MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 60

TESTED_ELSEWHERE = {
    "__main__.py": "one call; tests/cli/test_app.py",
    "cli/options.py": "declarations; tests/docs/test_docs.py",
    "comparison/record.py": "what `compare` returns; tests/workflows/test_compare.py",
    "cli/printing.py": "what every command prints; tests/cli/",
    "diagnosis/diagnosis.py": "what is said; tests/diagnosis/test_symptoms.py",
    "models/builders.py": "an empty registry; tests/contracts/test_every_model.py",
    "safety/keras_sizes.py": "tests/safety/test_keras_files.py",
    "rendering/canvas.py": "what it draws on; tests/rendering/test_figures.py",
    "rendering/charts.py": "drawn in the report; tests/rendering/test_report.py",
    "rendering/findings.py": "shown in the report; tests/rendering/test_report.py",
    "rendering/origins.py": "shown in the report; tests/rendering/test_report.py",
    "rendering/pages.py": "what both pages are made by; tests/rendering/test_report.py",
    "rendering/pictures.py": "shown in the report; tests/rendering/test_report.py",
    "rendering/wording.py": "its doctests",
}
"""Source files without a test file of their own, and where what they do is tested."""

RUN_COMMAND = """
import json, sys
from lensmith.cli import main
sys.argv = ["lensmith", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def functions(file: Path) -> list[tuple[str, int]]:
    """Name and number of lines of every function in a file, decorators not counted."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in nodes if isinstance(node, kinds)
    ]


def modules_after(*command: str) -> set[str]:
    """Run a command in a fresh process and tell which modules it had loaded in the end."""
    code = [sys.executable, "-c", RUN_COMMAND, json.dumps(command)]
    done = subprocess.run(code, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("file", [file for file in FILES if file.name != "__init__.py"], ids=name_of)
def test_source_file_has_a_test_file(file: Path) -> None:
    expected = TESTS / file.relative_to(SOURCE).with_name(f"test_{file.name}")
    if name_of(file) in TESTED_ELSEWHERE:
        assert not expected.exists(), "has its own now: take it off the list"
    else:
        assert expected.exists()


def test_list_of_files_tested_elsewhere_names_files_that_exist() -> None:
    assert set(TESTED_ELSEWHERE) <= set(map(name_of, FILES))


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_source_file_and_its_functions_are_small(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_A_FILE
    assert [(name, lines) for name, lines in functions(file) if lines > MOST_LINES_OF_A_FUNCTION] == []


@pytest.mark.parametrize("command", [["--help"], ["train", "--help"], ["--version"]], ids=" ".join)
def test_help_loads_neither_keras_nor_matplotlib_nor_numpy(command: list[str]) -> None:
    loaded = modules_after(*command)
    assert "lensmith.cli" in loaded
    assert loaded & {"keras", "tensorflow", "jax", "matplotlib", "numpy", "sklearn"} == set()


def test_predict_loads_neither_keras_nor_tensorflow(tiny_run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (12, 12)).save(tmp_path / "black.png")
    loaded = modules_after("predict", str(tiny_run.path), str(tmp_path / "black.png"))
    assert "onnxruntime" in loaded
    assert loaded & {"keras", "tensorflow", "jax", "matplotlib", "sklearn"} == set()
    assert loaded & {"lensmith.data.downloading", "filelock"} == set()


def test_package_loads_neither_keras_nor_matplotlib_nor_numpy() -> None:
    code = "import sys, lensmith; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stdout.split()) & {"keras", "tensorflow", "jax", "matplotlib", "numpy", "sklearn"} == set()
