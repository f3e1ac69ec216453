"""What only a browser can tell of the page: that it loads nothing, fits a phone, and can be read in light and dark."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.rendering.made_records import NASTY_NAMES, a_dataset, a_report, skipped

from lensmith.rendering.report import render_report


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "pets-tiny-1"


def opened(browser: Any, html: str, folder: Path, **look: Any) -> tuple[Any, list[str]]:
    """The page in a browser, and what it asked for that was not in itself."""
    file = folder / "report.html"
    file.write_text(html, encoding="utf-8")
    asked: list[str] = []
    page = browser.new_page(**look)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    return page, [url for url in asked if not url.startswith("data:")]


def test_a_browser_asks_for_nothing_and_runs_nothing(browser: Any, run: Path):
    html = render_report(a_report(run, a_dataset(NASTY_NAMES), wrong={0: 1}))
    without_policy = re.sub(r"<meta http-equiv[^>]*>", "", html)  # escaping must hold by itself
    page, asked = opened(browser, without_policy, run)
    assert asked == [(run / "report.html").as_uri()]
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("document.scripts.length") == 0
    shown = page.evaluate("[...document.querySelectorAll('.confusion tbody th')].map(its => its.title)")
    assert shown[:4] == list(NASTY_NAMES[:4])
    assert page.evaluate("[...document.images].every(its => its.naturalWidth > 0)")


@pytest.mark.parametrize("names", [NASTY_NAMES, ("cat", "d" * 90), tuple(f"class {i}" for i in range(100))])
def test_a_phone_need_not_scroll_sideways(browser: Any, run: Path, names: tuple[str, ...]):
    report = a_report(run, a_dataset(names, skipped=skipped(25)), wrong={0: 1}, command="x" * 200)
    page, _ = opened(browser, render_report(report), run, viewport={"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    assert page.evaluate("document.querySelector('.confusion, .heatmap').getBoundingClientRect().width > 30")


CONTRAST = """() => {
  const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const luminance = color => {
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map(
      value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll('.confusion tbody td')].map(cell => {
    const style = getComputedStyle(cell);
    const [low, high] = [luminance(style.color), luminance(style.backgroundColor)].sort((a, b) => a - b);
    return [style.backgroundColor, (high + 0.05) / (low + 0.05)];
  });
}"""


def test_counts_can_be_read_on_their_colours_in_light_and_dark(browser: Any, run: Path):
    # Shares of the rows from 0 to 1 in steps of 1/30.
    wrong = {i * 30 + place: (i + 1) % 20 for i in range(20) for place in range(0, 3 * i // 2)}
    names = tuple(f"c{i}" for i in range(20))
    html = render_report(a_report(run, a_dataset(names, per_class=100), wrong=wrong))
    looks = {}
    for look in ("light", "dark"):
        page, _ = opened(browser, html, run, color_scheme=look)
        cells = page.evaluate(CONTRAST)
        assert len(cells) == 400
        assert min(contrast for _, contrast in cells) >= 4.4
        looks[look] = {color for color, _ in cells}
    assert not looks["light"] & looks["dark"]
