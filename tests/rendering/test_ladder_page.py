import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.rendering.made_ladders import a_ladder
from tests.rendering.made_records import NASTY_NAMES
from tests.rendering.test_comparison_page import CONTRAST, OUTSIDE, SMALLEST, Read
from tests.rendering.test_intervals import dot_of, ends_of, place_of
from tests.rendering.test_report_in_browser import opened

from lensmith.comparison import Ladder
from lensmith.rendering.ladder import COLUMNS, gain_sentence, ladder_headline, ladder_rows
from lensmith.rendering.ladder_page import gain_chart, render_ladder

POOR, FAIR, GOOD = [range(60), range(62)], [range(20), range(22)], [range(18), range(23)]
STEPS = {"MLP": POOR, "CNN": FAIR, "+ dropout": GOOD}


def a_nasty_ladder(names: tuple[str, ...] = NASTY_NAMES[:4], reason: str = NASTY_NAMES[0]) -> Ladder:
    wrong = {name: [range(place, 200, 7 + place)] * 2 for place, name in enumerate(names)}
    return a_ladder(
        wrong, left_out={f"{names[0]}!": f"{reason}?"}, notices=[f"Mind {reason}."], what=reason, data=f"/{reason}"
    )


def test_the_headline_goes_from_the_first_step_to_the_best():
    text = Read(render_ladder(a_ladder({"MLP": POOR, "CNN": FAIR, "worse": POOR}))).text.replace("\xa0", " ")
    assert "From 69.5 % (MLP) to 89.5 % (CNN)" in text
    assert "/data/pets: 200 validation images, 2 seeds, 60s for each training." in text


NO_GAIN = "No step brings a detectable gain over "
BAD, BEST = [range(140), range(141)], [range(1), range(1)]


@pytest.mark.parametrize(
    ("wrong", "against", "headline"),
    [
        (
            {"relu": FAIR, "tanh": POOR, "softmax": BAD},
            [0, 0],
            NO_GAIN + "relu (89.5 %); 2 are worse",
        ),
        (
            {"RMSprop": FAIR, "Adam": GOOD, "SGD": BAD},
            [0, 0],
            NO_GAIN + "RMSprop (89.5 %); 1 is worse",
        ),
        (
            {"MLP": FAIR, "CNN": BAD, "more": POOR},
            None,
            NO_GAIN + "MLP (89.5 %); 1 is worse",
        ),
        ({"MLP": POOR, "CNN": FAIR, "more": GOOD}, None, "From 69.5 % (MLP) to 89.5 % (CNN)"),
        ({"MLP": FAIR, "CNN": BAD, "more": GOOD}, None, "more gains most: +60.0 points over CNN"),
        ({"relu": FAIR, "tanh": BAD, "elu": BEST}, [0, 0], "From 89.5 % (relu) to 99.5 % (elu)"),
        ({"MLP": GOOD, "CNN": FAIR}, None, "No step makes a detectable difference (89.5 to 89.8 %)"),
    ],
)
def test_the_headline_names_no_rise_that_was_not_detected(wrong: Any, against: Any, headline: str):
    assert ladder_headline(a_ladder(wrong, against=against)).replace("\xa0", " ") == headline


def test_every_row_sentence_and_notice_is_on_the_page():
    ladder = a_ladder(STEPS, left_out={"transfer": "60s is too short."}, notices=["Few images."])
    html = render_ladder(ladder)
    read = Read(html)
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", html)
    assert cells == [*COLUMNS, *(cell for row in ladder_rows(ladder) for cell in row)]
    assert all(gain_sentence(its, 200).replace("<", "&lt;") in html for its in ladder.comparison.pairs)
    assert "transfer is left out: 60s is too short." in read.text
    assert 0 < read.text.index("Few images.") < read.text.index("CNN against MLP")
    assert read.text.count("2 trainings reached") == 3
    assert "Each step was trained with 2 seeds." in read.text


def test_where_nothing_is_left_out_nothing_is_said_of_it():
    assert "left out" not in Read(render_ladder(a_ladder(STEPS))).text


