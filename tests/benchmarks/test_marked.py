from pathlib import Path

import pytest
from benchmarks.marked import write_measured

PAGE = """above
<!-- measured: made by `make x` -->
old
<!-- measured: end -->
between
<!-- measured: made by `make y` -->
other
<!-- measured: end -->
"""


def test_only_what_is_between_the_marks_of_the_command_is_replaced(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    write_measured(page, "make x", "new")
    assert page.read_text(encoding="utf-8") == PAGE.replace("\nold\n", "\n\nnew\n\n")


@pytest.mark.parametrize("lost", ["<!-- measured: made by `make x` -->", "<!-- measured: end -->"])
def test_a_page_without_a_mark_is_left_as_it_is(lost: str, tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace(lost, ""), encoding="utf-8")
    with pytest.raises(ValueError, match="Put both back"):
        write_measured(page, "make x", "new")
    assert page.read_text(encoding="utf-8") == PAGE.replace(lost, "")
