import keras
import pytest
from tests.architecture.networks import chain, every_window, layers, with_shortcuts

from lensmith.architecture.calls import PIXELS, calls_of
from lensmith.errors import LensmithError


def test_layers_within_networks_are_named_after_them_and_know_where_their_input_comes_from():
    calls = calls_of(with_shortcuts()).every
    names = [its.name for its in calls]
    assert [its.rpartition("/")[0] for its in names[:5]] == ["", "", "inner", "inner", ""]
    assert names[:2] == ["first", "again"]
    assert names[3:5] == ["inner/r", "again"]
    sources = {its.name: [names[source] if source != PIXELS else "" for source in its.sources] for its in calls}
    assert sources["first"] == [""]
    assert sources["sum"] == ["first", "again"]
    assert sources["both"] == ["sum", "first"]
    assert calls[names.index("sum")].sources == (0, 4)  # the second call of `again`, not the first
    assert [its.again for its in calls if its.name == "again"] == [False, True]


def test_shapes_are_those_of_keras():
    model = every_window()
    calls = calls_of(model).every
    assert [its.output for its in calls] == [tuple(its.output.shape[1:]) for its in model.layers]


def test_another_picture_is_followed_as_far_as_it_goes():
    calls = calls_of(every_window(), (40, 40, 4))
    assert calls.every[0].output == (20, 20, 6)
    assert "Layer dense" in calls.problem
    assert "its weights are for" in calls.problem
    assert not any(its.kind(("Dense",)) for its in calls.every)
    assert calls.convolutional.every[-1].output[2:] == calls_of(every_window()).convolutional.every[-1].output[2:]
    assert calls.convolutional.problem == ""


def test_a_picture_that_is_shrunk_to_nothing_is_a_problem_of_that_layer():
    calls = calls_of(chain(layers.Conv2D(2, 5, name="wide"), layers.Conv2D(2, 7, name="wider")), (9, 30, 4))
    assert [its.name for its in calls.every] == ["wide"]
    assert calls.problem.startswith("Layer wider (Conv2D) cannot work on 5x26x2: ")


@pytest.mark.parametrize("picture", [(16, 16, 4), (16, 16)])
def test_a_picture_of_other_channels_is_refused(picture: tuple[int, ...]):
    with pytest.raises(LensmithError, match="shortcuts takes images of 3 channels"):
        calls_of(with_shortcuts(), picture)


def test_a_network_for_any_size_wants_one():
    model = chain(layers.Conv2D(2, 3), picture=(None, None, 3))
    with pytest.raises(LensmithError, match="any size: say which, such as --input"):
        calls_of(model)
    assert calls_of(model, (9, 9, 3)).every[0].output == (7, 7, 2)


def test_a_network_that_is_code_is_refused():
    class Code(keras.Model):
        def call(self, pixels):
            return pixels

    with pytest.raises(LensmithError, match="not made of layers that follow one another"):
        calls_of(Code(name="code"))
