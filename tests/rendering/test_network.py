from tests.architecture.networks import chain, layers

from lensmith.architecture import summarize
from lensmith.rendering.network import draw_network


def drawn(*its) -> str:
    return draw_network(summarize(chain(*its, picture=(32, 32, 3))))


def test_what_only_works_on_values_is_written_under_the_layer_before_it():
    drawing = drawn(layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D())
    assert drawing.count('class="type"') == 2
    assert "batch norm" in drawing
    assert ">ReLU<" in drawing


def test_a_long_network_goes_on_in_the_next_row():
    few = drawn(*(layers.Conv2D(4, 3) for _ in range(3)))
    many = drawn(*(layers.Conv2D(4, 3) for _ in range(14)))
    height = [float(its.partition('height="')[2].partition('"')[0]) for its in (few, many)]
    assert height[1] > 1.8 * height[0]


def test_a_file_of_its_own_has_a_ground_and_one_look():
    drawing = draw_network(summarize(chain(layers.Conv2D(4, 3))), alone=True)
    assert "xmlns=" in drawing
    assert "prefers-color-scheme" not in drawing
    assert 'fill="#fff"' in drawing
