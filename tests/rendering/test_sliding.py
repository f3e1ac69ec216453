import itertools
import re
from xml.etree import ElementTree

from tests.explanation.planted import mark_finder, marked

from lensmith.explanation import slide
from lensmith.rendering.sliding import SECONDS, draw_sliding


def test_each_place_of_the_output_is_a_step_with_its_sum():
    sliding = slide(mark_finder(), marked(12, 12))
    drawing = draw_sliding(sliding)
    ElementTree.fromstring(drawing)
    steps = drawing.split('<g class="step"')[1:]
    assert len(steps) == sliding.sums.size
    for step, total, answer in zip(steps, sliding.sums.ravel(), sliding.outputs.ravel(), strict=True):
        assert f"= {total:.3f} → relu → {answer:.3f}" in step
        assert step.count('class="product"') == sliding.kernel.size


def test_one_step_after_the_other_is_shown():
    drawing = draw_sliding(slide(mark_finder(), marked(12, 12)))
    delays = [float(its) for its in re.findall(r"animation-delay:(-[\d.]+)s", drawing)]
    apart = {round(b - a, 6) for a, b in itertools.pairwise(delays)}
    assert apart == {SECONDS}
