"""Test-time augmentation on toy models: functions of the pixels whose averaged answers can be worked out by hand."""

from collections.abc import Iterator
from typing import get_args

import numpy as np
import pytest

from lensmith.config import EvaluationConfig
from lensmith.errors import LensmithError
from lensmith.evaluation import TTA, count_views, predict_views
from lensmith.rendering.wording import TTA_VIEWS

CLASSES = 4
VIEWS = {"none": 1, "flip": 2, "shift": 6}


def images(n: int = 5, height: int = 6, width: int = 5, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (n, height, width, channels), dtype=np.uint8)


def in_batches(pixels: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (pixels[start : start + size] for start in range(0, len(pixels), size))


def softmax(logits: np.ndarray) -> np.ndarray:
    likelihoods = np.exp(logits - logits.max(axis=1, keepdims=True))
    return likelihoods / likelihoods.sum(axis=1, keepdims=True)


def logits(pixels: np.ndarray) -> np.ndarray:
    """Another number for every place, channel and class, so that no move or mirror goes unseen."""
    weights = np.random.default_rng(3).normal(0, 0.02, (int(np.prod(pixels.shape[1:])), CLASSES))
    return pixels.reshape(len(pixels), -1).astype(np.float64) @ weights


def toy_model(pixels: np.ndarray) -> np.ndarray:
    return softmax(logits(pixels))


def mirrored(pixels: np.ndarray) -> np.ndarray:
    return pixels[:, :, ::-1]


def flip_logits(pixels: np.ndarray) -> np.ndarray:
    return (logits(pixels) + logits(mirrored(pixels))) / 2


def moved(pixels: np.ndarray, by: int) -> np.ndarray:
    """Every pixel `by` places further down and to the right, place by place; the edge mirrored at the last pixel."""
    height, width = pixels.shape[1:3]
    result = np.empty_like(pixels)
    for row in range(height):
        for column in range(width):
            source = [
                -place if place < 0 else 2 * (size - 1) - place if place >= size else place
                for place, size in ((row - by, height), (column - by, width))
            ]
            result[:, row, column] = pixels[:, source[0], source[1]]
    return result


def test_none_is_the_plain_answer():
    answers = predict_views(toy_model, [images()], "none")
    assert (answers.plain == toy_model(images())).all()
    assert answers.averaged == pytest.approx(answers.plain)


def test_flip_of_a_model_that_does_not_mind_mirroring_changes_nothing():
    def symmetric(pixels: np.ndarray) -> np.ndarray:
        return softmax(flip_logits(pixels))

    answers = predict_views(symmetric, [images()], "flip")
    assert answers.averaged == pytest.approx(answers.plain, abs=1e-12)


def test_flip_is_the_mean_of_the_logits_of_both():
    answers = predict_views(toy_model, [images()], "flip")
    assert answers.averaged == pytest.approx(softmax(flip_logits(images())), abs=1e-12)
    product = toy_model(images()) * toy_model(mirrored(images()))
    geometric = np.sqrt(product) / np.sqrt(product).sum(axis=1, keepdims=True)
    assert answers.averaged == pytest.approx(geometric, abs=1e-12)
    assert abs(answers.averaged - answers.plain).max() > 0.01


def test_shift_weighs_the_image_by_a_half_and_each_moved_one_by_a_quarter():
    pixels = images()
    expected = flip_logits(pixels) / 2 + flip_logits(moved(pixels, -1)) / 4 + flip_logits(moved(pixels, 1)) / 4
    assert predict_views(toy_model, [pixels], "shift").averaged == pytest.approx(softmax(expected), abs=1e-12)


def test_the_edge_of_a_moved_image_is_a_reflection():
    pixels = images(2, 4, 3, 1)
    seen = [view for _, view in TTA["shift"](pixels)]
    padded = np.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    for view, expected in zip(
        seen,
        [pixels, mirrored(pixels), padded[:, 2:, 2:], mirrored(padded[:, 2:, 2:]), padded[:, :-2, :-2],
         mirrored(padded[:, :-2, :-2])],
        strict=True,
    ):  # fmt: skip
        assert view.shape == pixels.shape
        assert (view == expected).all()
    assert seen[4][:, 1:, 1:].tolist() == pixels[:, :-1, :-1].tolist(), "moved down and right"
    assert (seen[2] == moved(pixels, -1)).all()
    assert (seen[4] == moved(pixels, 1)).all()


@pytest.mark.parametrize("kind", list(TTA))
def test_the_image_as_it_is_comes_first_and_weights_sum_to_one(kind: str):
    views = TTA[kind](images())
    assert (views[0][1] == images()).all()
    assert sum(weight for weight, _ in views) == pytest.approx(1)


@pytest.mark.parametrize("kind", list(TTA))
def test_every_view_is_predicted_once_and_every_image_read_once(kind: str):
    asked: list[int] = []
    read: list[int] = []

    def counting(pixels: np.ndarray) -> np.ndarray:
        asked.append(len(pixels))
        return toy_model(pixels)

    def reading() -> Iterator[np.ndarray]:
        for batch in in_batches(images(), 2):
            read.append(len(batch))
            yield batch

    answers = predict_views(counting, reading(), kind)
    assert answers.views == VIEWS[kind]
    assert sum(asked) == VIEWS[kind] * len(images())
    assert read == [2, 2, 1]


@pytest.mark.parametrize("kind", list(TTA))
def test_the_answer_does_not_depend_on_the_batches(kind: str):
    whole = predict_views(toy_model, [images()], kind)
    parts = predict_views(toy_model, in_batches(images(), 2), kind)
    assert parts.plain == pytest.approx(whole.plain)
    assert parts.averaged == pytest.approx(whole.averaged)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_probability_of_zero_stays_a_number(dtype: type):
    def certain(pixels: np.ndarray) -> np.ndarray:
        return np.array([[1, 0, 0]], dtype)

    def torn(pixels: np.ndarray) -> np.ndarray:
        return np.array([[1, 0, 0] if pixels[0, 0, 0, 0] else [0, 1, 0]], dtype)

    pixels = np.array([[[[1], [0]]]], np.uint8)
    assert predict_views(certain, [pixels], "flip").averaged == pytest.approx(np.array([[1, 0, 0]]), abs=1e-30)
    assert predict_views(torn, [pixels], "flip").averaged == pytest.approx(np.array([[0.5, 0.5, 0]]), abs=1e-15)


def test_a_tiny_probability_is_not_taken_for_zero():
    # As a logit it says -46; that of a probability of 1e-7, a usual place to clip, would be -16.
    def sure(pixels: np.ndarray) -> np.ndarray:
        return np.array([[1, 1e-20]] if pixels[0, 0, 0, 0] else [[1e-10, 1]], np.float32)

    pixels = np.array([[[[1], [0]]]], np.uint8)
    assert predict_views(sure, [pixels], "flip").averaged[0, 1] == pytest.approx(1e-5, rel=1e-3)


@pytest.mark.parametrize("shape", [(1, 8, 3), (8, 1, 3), (1, 1, 1)])
def test_an_image_of_one_pixel_has_nothing_to_reflect(shape: tuple[int, int, int]):
    pixels = np.zeros((2, *shape), np.uint8)
    with pytest.raises(LensmithError, match=rf"2x2 pixels, and these images have {shape[0]}x{shape[1]}\. Choose flip"):
        predict_views(toy_model, [pixels], "shift")
    with pytest.raises(LensmithError, match="2x2 pixels"):
        count_views("shift", shape)
    count_views("flip", shape)
    assert len(predict_views(toy_model, [pixels], "flip").averaged) == 2


def test_two_pixels_are_enough_for_shift():
    count_views("shift", (2, 2, 1))


@pytest.mark.parametrize(("name", "answer"), [("flp", "Did you mean 'flip'"), ("zebra", "Known: flip, none, shift")])
def test_an_unknown_kind_is_answered_with_the_nearest(name: str, answer: str):
    with pytest.raises(LensmithError, match=f"^No test-time augmentation named '{name}'. {answer}"):
        predict_views(toy_model, [images()], name)


def test_recipes_and_pages_know_every_kind():
    assert set(get_args(EvaluationConfig.model_fields["tta"].annotation)) == set(TTA)
    assert set(TTA_VIEWS) == set(TTA) - {"none"}
