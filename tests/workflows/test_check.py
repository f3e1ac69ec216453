from pathlib import Path

import numpy as np
import pytest
from tests.health.planted import picture, save
from tests.made_images import stripes, write_folder

import lensmith
from lensmith.errors import LensmithError
from lensmith.workflows.check import CheckRecord, check


def test_everything_that_was_planted_is_named_under_its_kind(planted, found: CheckRecord):
    named = {its.kind: set(its.paths) for its in found.findings}
    expected = planted[1]
    assert {kind: named.get(kind) for kind in expected} == expected


def test_nothing_else_makes_a_number_wrong(planted, found: CheckRecord):
    assert {its.kind for its in found.findings if its.severity == "error"} <= planted[1].keys()


def test_the_worst_comes_first_and_counts_are_of_files(found: CheckRecord):
    order = [("error", "warning", "note").index(its.severity) for its in found.findings]
    assert order == sorted(order)
    assert all(its.count == len(its.paths) == len(set(its.paths)) and its.advice for its in found.findings)
    assert found.images - found.readable == 4


def test_no_image_is_touched(planted, tmp_path: Path):
    before = {path: path.read_bytes() for path in planted[0].rglob("*") if path.is_file()}
    check(planted[0], output=tmp_path / "page.html", fix=tmp_path / "clean.csv")
    assert {path: path.read_bytes() for path in planted[0].rglob("*") if path.is_file()} == before


def test_sound_data_is_said_to_be_in_order(tmp_path: Path):
    folder = tmp_path / "sound"
    for number in range(40):
        save(picture(number), folder / ("a", "b")[number % 2] / f"{chr(97 + number // 26)}{chr(97 + number % 26)}.png")
    record = check(folder, output=tmp_path / "page.html")
    assert record.findings == []
    assert "in order" in Path(record.report).read_text()


def test_arrays_are_checked_by_their_pixels(tmp_path: Path):
    images, labels = stripes(60)
    images[55] = images[3]
    np.savez(tmp_path / "d.npz", x_train=images[:50], y_train=labels[:50], x_test=images[50:], y_test=labels[50:])
    record = check(tmp_path / "d.npz", output=tmp_path / "page.html")
    (leak,) = [its for its in record.findings if its.kind == "same pixels in several splits"]
    assert leak.groups == [["x_train[3]", "x_test[5]"]]
    with pytest.raises(LensmithError, match="--fix lists files"):
        check(tmp_path / "d.npz", output=tmp_path / "other.html", fix=tmp_path / "c.csv")
    assert not (tmp_path / "other.html").exists()


def test_a_list_that_is_there_is_not_replaced(planted, tmp_path: Path):
    (tmp_path / "mine.csv").write_text("path,label\n")
    with pytest.raises(LensmithError, match=r"There is a file .*mine\.csv already"):
        check(planted[0], output=tmp_path / "page.html", fix=tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == "path,label\n"


def test_labels_of_one_class_cannot_be_judged(tmp_path: Path):
    for number in range(3):
        save(picture(number), tmp_path / "d" / "only" / f"{'xyz'[number]}.png")
    with pytest.raises(LensmithError, match="needs two classes"):
        check(tmp_path / "d", labels=True, output=tmp_path / "page.html")
    record = check(tmp_path / "d", output=tmp_path / "page.html")
    assert "one class only" in {its.kind for its in record.findings}


def test_groups_of_the_users_own_are_kept_and_told_where_splits_tear_them_apart(tmp_path: Path):
    rows = ["path,label,split,group"]
    for number in range(16):
        save(picture(number), tmp_path / f"{chr(97 + number)}.png")
        split = "test" if number in (3, 7, 12) else "train"
        rows.append(f"{chr(97 + number)}.png,{'ab'[number % 2]},{split},patient {number // 4}")
    (tmp_path / "list.csv").write_text("\n".join(rows))
    record = check(tmp_path / "list.csv", output=tmp_path / "page.html", fix=tmp_path / "clean.csv")
    (torn,) = [its for its in record.findings if its.kind == "groups in several splits"]
    assert [group[0] for group in torn.groups] == ["a.png", "e.png", "m.png"]
    groups = [line.rpartition(",")[2] for line in (tmp_path / "clean.csv").read_text().splitlines()[1:]]
    assert len(set(groups)) == 4
    assert all(groups)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "page.pdf"}, "must end in .html"),
        ({"fix": "list.txt"}, "must end in .csv"),
        ({"group": "names", "fix": "x.csv"}, "Did you mean 'name'"),
        ({"group": "name"}, "give both"),
        ({"output": "nowhere/page.html"}, "There is no folder"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_read(options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LensmithError, match=message):
        lensmith.check("digits", **options)
    assert not list(tmp_path.iterdir())


def test_wrong_labels_are_found_by_classifiers_that_have_not_seen_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lensmith.workflows.auto.IMAGES_SEEN", 3_000)
    images, labels = stripes(150)
    wrong = np.random.default_rng(0).choice(150, 8, replace=False)
    labels[wrong] = 1 - labels[wrong]
    folder = write_folder(tmp_path / "d", images, labels, ("h", "v"))
    record = check(folder, labels=True, output=tmp_path / "p.html")
    (its,) = [its for its in record.findings if its.kind == "probably labelled wrong"]
    named = {int(Path(path).stem) for path in its.paths}
    assert len(named & set(wrong.tolist())) >= 6
    assert len(named) <= 10
