import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from benchmarks.inside import answer, first_convolution, pooling, save_strongest, second_convolution
from PIL import Image

from lensmith.explanation import activations, slide
from lensmith.models import walk

NUMBER = r"[−-]?\d+\.\d+"


def value(text: str) -> float:
    return float(text.replace("−", "-"))


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(4)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((14, 14, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu", bias_initializer=keras.initializers.Constant(0.1)),
            layers.MaxPooling2D(),
            layers.Conv2D(5, 3, activation="relu", bias_initializer=keras.initializers.Constant(0.2)),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (14, 14, 1)).astype(np.uint8)


def test_the_products_of_the_first_window_sum_to_what_the_layer_puts_out(model, picture):
    found = slide(model, picture)
    before, table, text = first_convolution(picture, found)
    rows = [line.split("|")[1:-1] for line in table.splitlines()[2:]]
    pixels = np.array([[int(cell) for cell in row[:3]] for row in rows])
    top, left = map(int, re.search(r"rows (\d+) to \d+ and columns (\d+) to", before).groups())
    assert (pixels == picture[top : top + 3, left : left + 3, 0]).all()
    products = re.findall(rf"({NUMBER})·({NUMBER})", text)
    assert len(products) == 9
    summed = sum(value(a) * value(b) for a, b in products)
    total, bias, whole, output = map(value, re.findall(rf"(?:=|bias of|that is|relu makes) ({NUMBER})", text))
    assert summed == pytest.approx(total, abs=0.01)
    assert total + bias == pytest.approx(whole, abs=0.002)
    assert output == pytest.approx(float(found.outputs.max()), abs=0.001)


def test_pooling_and_the_second_convolution_say_what_the_layers_put_out(model, picture):
    outputs = {type(its.layer).__name__ + str(its.number): its for its in walk(model, picture[np.newaxis] * 1.0)}
    first, pool, second = (np.asarray(outputs[its].output)[0] for its in ("Conv2D1", "MaxPooling2D2", "Conv2D3"))
    text = pooling(first, pool, 2, 1, 3)
    *four, kept = map(value, re.findall(NUMBER, text))
    assert max(four) == kept == pytest.approx(pool[1, 3, 2], abs=0.001)
    said = second_convolution(outputs["Conv2D3"].layer, second, pool)
    total, bias, whole = map(value, re.findall(NUMBER, said))
    assert total + bias == pytest.approx(whole, abs=0.002)
    assert whole == pytest.approx(float(second.max()), abs=0.001)
    assert "3 · 3 · 4 = 36 products" in said


def test_the_scores_come_to_the_probabilities_of_the_network(model, picture):
    steps = {its.name: its for its in walk(model, picture[np.newaxis] * 1.0)}
    *_, features, last = steps.values()
    said = np.asarray(last.output)[0]
    predictor = SimpleNamespace(class_names=("a", "b", "c"), probabilities=lambda images: said[np.newaxis])
    text = answer((last.layer, said), np.asarray(features.output)[0], predictor, picture)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[4:]]
    scores, powers, probabilities, answers = np.array([list(map(value, row[1:])) for row in rows]).T
    np.testing.assert_allclose(np.exp(scores - scores.max()), powers, atol=0.002)
    np.testing.assert_allclose(powers / powers.sum(), probabilities, atol=0.001)
    assert (probabilities == answers).all()


def test_the_strongest_channels_lie_side_by_side(model, picture, tmp_path):
    its = next(iter(activations(model, picture, [1])))
    save_strongest(its, tmp_path / "layer.png")
    with Image.open(tmp_path / "layer.png") as drawn:
        assert drawn.size == (6 * 154 - 4, 150)
        assert len(drawn.convert("RGB").crop((0, 0, 4 * 154 - 4, 150)).getcolors()) > 3
        assert drawn.convert("RGB").crop((4 * 154, 0, *drawn.size)).getcolors() == [(150 * (2 * 154 - 4), (255,) * 3)]
