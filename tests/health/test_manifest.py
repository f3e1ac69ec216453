import csv
from pathlib import Path

from tests.health.planted import picture, save

from lensmith.workflows.check import CheckRecord, check


def test_the_cleaned_list_leaves_out_what_is_wrong_and_can_be_trained_on(planted, found: CheckRecord):
    assert found.fixed
    with Path(found.fixed).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = {Path(row["path"]).relative_to(planted[0]).as_posix() for row in rows}
    gone = planted[1]
    for kind in ("empty file", "truncated", "not an image", "blank", "same pixels under several labels"):
        assert not kept & gone[kind]
    assert len(kept & gone["same pixels"]) == 1
    assert kept & gone["same pixels in several splits"] == {"test/cat/leak.png"}
    assert kept & gone["nearly the same picture in several splits"] == {"test/dog/mirrored.jpg"}
    assert found.dropped["blank"] == 1
    again = check(found.fixed, output=Path(found.report).with_name("again.html"))
    assert not [its.kind for its in again.findings if its.kind.startswith(("same pixels", "nearly"))]


def test_what_belongs_together_by_name_gets_one_group(tmp_path: Path):
    for number in range(12):
        save(picture(number), tmp_path / "d" / ("a", "b")[number % 2] / f"{'tuvwxy'[number // 2]}_{number}.png")
        save(
            picture(50 + number), tmp_path / "d" / ("a", "b")[number % 2] / f"{'tuvwxy'[number // 2]}_{90 + number}.png"
        )
    check(tmp_path / "d", output=tmp_path / "p.html", fix=tmp_path / "clean.csv", group="name")
    with (tmp_path / "clean.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["group"] for row in rows}) == 12
    assert all(row["group"] for row in rows)


def test_paths_are_relative_below_the_list_and_whole_elsewhere(tmp_path: Path):
    for number in range(4):
        save(picture(number), tmp_path / "data" / "ab"[number % 2] / f"{'wxyz'[number]}.png")
    (tmp_path / "other").mkdir()
    written = {}
    for place in (tmp_path, tmp_path / "other"):
        check(tmp_path / "data", output=tmp_path / "p.html", fix=place / "clean.csv")
        with (place / "clean.csv").open(encoding="utf-8", newline="") as file:
            written[place] = [row["path"] for row in csv.DictReader(file)]
    assert written[tmp_path] == ["data/a/w.png", "data/a/y.png", "data/b/x.png", "data/b/z.png"]
    assert written[tmp_path / "other"][0] == str(tmp_path / "data" / "a" / "w.png")
