import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.rendering.made_records import NASTY_NAMES, a_dataset, a_report, skipped

import lensmith
from lensmith.evaluation import TTAResult
from lensmith.rendering.report import render_report


class Page(HTMLParser):
    """What a page holds: its text without styles, and its elements in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._parts: list[str] = []
        self._in_style = False
        self.feed(html)
        self.text = " ".join("".join(self._parts).replace("\xa0", " ").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._in_style = tag == "style"
        self._parts.append(" " if tag == "small" else "")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False
        self._parts.append("|" if tag == "tr" else "" if tag in ("bdi", "b", "em") else " ")

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self._parts.append(data)

    def all(self, tag: str, css_class: str = "") -> list[dict[str, str]]:
        return [its for found, its in self.elements if found == tag and css_class in its.get("class", "")]

    def row(self, start: str) -> str:
        """The table row that begins like this."""
        (found,) = [row.strip() for row in self.text.split("|") if row.strip().startswith(start)]
        return found


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "pets-tiny-1"


def test_the_headline_says_how_good_it_is_how_sure_that_is_and_what_it_is_worth(run: Path):
    page = Page(render_report(a_report(run, a_dataset(), wrong={0: 1})))
    assert "Names 3 kinds of images right 88.9 % of the time" in page.text
    assert "95 % interval 56.5 to 98.0 %, 9 test images; always saying “cat” would be right 33.3 %." in page.text
    assert "do not show that the model knows" not in page.text


def test_two_classes_are_told_apart(run: Path):
    page = Page(render_report(a_report(run, a_dataset(("cat", "dog")))))
    assert "Tells cat from dog and is right 100.0 % of the time" in page.text


def test_a_model_that_may_be_no_better_than_the_baseline_is_called_that(run: Path):
    page = Page(render_report(a_report(run, a_dataset(), wrong={0: 1, 1: 1, 2: 1, 3: 2, 4: 2})))
    assert "do not show that the model knows" in page.text


def test_every_metric_has_its_baseline_in_the_same_row(run: Path):
    page = Page(render_report(a_report(run, a_dataset(), wrong={0: 1})))
    assert page.row("Accuracy") == "Accuracy images named right 88.9 % 56.5 to 98.0 % 33.3 %"
    assert page.row("Balanced accuracy").endswith("88.9 % 33.3 %")
    assert page.row("Macro F1").endswith("88.6 % 16.7 %")
    assert page.row("Top-2 accuracy").endswith("100.0 % 70.1 to 100.0 % 66.7 %")
    assert page.row("Log loss").endswith("0.454 1.099")


def test_test_time_augmentation_stands_below_the_plain_accuracy_and_leaves_the_headline_alone(run: Path):
    report = a_report(run, a_dataset(), wrong={0: 1})
    assert report.evaluation
    tta = TTAResult("shift", 1.0, 0.701, 1.0, 0.31, views=6, fixed=2, broken=1)
    augmented = dataclasses.replace(report, evaluation=dataclasses.replace(report.evaluation, tta=tta))
    page = Page(render_report(augmented))
    assert "Names 3 kinds of images right 88.9 % of the time" in page.text
    assert page.row("Accuracy") == "Accuracy images named right 88.9 % 56.5 to 98.0 % 33.3 %"
    assert page.row("Plain") == "Plain what lensmith predict answers 1 88.9 % 56.5 to 98.0 % 0.454"
    assert page.row("Shift") == "Shift the mean over several views 6 100.0 % 70.1 to 100.0 % 0.310"
    assert page.text.index("Plain what") < page.text.index("Shift the")
    note = page.text.split("Test-time augmentation (shift)")[1]
    assert "averages each answer over 6 views of the image: as it is, moved one pixel up and left" in note
    assert "corrects 2 wrong answers and spoils 1 right answer. It takes 6 times the prediction time, and" in note
    assert "lensmith predict does not use it" in note
    assert "With test-time augmentation" not in Page(render_report(report)).text


def test_weakest_classes_come_first_and_are_marked(run: Path):
    page = Page(render_report(a_report(run, a_dataset(), wrong={0: 1})))
    rows = [row.strip() for row in page.text.split("Classes, weakest first")[1].split("|")[1:4]]
    assert rows[0] == "cat weakest 80.0 % 100.0 % 66.7 % 20.8 to 93.9 % 3"
    assert rows[2].startswith("owl 100.0 %")
    assert sum("weakest" in row for row in rows) == 1


def test_the_heat_of_a_cell_is_its_share_of_the_row(run: Path):
    page = Page(render_report(a_report(run, a_dataset(), wrong={0: 1, 3: 0, 4: 0})))
    cells = [
        (its["class"], float(its["style"].removeprefix("--heat: ")))
        for its in page.all("td")
        if "--heat" in its.get("style", "")
    ]
    third, two_thirds = 1 / 3, 2 / 3
    expected = [
        [("right", two_thirds), ("wrong", third**0.5), ("wrong", 0)],
        [("wrong", two_thirds**0.5), ("right", third), ("wrong", 0)],
        [("wrong", 0), ("wrong", 0), ("right strong", 1)],
    ]
    assert cells == [(kind, pytest.approx(heat, abs=1e-3)) for row in expected for kind, heat in row]


def test_many_classes_get_a_small_drawing_instead_of_a_table(run: Path):
    names = tuple(f"class {i}" for i in range(100))
    html = render_report(a_report(run, a_dataset(names), wrong={0: 1, 1: 1, 2: 1}))
    page = Page(html)
    assert not page.all("table", "confusion")
    assert len(page.all("svg", "heatmap")) == 1
    paths = {(its["class"], its["fill-opacity"]): its["d"] for its in page.all("path") if "fill-opacity" in its}
    assert paths[("wrong", "1.0")] == "M1 0h1v1h-1z", "class 0, always taken for class 1"
    assert paths[("right", "1.0")].count("M") == 99
    assert all(name in page.text for name in names)
    assert len(html) < 500_000


def test_wrong_answers_are_shown_with_both_probabilities_and_their_file(run: Path):
    page = Page(render_report(a_report(run, a_dataset(), wrong={0: 1})))
    assert "1 wrong answer among 9 images." in page.text
    assert "is cat 10.0 % said dog 80.0 % cat/0006.jpg" in page.text
    assert "cat, taken for dog" in [its["alt"] for its in page.all("img")]


def test_no_wrong_answers_is_said(run: Path):
    page = Page(render_report(a_report(run, a_dataset())))
    assert "None: every image was named right." in page.text
    assert "Most confused" not in page.text


def test_files_that_were_not_used_are_counted_by_reason_and_named(run: Path):
    page = Page(render_report(a_report(run, a_dataset(skipped=skipped(25)))))
    assert "25 files: 9 empty file, 16 not an image." in page.text
    assert [f"IMG_{i:04d}.HEIC" in page.text for i in (0, 19, 20)] == [True, True, False]
    assert "and 5 more." in page.text


def test_when_every_file_was_used_that_is_said(run: Path):
    assert "None: every file that was found was used." in Page(render_report(a_report(run, a_dataset()))).text


def test_the_class_balance_is_told(run: Path):
    even = Page(render_report(a_report(run, a_dataset())))
    assert "Every class has 6 training images." in even.text
    dataset = a_dataset()
    fewer = dataclasses.replace(dataset, train=dataset.train.take(np.arange(3, 18)))
    uneven = Page(render_report(a_report(run, fewer)))
    assert "Classes have 3 to 6 training images: the largest has 2.0 times as many as the smallest." in uneven.text


def test_without_a_test_split_no_number_is_given_for_new_images(run: Path):
    page = Page(render_report(a_report(run, a_dataset(test=False))))
    assert "Learned 3 kinds of images, not tested" in page.text
    assert "On the 3 validation images it was right 70.0 %, but these chose the best epoch" in page.text
    assert "The data has no test split" in page.text
    assert "Confusion matrix" not in page.text
    assert not [its for its in page.all("a") if its["href"] == "#errors"]


def test_without_any_images_kept_aside_nothing_is_known(run: Path):
    report = a_report(run, dataclasses.replace(a_dataset(test=False), validation=None))
    history = [{"epoch": 1, "step": 5, "loss": 1.0, "accuracy": 0.5}]
    training = dataclasses.replace(report.training, history=history, best_epoch=1)
    page = Page(render_report(dataclasses.replace(report, training=training)))
    assert "How good the model is on new images is not known." in page.text
    assert "validation" not in page.text.split("How it was trained")[1].split("Every epoch")[0]


def test_test_images_that_were_not_looked_at_are_not_called_missing(run: Path):
    report = dataclasses.replace(a_report(run, a_dataset()), evaluation=None, mistakes=[], mistake_images=None)
    page = Page(render_report(report))
    assert "The test images have not been looked at yet." in page.text
    assert f"lensmith evaluate {run}" in page.text


def test_curves_mark_the_best_epoch(run: Path):
    page = Page(render_report(a_report(run, a_dataset())))
    charts = [its for its in page.all("svg", "chart") if "epoch" in its["aria-label"]]
    assert [its["aria-label"].split(".")[0] for its in charts] == ["Accuracy over 3 epochs", "Loss over 3 epochs"]
    assert "validation: from 40.0 % to 80.0 %" in charts[0]["aria-label"].replace("\xa0", " ")
    assert page.text.count("best: epoch 2") == 2


def test_the_network_is_a_table(run: Path):
    page = Page(render_report(a_report(run, a_dataset())))
    assert page.row("dense") == "dense Dense 3 579"
    assert page.row("flatten") == "flatten Flatten 192 –"


def test_commands_can_be_copied_as_they_are(tmp_path: Path):
    page = Page(render_report(a_report(tmp_path / "my pets", a_dataset())))
    assert f"lensmith predict '{tmp_path}/my pets' photo.jpg" in page.text
    assert f"lensmith evaluate '{tmp_path}/my pets'" in page.text
    assert f"keras.saving.load_model('{tmp_path}/my pets/model.keras')" in page.text
    assert "(N, 8, 8, 3)" in page.text


def test_provenance_is_all_there(run: Path):
    info: dict[str, Any] = {
        "command": "lensmith train pets --seed 7",
        "seed": 7,
        "backend": "tensorflow",
        "started": "2026-11-22T02:10:00.123456+00:00",
        "versions": {"keras": "3.15.1"},
        "machine": {"processor": "A Processor", "cores": 2, "memory_bytes": 16_500_000_000, "python": "3.11.7"},
        "result": {"train_seconds": 75.2, "images_per_second": 3312.5, "total_seconds": 90.0},
    }
    text = Page(render_report(a_report(run, a_dataset(), **info))).text
    for part in (
        "Command lensmith train pets --seed 7",
        "Seed 7",
        "Started 22 Nov 2026, 02:10:00 UTC",
        f"Versions lensmith {lensmith.__version__}, keras 3.15.1",
        "A Processor, 2 cores, 16.5 GB of memory, Python 3.11.7",
        "Training time 1 min 15 s, 3,312 images a second",
        "Whole process 1 min 30 s",
        f"SHA-256 {'ab' * 32}",
        "same class on 9 of 9 held-out images (100.0 %); their probabilities differ by at most 3.6e-07",
        "Optimizer Adam(learning_rate=0.01)",
    ):
        assert part in text


def test_the_time_of_a_resumed_run_is_that_of_its_last_epochs(run: Path):
    report = a_report(run, a_dataset(), train_seconds=10.0)
    assert "training took 10.0 s" in Page(render_report(report)).text
    resumed = dataclasses.replace(report, training=dataclasses.replace(report.training, new_epochs=1))
    text = Page(render_report(resumed)).text
    assert "Training time 10.0 s for the last 1 epoch" in text
    assert "training took" not in text


def test_what_is_not_known_of_a_run_is_left_out(run: Path):
    text = Page(render_report(a_report(run, a_dataset()))).text
    assert "Command" not in text
    assert "training took" not in text
    assert "None" not in text.replace("None: every", "")


def test_tiny_images_are_enlarged_by_whole_pixels_and_photos_are_kept_light(run: Path):
    tiny = Page(render_report(a_report(run, a_dataset(side=8)))).all("img")
    assert {(its["class"], its["width"], its["src"][:15]) for its in tiny} == {("tiny", "112", "data:image/png;")}
    photos = Page(render_report(a_report(run, a_dataset(side=600)))).all("img")
    assert {(its.get("class"), its["width"], its["src"][:16]) for its in photos} == {(None, "112", "data:image/jpeg;")}
    assert all(its["alt"] for its in tiny + photos)


def test_a_page_with_many_images_stays_light(run: Path):
    # Noise is what compresses worst.
    report = a_report(run, a_dataset(side=32, per_class=100), wrong={i: (i // 30 + 1) % 3 for i in range(90)})
    images = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)
    report = dataclasses.replace(report, sample_images=images, sample_labels=["cat"] * 24)
    html = render_report(report)
    assert len(Page(html).all("img")) == 48
    assert len(html) < 1_500_000


def test_nothing_is_loaded_from_elsewhere(run: Path):
    html = render_report(a_report(run, a_dataset(NASTY_NAMES), wrong={0: 1}))
    page = Page(html)
    loading = ("src", "href", "srcset", "data", "action", "poster", "background", "xlink:href")
    addresses = [value for _, its in page.elements for name, value in its.items() if name in loading]
    assert {address.partition(":")[0] if ":" in address else address[:1] for address in addresses} == {"data", "#"}
    style = html.split("<style>")[1].split("</style>")[0]
    assert not re.search(r"url\(|@import|@font-face", style)
    assert not {"script", "link", "iframe", "object", "embed", "base"} & {
        tag for tag, its in page.elements if its.get("rel") != "icon"
    }


def test_names_may_hold_anything(run: Path):
    dataset = dataclasses.replace(a_dataset(NASTY_NAMES), name=NASTY_NAMES[0], source=NASTY_NAMES[1])
    html = render_report(a_report(run, dataset, wrong={0: 1, 4: 2}, command=NASTY_NAMES[1], seed=NASTY_NAMES[0]))
    page = Page(html)
    html.encode("utf-8")
    assert not page.all("script")
    assert len(page.all("img")) == 2 + 6
    assert all("onerror" not in its for _, its in page.elements)
    for name in NASTY_NAMES:
        visible = " ".join(name.encode("utf-8", "backslashreplace").decode().split())
        assert visible in page.text
