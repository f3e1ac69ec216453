"""Corruptions: on real digits, and on planted pixels whose way can be worked out by hand."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from lensmith.errors import LensmithError
from lensmith.evaluation import corruptions
from lensmith.evaluation.corruptions import AMOUNTS, CORRUPTIONS, SEVERITIES, corrupt, measure_robustness
from lensmith.evaluation.proportions import wilson_interval

KINDS = ["blur", "brightness", "contrast", "jpeg", "noise", "rotation", "shift"]
FOUR_WAYS = [(1, 1), (1, -1), (-1, 1), (-1, -1)]


def digits(n: int = 300) -> np.ndarray:
    """Real images of 8x8, as the data set `digits` gives them."""
    return (load_digits().images[:n, ..., np.newaxis] * 255 / 16).round().astype(np.uint8)


def images(n: int = 6, height: int = 12, width: int = 9, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (n, height, width, channels), dtype=np.uint8)


def blank(level: int, channels: int = 3) -> np.ndarray:
    return np.full((4, 16, 20, channels), level, np.uint8)


def dotted(n: int, side: int, row: int, column: int) -> np.ndarray:
    """Black images with one white pixel, in another colour channel than the first two."""
    pixels = np.zeros((n, side, side, 3), np.uint8)
    pixels[:, row, column, 2] = 255
    return pixels


def change(pixels: np.ndarray, kind: str, severity: int) -> float:
    return float(np.abs(corrupt(pixels, kind, severity).astype(float) - pixels).mean())


def in_batches(pixels: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (pixels[start : start + size] for start in range(0, len(pixels), size))


def brightness_of(pixels: np.ndarray) -> np.ndarray:
    """A toy classifier: class 1 where the image's mean is above the middle."""
    bright = pixels.mean(axis=(1, 2, 3)) > 127
    return np.stack([1 - bright * 0.9, bright * 0.9], axis=1)


