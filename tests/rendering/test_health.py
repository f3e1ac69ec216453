import pytest

from lensmith.config import DataConfig
from lensmith.data import survey
from lensmith.health import Finding, Health, check_health
from lensmith.rendering.health import SHOWN_IN_LINES, finding_line, findings_lines, render_health


@pytest.fixture(scope="module")
def health(planted) -> Health:
    return check_health("animals", survey(planted[0], DataConfig()))


def test_the_page_holds_pictures_and_no_markup_of_a_name(health: Health):
    page = render_health(health)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.count("data:image/") > 20
    assert "Numbers measured on these images would be" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")


def test_the_lines_name_every_kind_and_some_of_its_files(health: Health):
    lines = findings_lines(health)
    for its in health.findings:
        assert f"{its.severity.upper()}: {its.kind}, {its.count}" in lines
        assert its.paths[0] in lines


def test_many_files_are_cut_short_and_it_is_said_where_the_others_are():
    paths = [f"{place}.png" for place in range(12)]
    line = finding_line(Finding("blank", "warning", 12, paths, "Remove them."), "photos")
    assert line.count(".png") == SHOWN_IN_LINES
    assert "and 7 more" in line
    assert line.endswith("Remove them. See: lensmith check photos")
