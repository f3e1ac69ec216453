"""The same answers as `predict`, over HTTP; and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.web.server import BOUNDARY, Server, contents, multipart, serving

import lensmith
from lensmith.runs import Run


def test_answers_are_those_of_predict(server: Server, tiny_run: Run, files: list[Path]):
    status, answer = server.predict(contents(files))
    expected = lensmith.predict(tiny_run.path, files).to_dict()
    assert status == 200
    assert answer["predictions"] == expected["predictions"]
    assert answer["run"] == "tiny"  # not where it is
    assert all(len(its["top"]) == 1 for its in server.predict(contents(files), "?top=1")[1]["predictions"])


def test_below_the_rejection_threshold_the_answer_is_unknown(tiny_run: Run, files: list[Path], tmp_path: Path):
    run = lensmith.load_run(shutil.copytree(tiny_run.path, tmp_path / "strict"))
    answers = lensmith.predict(run.path, files).predictions
    threshold = float(np.median([its.probability for its in answers if its.probability]))
    artifact = run.path / "artifact.json"
    artifact.write_text(json.dumps(json.loads(artifact.read_text()) | {"rejection_threshold": threshold}))
    with serving(run.path) as strict:
        found = strict.predict(contents(files))[1]["predictions"]
        assert strict.ask("/model")[1]["rejection_threshold"] == threshold
        said = strict.screen.read_text()
    rejected = [its.probability < threshold for its in answers if its.probability is not None]
    assert f"What is less likely than {threshold:.4f} is `unknown`." in said
    assert 0 < sum(rejected) < len(files)
    assert [its["rejected"] for its in found] == rejected
    assert [its["label"] == "unknown" for its in found] == rejected
    # What it would have said is still there.
    assert [its["top"][0][0] for its in found] == [its.label for its in answers]


def test_the_model_says_what_it_takes_and_knows(server: Server, tiny_run: Run):
    status, found = server.ask("/model")
    assert status == 200
    assert found["class_names"] == tiny_run.artifact["class_names"] == ["horizontal", "vertical"]
    assert found["image_shape"] == [12, 12, 3]
    assert found["rejection_threshold"] is None
    assert server.ask("/health") == (200, {"status": "ready"})


def test_a_file_that_is_no_image_costs_that_file_alone(server: Server, files: list[Path]):
    broken = ("notes.png", b"no picture")
    status, answer = server.predict([broken, *contents(files[:1])])
    assert status == 200
    assert answer["predictions"][0]["error"].startswith("not an image")
    assert answer["predictions"][1]["label"] in ("horizontal", "vertical")
    status, answer = server.predict([broken])
    assert status == 422
    assert "None of these files" in answer["error"]
    assert answer["predictions"][0]["error"].startswith("not an image")


def test_what_is_no_request_of_this_kind_is_refused_in_json(server: Server, files: list[Path]):
    good = contents(files[:1])
    name = f'; filename="{good[0][0]}"'.encode()
    no_file = "Send multipart/form-data with the images in parts called `files`, each with a file name"
    refused = {
        "another field": (server.ask("/predict", multipart(good, field="image")), 422, no_file),
        "no file": (server.ask("/predict", f"--{BOUNDARY}--\r\n".encode()), 422, no_file),
        "a text": (server.ask("/predict", multipart(good).replace(name, b"")), 422, no_file),
        "no multipart": (server.ask("/predict", b"\x89PNG", "image/png"), 422, no_file),
        "a broken multipart": (server.ask("/predict", b"--other\r\n"), 400, "Invalid multipart data"),
        "no class named": (server.predict(good, "?top=0"), 422, "top: Input should be greater than or equal to 1"),
        "GET": (server.ask("/predict"), 405, "Method Not Allowed"),
        "no such page": (server.ask("/etc/passwd"), 404, "Not Found"),
        "too many files": (server.predict([("a", b"")] * 1001), 400, "Too many files"),
    }
    for what, ((status, answer), expected, message) in refused.items():
        assert (status, message in answer["error"]) == (expected, True), (what, answer)


@pytest.mark.parametrize(
    ("name", "charset"), [(b"\xff\x1b[31m.png", ""), (rb"\ud800.png", "; charset=unicode_escape"), (b"", "")]
)
def test_a_name_that_is_no_text_costs_nothing(server: Server, files: list[Path], name: bytes, charset: str):
    request = multipart([("NAME", files[0].read_bytes())]).replace(b"NAME", name)
    status, answer = server.ask("/predict", request, f"multipart/form-data; boundary={BOUNDARY}{charset}")
    assert status == 200
    assert answer["predictions"][0]["label"] in ("horizontal", "vertical")


def test_the_description_for_programs_has_every_answer(server: Server):
    status, found = server.ask("/openapi.json")
    assert status == 200
    assert set(found["paths"]) == {"/predict", "/model", "/health"}
    responses = found["paths"]["/predict"]["post"]["responses"]
    kinds = {code: its["content"]["application/json"]["schema"]["$ref"] for code, its in responses.items()}
    names = {code: kind.rpartition("/")[2] for code, kind in kinds.items()}
    assert names == {"200": "Prediction", "400": "Refusal", "413": "Refusal", "422": "Unanswered", "503": "Refusal"}
    assert set(found["components"]["schemas"]["Served"]["properties"]) == set(server.ask("/model")[1])
