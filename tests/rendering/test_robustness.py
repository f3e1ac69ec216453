import re
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from tests.rendering.made_records import NASTY_NAMES

from lensmith.evaluation import Novelty, Robustness, measure_novelty, measure_robustness
from lensmith.rendering.robustness import render_robustness, robustness_text
from lensmith.workflows.robustness import RobustnessRecord

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 6, 3), dtype=np.uint8)
LABELS = (IMAGES.mean(axis=(1, 2, 3)) > 127).astype(np.int64)


def by_brightness(images: np.ndarray) -> np.ndarray:
    """A classifier of bright and dark images, which brightness and nothing else can mislead."""
    bright = images.mean(axis=(1, 2, 3)) / 255
    return np.stack([1 - bright, bright], axis=1)


def made(name: str = "other") -> tuple[Robustness, list[Novelty]]:
    random = np.random.default_rng(1)
    known, foreign = random.normal(0, 3, (50, 2)), random.normal(0, 1, (30, 2))
    return measure_robustness(by_brightness, [IMAGES], LABELS), [measure_novelty(known, foreign, ("a", "b"), name)]


def record_of(
    robustness: Robustness,
    novelty: list[Novelty],
    example: np.ndarray = IMAGES[:1],
    *,
    name: str = "run",
    split: str = "validation",
    notices: Sequence[str] = (),
) -> RobustnessRecord:
    return RobustnessRecord(f"/runs/{name}", split, robustness, novelty, list(notices), "page.html", example)


def test_the_worst_kind_comes_first_and_each_has_a_picture_and_an_accuracy_for_each_severity():
    robustness, novelty = made()
    page = render_robustness(record_of(robustness, novelty))
    rows = re.findall(r'<th scope="row">(\w+)<small>', page)
    assert rows[0] == min(robustness.by_kind, key=lambda its: robustness.by_kind[its]) == "brightness"
    assert len(rows) == 7
    table = page.partition('<table class="corrupted">')[2].partition("</table>")[0]
    assert table.count("<img") == 35
    shown = [round(float(its), 1) for its in re.findall(r"<b>([\d.]+)\xa0%</b>", table)]
    cells = {(its.kind, its.severity): round(100 * its.accuracy, 1) for its in robustness.cells}
    assert shown == [cells[kind, severity] for kind in rows for severity in range(1, 6)]


def test_pictures_are_of_the_example_as_it_was_corrupted():
    robustness, novelty = made()
    page = render_robustness(record_of(robustness, novelty))
    addresses = re.findall(r'src="(data:[^"]+)"', page)
    assert len(set(addresses)) > 30  # the example, and what is done to it; slight ones may be alike
    other = render_robustness(record_of(robustness, novelty, IMAGES[1:2]))
    assert not set(addresses) & set(re.findall(r'src="(data:[^"]+)"', other))


def test_names_stay_texts():
    for name in NASTY_NAMES:
        page = render_robustness(record_of(*made(name), name=name, notices=[name]))
        assert "<script" not in page
        assert page.count("<img") == 36


def test_the_terminal_has_both_tables_and_what_the_words_mean():
    robustness, novelty = made()
    console = Console(width=250, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(robustness_text(record_of(robustness, novelty, split="test", notices=["Keep [this] in mind."])))
    said = console.export_text()
    assert "run: accuracy on 40 corrupted test images" in said
    assert f"{100 * novelty[0].auroc_energy:.1f}" in said
    assert "50 % is guessing" in said
    assert re.search(r"fewest under brightness of severity \d", said)
    assert "Keep [this] in mind.\nPage: page.html" in said


def test_what_is_to_be_kept_in_mind_is_on_the_page():
    assert "Mind &lt;that&gt;." in render_robustness(record_of(*made(), notices=["Mind <that>."]))
