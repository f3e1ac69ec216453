import re
from xml.etree import ElementTree

from benchmarks.ladder import BUDGETS, COLORS, SETTINGS, settings_table, standing_alone
from tests.rendering.made_comparisons import a_comparison

from lensmith.config import load_recipe
from lensmith.rendering.comparison_page import difference_chart
from lensmith.workflows.rungs import LADDERS


def test_a_chart_stands_alone_with_its_own_rules_and_colours():
    record = a_comparison({"a": [range(9)], "b": [range(4)]})
    svg = standing_alone(str(difference_chart(record.pairs, record.n)))
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "var(" not in svg
    assert COLORS["--blue"] in svg
    assert len(root.findall(".//{*}circle")) == 1


def test_a_row_of_the_table_is_a_setting_with_both_accuracies_and_the_difference():
    record = a_comparison({"MLP": [range(50)], "CNN": [range(20)]})
    last = settings_table([("some setting", record)]).splitlines()[-1]
    cells = [its.strip() for its in last.strip("|").split("|")]
    assert cells[0] == "some setting"
    mlp, cnn, gain = (float(re.sub(r"[^\d.−-]", "", its).replace("−", "-")) for its in cells[1:4])
    assert round(cnn - mlp, 1) == gain > 0


def test_every_part_is_a_ladder_and_every_setting_a_recipe():
    assert set(BUDGETS) == set(LADDERS)
    for settings in SETTINGS.values():
        load_recipe("cifar-2conv", settings)
        load_recipe("cifar-mlp", settings)