def test_there_are_seven_and_each_has_an_amount_for_every_severity():
    assert list(CORRUPTIONS) == KINDS
    assert sorted(AMOUNTS) == KINDS
    assert {len(amounts) for amounts in AMOUNTS.values()} == {len(SEVERITIES)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_severity_changes_real_images_more_than_the_one_before(kind: str):
    changes = [0.0, *(change(digits(), kind, severity) for severity in SEVERITIES)]
    assert all(more > 1.05 * less for less, more in pairwise(changes)), changes


@pytest.mark.parametrize("data", ["mnist", "cifar10"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_holds_on_larger_images(kind: str, data: str, real_data: Path):
    with np.load(real_data / f"{data}.npz") as arrays:
        pixels = arrays["x_test"][:200]
    pixels = pixels.reshape(*pixels.shape[:3], -1)
    changes = [0.0, *(change(pixels, kind, severity) for severity in SEVERITIES)]
    assert all(more > less + 0.5 for less, more in pairwise(changes)), changes


@pytest.mark.parametrize("shape", [(12, 9, 3), (9, 12, 1), (8, 8, 1), (1, 1, 3), (1, 5, 1)], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_shape_and_dtype_stay_and_the_images_given_too(kind: str, shape: tuple[int, int, int]):
    pixels = images(5, *shape)
    before = pixels.copy()
    for severity in SEVERITIES:
        corrupted = corrupt(pixels, kind, severity)
        assert corrupted.shape == (5, *shape)
        assert corrupted.dtype == np.uint8
        assert corrupted is not pixels
    assert (pixels == before).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_batches_change_nothing(kind: str, channels: int, monkeypatch: pytest.MonkeyPatch):
    pixels = images(11, channels=channels)
    whole = corrupt(pixels, kind, 3, first=5)
    for place in range(len(pixels)):
        alone = corrupt(pixels[place : place + 1], kind, 3, first=5 + place)
        assert (alone[0] == whole[place]).all()
    monkeypatch.setattr(corruptions, "BLOCK_VALUES", 2 * pixels[0].size)
    assert (corrupt(pixels, kind, 3, first=5) == whole).all()


def test_a_corruption_of_no_images_is_none():
    assert corrupt(images(0), "rotation", 1).shape == (0, 12, 9, 3)


@pytest.mark.parametrize("kind", ["blur", "contrast", "rotation", "shift"])
@pytest.mark.parametrize("level", [0, 1, 100, 255])
def test_blank_images_stay_as_they_are(kind: str, level: int):
    for severity in SEVERITIES:
        assert (corrupt(blank(level), kind, severity) == level).all()


@pytest.mark.parametrize("level", range(0, 256, 15))
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_leaves_blank_images_blank_but_for_the_rounding_of_their_level(level: int, channels: int):
    for severity, quality in zip(SEVERITIES, AMOUNTS["jpeg"], strict=True):
        # A block's mean is stored in steps of 16 at quality 50 (ITU T.81, table K.1), eight times the level.
        scale = 50 / quality if quality < 50 else 2 - quality / 50
        corrupted = corrupt(blank(level, channels), "jpeg", severity)
        assert np.ptp(corrupted) == 0
        assert abs(int(corrupted.flat[0]) - level) <= 16 * scale / 8 / 2 + 1


def test_jpeg_halves_the_resolution_of_colours_only():
    chequered = (np.indices((16, 16)).sum(axis=0) % 2).astype(np.uint8)
    red_and_blue = np.stack([255 * chequered, 0 * chequered, 255 * (1 - chequered)], axis=-1)
    grey = np.repeat(255 * chequered[..., np.newaxis], 3, axis=-1)
    assert np.abs(corrupt(grey[np.newaxis], "jpeg", 1).astype(int) - grey).mean() < 10
    assert np.abs(corrupt(red_and_blue[np.newaxis], "jpeg", 1).astype(int) - red_and_blue).mean() > 60


@pytest.mark.parametrize("severity", SEVERITIES)
def test_shift_moves_a_planted_pixel_down_or_up_and_right_or_left(severity: int):
    side, by = 100, round(100 * AMOUNTS["shift"][severity - 1])
    moved = corrupt(dotted(4, side, 40, 60), "shift", severity)
    for its, (down, right) in zip(moved, FOUR_WAYS, strict=True):
        expected = dotted(1, side, 40 + down * by, 60 + right * by)[0]
        assert np.abs(its.astype(int) - expected).max() <= 1


def test_shift_goes_by_the_side_it_runs_along():
    pixels = np.zeros((1, 50, 200, 1), np.uint8)
    pixels[0, 20, 30] = 200
    moved = corrupt(pixels, "shift", 3)[0, ..., 0]
    assert np.unravel_index(moved.argmax(), moved.shape) == (20 + 5, 30 + 20)


def test_shift_by_a_part_of_a_pixel_divides_it_among_its_neighbours():
    pixels = np.zeros((1, 20, 20, 1), np.uint8)
    pixels[0, 10, 10] = 200
    moved = corrupt(pixels, "shift", 1)[0, ..., 0]  # 0.03 of 20: 0.6 of a pixel, both ways
    assert moved[10:12, 10:12].tolist() == [[32, 48], [48, 72]]
    assert moved.sum() == 200


def test_the_edge_is_drawn_out_over_what_is_left_empty():
    pixels = np.repeat(np.arange(100, 200, dtype=np.uint8)[:, np.newaxis], 100, axis=1)[np.newaxis, ..., np.newaxis]
    moved = corrupt(pixels, "shift", 3)[0, ..., 0]
    assert (moved[:11] == 100).all()
    assert (moved[11:, 0] == np.arange(101, 190)).all()
    for severity in SEVERITIES:
        assert corrupt(blank(200), "rotation", severity).min() == 200


@pytest.mark.parametrize("severity", SEVERITIES)
def test_rotation_takes_a_planted_dot_to_the_place_of_its_angle(severity: int):
    side, radius = 101, 40  # the dot is to the right of the centre
    pixels = np.zeros((2, side, side, 1), np.uint8)
    pixels[:, 49:52, 50 + radius - 1 : 50 + radius + 2] = 255
    turned = corrupt(pixels, "rotation", severity)[..., 0].astype(float)
    rows, columns = np.indices((side, side))
    for its, upwards in zip(turned, (1, -1), strict=True):
        angle = np.deg2rad(AMOUNTS["rotation"][severity - 1])
        assert (its * rows).sum() / its.sum() == pytest.approx(50 - upwards * radius * np.sin(angle), abs=0.1)
        assert (its * columns).sum() / its.sum() == pytest.approx(50 + radius * np.cos(angle), abs=0.1)


def test_rotation_turns_about_the_centre_of_images_that_are_not_square():
    pixels = np.zeros((2, 21, 41, 1), np.uint8)
    pixels[:, 10, 20] = 255
    assert (corrupt(pixels, "rotation", 5)[:, 10, 20] == 255).all()


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("side", [8, 32, 96])
def test_blur_spreads_a_dot_by_its_standard_deviation_at_any_size(severity: int, side: int):
    dot = np.zeros((1, side, side + 4, 1), np.uint8)
    dot[0, side // 2 - 1 : side // 2 + 1] = 255  # two rows, across all of the image: nothing is rounded to 0
    spread = corrupt(dot, "blur", severity)[0, :, 3, 0].astype(float)
    places = np.arange(side)
    middle = (spread * places).sum() / spread.sum()
    variance = (spread * (places - middle) ** 2).sum() / spread.sum()
    expected = (AMOUNTS["blur"][severity - 1] * side) ** 2
    assert variance - 1 / 4 == pytest.approx(expected, rel=0.1, abs=0.01)


def test_blur_keeps_channels_apart():
    assert corrupt(dotted(1, 32, 16, 16), "blur", 3)[..., :2].max() == 0


@pytest.mark.parametrize("severity", SEVERITIES)
def test_contrast_keeps_the_mean_and_takes_its_share_of_the_rest(severity: int):
    pixels = images(20, 16, 16)
    corrupted, means = corrupt(pixels, "contrast", severity).astype(float), pixels.mean(axis=(1, 2))
    assert corrupted.mean(axis=(1, 2)) == pytest.approx(means, abs=0.2)
    kept = corrupted.std(axis=(1, 2)) / pixels.std(axis=(1, 2))
    assert kept == pytest.approx(1 - AMOUNTS["contrast"][severity - 1], abs=0.01)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_noise_has_its_standard_deviation_and_no_mean_where_nothing_clips(severity: int):
    added = corrupt(np.full((50, 32, 32, 3), 128, np.uint8), "noise", severity).astype(float) - 128
    deviation = AMOUNTS["noise"][severity - 1]
    assert added.mean() == pytest.approx(0, abs=4 * deviation / np.sqrt(added.size))
    # At the highest, values beyond 2.1 deviations are clipped.
    assert added.std() == pytest.approx(deviation, rel=0.015 if deviation < 50 else 0.04)


def test_noise_is_another_for_every_position_channel_and_pixel_and_the_same_each_time():
    same = blank(128)
    noisy = corrupt(same, "noise", 3)
    assert (noisy == corrupt(same, "noise", 3)).all()
    flat = noisy.reshape(4, -1, 3).astype(float) - 128
    series = flat.transpose(0, 2, 1).reshape(12, -1)
    apart = np.corrcoef(series) - np.eye(12)
    assert np.abs(apart).max() < 0.3
    assert (corrupt(same[:1], "noise", 3, first=2)[0] == noisy[2]).all()


@pytest.mark.parametrize("severity", SEVERITIES)
def test_brightness_adds_its_levels_up_to_white(severity: int):
    pixels, levels = images(), AMOUNTS["brightness"][severity - 1]
    assert (corrupt(pixels, "brightness", severity) == np.minimum(pixels.astype(int) + levels, 255)).all()


@pytest.mark.parametrize(("name", "answer"), [("nois", "Did you mean 'noise'"), ("fog", "Known: blur, brightness, c")])
def test_an_unknown_kind_is_answered_with_the_nearest_before_anything_is_predicted(name: str, answer: str):
    def never(pixels: np.ndarray) -> np.ndarray:
        raise AssertionError("predicted")

    with pytest.raises(LensmithError, match=f"^No corruption named '{name}'. {answer}"):
        corrupt(images(), name, 1)
    with pytest.raises(LensmithError, match=answer):
        measure_robustness(never, [images()], np.zeros(6, np.int64), ["blur", name])


@pytest.mark.parametrize("severity", [0, 6, -1, 2.5])
def test_a_severity_that_is_none_is_refused(severity: int):
    with pytest.raises(LensmithError, match=rf"No severity {severity}. It is a whole number from 1 to 5"):
        corrupt(images(), "blur", severity)


def test_images_that_are_neither_grey_nor_in_colour_are_refused():
    with pytest.raises(LensmithError, match=r"1 or 3 channels can be corrupted\. These have 4"):
        corrupt(images(channels=4), "blur", 1)


def greys(*levels: int) -> np.ndarray:
    return np.array(levels, np.uint8)[:, np.newaxis, np.newaxis, np.newaxis] * np.ones((1, 8, 8, 1), np.uint8)


def test_robustness_counts_what_can_be_worked_out_by_hand():
    # Added are 12, 28, 50, 75 and 105: right images of class 0 become wrong one after the other.
    pixels, labels = greys(20, 60, 90, 120, 200, 200), np.array([0, 0, 0, 0, 1, 0])
    found = measure_robustness(brightness_of, [pixels], labels, ["brightness", "contrast"])
    assert found.n == 6
    assert found.clean_accuracy == pytest.approx(5 / 6)
    assert (found.clean_accuracy_low, found.clean_accuracy_high) == wilson_interval(5, 6)
    right = {"brightness": [4, 4, 3, 2, 2], "contrast": [5] * 5}
    assert [(its.kind, its.severity, round(its.accuracy * 6)) for its in found.cells] == [
        (kind, severity, right[kind][severity - 1]) for kind in right for severity in SEVERITIES
    ]
    assert {its.n for its in found.cells} == {6}
    assert (found.cells[2].accuracy_low, found.cells[2].accuracy_high) == wilson_interval(3, 6)
    assert found.by_kind == {"brightness": pytest.approx(15 / 30), "contrast": pytest.approx(5 / 6)}
    assert found.mean_corrupted_accuracy == pytest.approx(40 / 60)
    assert found.relative == pytest.approx(40 / 50)


def test_robustness_does_not_depend_on_the_batches_and_reads_each_once():
    pixels, labels = digits(60), load_digits().target[:60]
    weights = np.random.default_rng(1).normal(size=(64, 10))
    read, said, sizes = [], [], set()

    def predict(batch: np.ndarray) -> np.ndarray:
        sizes.add(len(batch))
        return batch.reshape(len(batch), -1) @ weights

    def reading() -> Iterator[np.ndarray]:
        for batch in in_batches(pixels, 25):
            read.append(len(batch))
            yield batch

    parts = measure_robustness(predict, reading(), labels, progress=lambda *its: said.append(its))
    assert read == [25, 25, 10]
    assert sizes == {25, 10}
    assert said == [(25, 60), (50, 60), (60, 60)]
    assert parts == measure_robustness(predict, [pixels], labels)
    assert list(parts.by_kind) == KINDS
    assert len(parts.cells) == 35
    by_hand = (predict(corrupt(pixels, "noise", 4)).argmax(axis=1) == labels).mean()
    assert next(its.accuracy for its in parts.cells if (its.kind, its.severity) == ("noise", 4)) == by_hand


def test_a_classifier_that_is_never_right_has_no_relative_accuracy():
    found = measure_robustness(brightness_of, [greys(200)], np.array([0]), ["blur"])
    assert (found.clean_accuracy, found.relative) == (0, None)
    assert found.to_dict()["relative"] is None


@pytest.mark.parametrize("labels", [5, 7])
def test_as_many_labels_as_images_are_expected(labels: int):
    with pytest.raises(ValueError, match=rf"6 images for {labels} labels|operands"):
        measure_robustness(brightness_of, [images(6)], np.zeros(labels, np.int64), ["contrast"])
