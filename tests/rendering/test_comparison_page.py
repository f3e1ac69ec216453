import base64
import io
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.rendering.made_comparisons import COST, a_comparison
from tests.rendering.made_records import NASTY_NAMES
from tests.rendering.test_report_in_browser import opened

from lensmith.comparison import Comparison
from lensmith.rendering.comparison_page import MOST_CLASSES, MOST_PAIRS_PICTURED, PICTURED, render_comparison

NASTY_RUNS = NASTY_NAMES[:4]


class Read(HTMLParser):
    """What a page is made of: its elements with the names of their attributes, its texts, its pictures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []
        self.pictures: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "wbr":  # after each slash of a path
            self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.pictures += [value or "" for name, value in attrs if (tag, name) == ("img", "src")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))


def a_nasty_comparison(runs: tuple[str, ...] = NASTY_RUNS, classes: tuple[str, ...] = NASTY_NAMES) -> Comparison:
    wrong = {name: [range(place, 200, 7 + place)] for place, name in enumerate(runs)}
    record = a_comparison(wrong, class_names=classes[::-1], images=True, notices=[f"Mind {classes[0]}."])
    return replace(record, data=f"/data/{runs[0]}", names=[f"{its}<i>.jpg" for its in record.names])


def pixels_of(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition("base64,")[2]))))


def places_of(record: Comparison, pictures: list[str]) -> list[int]:
    """The places of pictures within the split."""
    assert record.images is not None
    every = record.images.read()
    return [int(np.flatnonzero((every == pixels_of(its)).all(axis=(1, 2, 3)))[0]) for its in pictures]


def test_names_of_runs_classes_and_files_make_no_markup():
    plain = a_nasty_comparison(tuple("abcd"), tuple("0123456789"))
    record = a_nasty_comparison()
    nasty, harmless = Read(render_comparison(record)), Read(render_comparison(plain))
    assert nasty.elements == harmless.elements
    assert len(nasty.elements) > 300
    for name in NASTY_NAMES[:8]:
        assert name in nasty.texts
    for first, second in itertools.combinations(NASTY_RUNS, 2):
        sentences = (f"{first} is better than {second}: ", f"{second} is better than {first}: ", f"{second} has ")
        assert any(its in nasty.text for its in sentences)
    shown = [record.names[its] for its in record.pairs[0].examples_a[:PICTURED]]
    assert shown[0].endswith("<i>.jpg")
    assert all(re.sub(r"\s+", " ", its).replace("\udcff", "\\udcff") in nasty.text for its in shown)
    assert f"Mind {NASTY_NAMES[0]}." in nasty.texts
    assert "7*7" in nasty.text  # not reckoned


def test_names_that_are_no_text_can_be_written(tmp_path: Path):
    page = render_comparison(a_nasty_comparison(runs=NASTY_NAMES[6:]))
    assert "raw byte \\udcff" in page
    (tmp_path / "page.html").write_text(page, encoding="utf-8")


def test_pictures_are_of_exactly_the_images_only_one_gets_right_the_clearest_first():
    record = a_comparison({"a": [range(20, 26)], "b": [[3, 100, 22]]}, images=True)
    read = Read(render_comparison(record))
    assert places_of(record, read.pictures) == [100, 3, 25, 24, 23, 21, 20]
    assert re.findall(r"(cat|dog)\1/(\d{4})\.jpg", read.text) == [
        ("dog" if its >= 100 else "cat", f"{its:04d}") for its in (100, 3, 25, 24, 23, 21, 20)
    ]
    assert "Only a, not b: 2 images" in read.text
    assert "Only b, not a: 5 images" in read.text
    assert read.text.index("Only a, not b") < read.text.index("cat/0003") < read.text.index("Only b, not a")


def test_more_images_than_are_shown_are_counted():
    record = a_comparison({"a": [range(40)], "b": [range(0)]}, images=True)
    read = Read(render_comparison(record))
    assert places_of(record, read.pictures) == [39 - its for its in range(PICTURED)]
    assert f"and {40 - PICTURED} more." in read.text
    assert "No image that only a gets right and b does not." in read.text


def test_images_that_are_gone_leave_their_names_and_no_pictures():
    read = Read(render_comparison(a_comparison({"a": [range(20, 26)], "b": [[3, 150, 22]]})))
    assert read.pictures == []
    assert "img" not in {tag for tag, _ in read.elements}
    assert "cat/0025.jpg" in read.text
    assert "Only b, not a: 5 images" in read.text


def test_of_many_pairs_the_first_have_pictures_and_all_are_told():
    record = a_comparison({name: [[place]] for place, name in enumerate("abcde")}, images=True)
    read = Read(render_comparison(record))
    assert len(record.pairs) == 10
    assert len(read.pictures) == 2 * MOST_PAIRS_PICTURED
    assert f"Pictures are shown of the first {MOST_PAIRS_PICTURED} pairs" in read.text
    assert read.text.count("(95 % interval ") == 10
    assert "Only d, not e: 1 image" in read.text


@pytest.mark.parametrize(("count", "left_out"), [(MOST_CLASSES, 0), (MOST_CLASSES + 1, 1), (30, 10)])
def test_many_classes_are_cut_to_the_largest_losses_and_gains_with_the_number_left_out(count: int, left_out: int):
    names = [f"class-{place:02d}" for place in range(count)]
    wrong = [place * 10 + step for place in range(count) for step in range(place % 10)]
    record = a_comparison({"a": [wrong[::2]], "b": [wrong[1::2]]}, n=10 * count, class_names=names)
    html = render_comparison(record)
    [chart] = re.findall(r"<svg(?:(?!<svg).)*?What b gains in each class.*?</svg>", html, re.DOTALL)
    shown = re.findall(r"<title>(class-\d+) \(10\): ", chart)
    by_loss = [its.name for its in record.pairs[0].per_class]
    assert shown == [*by_loss[: MOST_CLASSES // 2], *by_loss[count - MOST_CLASSES // 2 :]]
    said = re.findall(r"(\d+) class(?:es)? in between are left out", Read(html).text)
    assert said == ([str(left_out)] if left_out else [])


def test_classes_stand_out_where_their_p_value_is_adjusted_below_the_limit():
    html = render_comparison(a_comparison({"a": [range(30)], "b": [[150, 151]]}))
    chart = html[html.index("What b gains in each class") :]
    assert re.findall(r'<g class="(\w+)"><title>(\w+) \(100\): (\S+) \(p (.*?)\)<', chart.partition("</svg>")[0]) == [
        ("unsure", "dog", "−2.0", "= 0.5"),
        ("sure", "cat", "+30.0", "&lt; 0.001"),
    ]


def test_notices_are_shown_each_in_its_place_above_all():
    read = Read(render_comparison(a_comparison({"a": [[1]], "b": [[2]]}, notices=["Few <images>.", "One seed."])))
    assert 0 < read.texts.index("Few <images>.") < read.texts.index("One seed.") < read.text.index("Differences")


def test_a_cost_that_is_not_known_of_all_leaves_no_chart():
    every = {"a": [range(9)], "b": [range(4)]}
    unknown = {"a": replace(COST, parameters=None, multiply_adds=None)}
    for costs, names in (
        ({}, ["training", "parameters", "multiply-adds", "model file", "an answer"]),
        (unknown, ["training", "model file", "an answer"]),
    ):
        html = render_comparison(a_comparison(every, costs=costs))
        assert re.findall(r'aria-label="Accuracy against ([^.]+)\.', html) == names
    # As dear as b and less accurate, a is beaten.
    assert re.findall(r'<g class="(\w+)"><title>([ab]): 12.0\xa0s,', html) == [("unsure", "a"), ("sure", "b")]
    row = re.search(r"<bdi>a</bdi></th>(.*?)</tr>", html)
    assert row is not None
    assert re.findall(r'<td class="n">(.*?)</td>', row[1])[2:4] == ["–", "–"]


def test_the_method_is_that_of_the_split_and_of_the_repeats():
    one = Read(render_comparison(a_comparison({"a": [range(9)], "b": [range(4)]}))).text
    repeated = a_comparison({"a": [range(9), range(8)], "b": [range(4), range(3)]}, split="test")
    many = Read(render_comparison(repeated)).text
    assert "exact McNemar" in one
    assert "trainings reached" not in one
    assert "Each recipe was trained 2 times." in many
    assert many.count("2 trainings reached") == 2
    assert "McNemar" not in many


def test_numbers_of_an_axis_differ_even_where_intervals_are_narrow():
    html = render_comparison(a_comparison({"a": [range(8)], "b": [range(4, 14)]}, n=10_000))
    charts = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(charts) == 8
    for chart in charts:
        ticks = re.findall(r'<text class="tick" [^>]*>([^<]*)</text>', chart)
        assert len(set(ticks)) == len(ticks)


def test_a_browser_asks_for_nothing_and_runs_nothing(browser: Any, tmp_path: Path):
    without_policy = re.sub(r"<meta http-equiv[^>]*>", "", render_comparison(a_nasty_comparison()))
    page, asked = opened(browser, without_policy, tmp_path)
    assert asked == [(tmp_path / "report.html").as_uri()]
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("[...document.querySelectorAll('tbody th')].map(its => its.textContent)") == list(NASTY_RUNS)
    assert page.evaluate("document.images.length") > 20
    assert page.evaluate("[...document.images].every(its => its.naturalWidth > 0)")


@pytest.mark.parametrize("name", ["a-name-that-goes-on-" * 6, "W" * 120, "wide 中文" * 20])
def test_a_phone_need_not_scroll_sideways(browser: Any, tmp_path: Path, name: str):
    record = a_nasty_comparison((name, f"{name}2", "c"), (name, *NASTY_NAMES))
    look = {"viewport": {"width": 375, "height": 800}}
    page, _ = opened(browser, render_comparison(record), tmp_path, **look)
    page.evaluate("document.querySelectorAll('details').forEach(its => its.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    assert page.evaluate("document.querySelector('h1').scrollWidth") < 375
    widths = page.evaluate("[...document.querySelectorAll('svg')].map(its => its.getBoundingClientRect().width)")
    assert min(widths) > 300


SMALLEST = """() => Math.min(...[...document.querySelectorAll('svg text')].map(
  its => parseFloat(getComputedStyle(its).fontSize) * its.getScreenCTM().a))"""


def test_letters_in_charts_can_be_read_on_a_phone(browser: Any, tmp_path: Path):
    html = render_comparison(a_comparison({"a": [range(9)], "b": [range(4)]}))
    page, _ = opened(browser, html, tmp_path, viewport={"width": 375, "height": 800})
    assert page.evaluate(SMALLEST) >= 9


OUTSIDE = """() => [...document.querySelectorAll('svg.chart')].flatMap(svg => {
  const {width, height} = svg.viewBox.baseVal;
  return [...svg.querySelectorAll('text')].filter(its => {
    const box = its.getBBox();
    return box.x < -0.5 || box.y < -0.5 || box.x + box.width > width + 0.5 || box.y + box.height > height + 0.5;
  }).map(its => its.textContent);
})"""


@pytest.mark.parametrize(("run", "n"), [("resnet", 200), ("resnet", 10_000), ("W" * 60, 200)])
def test_no_text_of_a_chart_is_cut_off_at_its_edge(browser: Any, tmp_path: Path, run: str, n: int):
    html = render_comparison(a_comparison({run: [range(8)], "b": [range(1)]}, n=n))
    page, _ = opened(browser, html, tmp_path)
    page.evaluate("document.querySelectorAll('details').forEach(its => its.open = true)")
    assert page.evaluate(OUTSIDE) == []


CONTRAST = """() => {
  const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const luminance = color => {
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map(
      value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = its => {
    const color = getComputedStyle(its).backgroundColor;
    return color !== 'rgba(0, 0, 0, 0)' ? color : its.parentElement ? behind(its.parentElement) : 'white';
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const written = [...document.body.querySelectorAll('*')].filter(
    its => its.tagName !== 'title' && [...its.childNodes].some(child => child.nodeType === 3 && child.data.trim()));
  const texts = written.map(its => {
    const style = getComputedStyle(its);
    return [contrast(its.tagName === 'text' ? style.fill : style.color, behind(its)), its.textContent];
  });
  const edges = [...document.querySelectorAll('circle')].map(its => {
    const style = getComputedStyle(its), sure = its.parentElement.classList.contains('sure');
    return [contrast(sure ? style.fill : style.stroke, behind(its)), sure ? 'full dot' : 'empty dot'];
  });
  return {texts, edges, page: getComputedStyle(document.body).backgroundColor};
}"""


def test_texts_and_dots_can_be_seen_in_light_and_dark(browser: Any, tmp_path: Path):
    wrong = {"a": [range(40)], "b": [range(4)], "c": [range(5)]}
    html = render_comparison(a_comparison(wrong, images=True, notices=["Few images."]))
    pages = set()
    for look in ("light", "dark"):
        page, _ = opened(browser, html, tmp_path, color_scheme=look)
        found = page.evaluate(CONTRAST)
        assert {"Few images.", "a → b", "training →", "full dot", "empty dot", "0.0"} <= {
            text for _, text in (*found["texts"], *found["edges"])
        }
        assert [text for contrast, text in found["texts"] if contrast < 4.4] == []
        assert [text for contrast, text in found["edges"] if contrast < 3] == []
        pages.add(found["page"])
    assert len(pages) == 2