def test_each_gain_is_where_its_interval_says_and_stands_out_if_it_is_detected():
    ladder = a_ladder(STEPS)
    svg = ElementTree.fromstring(str(gain_chart(ladder)).replace("\N{MINUS SIGN}", "-"))
    place, rows = place_of(svg), svg.findall("g")
    for row, its in zip(rows, ladder.comparison.pairs, strict=True):
        bounds = [place(100 * value) for value in (its.low, its.high, its.difference)]
        assert [*ends_of(row)[:2], dot_of(row)[0]] == pytest.approx(bounds, abs=0.2)
    assert [its.get("class") for its in rows] == ["sure", "unsure"]
    assert [its.text for its in svg.findall("g/text[@class='name']")] == ["CNN", "+ dropout"]
    values = [its.text for its in svg.findall("g/text[@class='value']")]
    assert values[0].startswith("+20.0 (p ")
    assert values[1].startswith("+0.2 (p = ")
    assert "zero" in {its.get("class") for its in svg.findall("path")}


def test_names_and_reasons_make_no_markup():
    nasty, harmless = (Read(render_ladder(its)) for its in (a_nasty_ladder(), a_nasty_ladder(tuple("abcd"), "because")))
    assert nasty.elements == harmless.elements
    assert len(nasty.elements) > 100
    assert set(NASTY_NAMES[:4]) <= set(nasty.texts)
    assert f"{NASTY_NAMES[0]}! is left out: {NASTY_NAMES[0]}?" in nasty.text
    assert f"Mind {NASTY_NAMES[0]}." in nasty.texts


def test_names_that_are_no_text_can_be_written(tmp_path: Path):
    page = render_ladder(a_nasty_ladder(NASTY_NAMES[6:], NASTY_NAMES[8]))
    assert "raw byte \\udcff" in page
    (tmp_path / "page.html").write_text(page, encoding="utf-8")


def test_a_browser_asks_for_nothing_and_runs_nothing(browser: Any, tmp_path: Path):
    without_policy = re.sub(r"<meta http-equiv[^>]*>", "", render_ladder(a_nasty_ladder()))
    page, asked = opened(browser, without_policy, tmp_path)
    assert asked == [(tmp_path / "report.html").as_uri()]
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("document.scripts.length") == 0
    names = page.evaluate("[...document.querySelectorAll('tbody th')].map(its => its.textContent)")
    assert names == list(NASTY_NAMES[:4])


@pytest.mark.parametrize("name", ["SGD, tuned", "a-name-that-goes-on-" * 6, "W" * 120, "wide 中文" * 20])
def test_a_phone_need_not_scroll_sideways_and_can_be_read(browser: Any, tmp_path: Path, name: str):
    html = render_ladder(a_nasty_ladder((name, f"{name}2", "c"), f"{name} is too short"))
    page, _ = opened(browser, html, tmp_path, viewport={"width": 375, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(its => its.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    assert page.evaluate("document.querySelector('h1').scrollWidth") < 375
    assert page.evaluate(SMALLEST) >= 9


@pytest.mark.parametrize(("name", "n"), [("MLP", 200), ("MLP", 10_000), ("W" * 60, 200)])
def test_no_text_of_a_chart_is_cut_off_at_its_edge(browser: Any, tmp_path: Path, name: str, n: int):
    page, _ = opened(browser, render_ladder(a_ladder({name: POOR, f"{name}2": FAIR}, n=n)), tmp_path)
    assert page.evaluate(OUTSIDE) == []


def test_texts_and_dots_can_be_seen_in_light_and_dark(browser: Any, tmp_path: Path):
    html = render_ladder(a_ladder(STEPS, left_out={"transfer": "too short."}, notices=["Few images."]))
    pages = set()
    for look in ("light", "dark"):
        page, _ = opened(browser, html, tmp_path, color_scheme=look)
        found = page.evaluate(CONTRAST)
        texts = {text for _, text in (*found["texts"], *found["edges"])}
        assert {"Few images.", "transfer is left out: too short.", "full dot", "empty dot"} <= texts
        assert [text for contrast, text in found["texts"] if contrast < 4.4] == []
        assert [text for contrast, text in found["edges"] if contrast < 3] == []
        pages.add(found["page"])
    assert len(pages) == 2
