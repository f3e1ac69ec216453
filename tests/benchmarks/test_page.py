from typing import Any

import pytest
from benchmarks import speed
from benchmarks.goals import GOALS, Everything, quickest_reader
from benchmarks.page import BENCHMARKS, page

MACHINE = {"cores": 2, "processor": "Some", "memory_bytes": 2**34, "system": "Linux", "python": "3.12"}


def nothing() -> Everything:
    return {benchmark.name: {its.name: {} for its in benchmark.contestants} for benchmark in BENCHMARKS}


def result(**facts: Any) -> dict[str, Any]:
    base = {
        "machine": MACHINE,
        "versions": {"keras": "3"},
        "revision": "abc",
        "quiet": True,
        "peak_bytes": 10**9,
        "images": 1000,
    }
    seconds = {"train_seconds": 10.0, "whole_seconds": 20.0, "epochs": 5}
    return {**base, **seconds, "accuracy": 0.5, **facts}


def everything(**changed: dict[str, list[dict[str, Any]]]) -> Everything:
    """Results of some contestants, by benchmark; each given as a list of repeats."""
    found = {name: dict(its) for name, its in nothing().items()}
    for benchmark, contestants in changed.items():
        for name, results in contestants.items():
            found[benchmark][name] = dict(enumerate(results))
    return found


def row_of(what: str, text: str) -> str:
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {what}")]
    return row


def test_page_without_results_says_that_nothing_is_measured_yet() -> None:
    text = page(nothing())
    assert text.count("| not measured yet |") == len(GOALS)
    assert "missed" not in text


def test_what_is_not_reached_comes_first_and_says_by_how_much() -> None:
    slow = [result(train_seconds=its) for its in (2.0, 1.0, 4.0)]
    stock = [result(train_seconds=16.0) for _ in range(3)]
    text = page(everything(mnist={"speedrun-mnist": slow, "stock-keras": stock}))
    assert text.index("## Not reached") < text.index("missed by") < text.index("## All goals")
    row = row_of("training time, stock `mnist-3conv` ÷ `speedrun-mnist`", text)
    assert "8.00 × (4.00 × to 16.00 ×, n = 3) | **missed by 20 %** |" in row


def test_there_is_no_verdict_before_there_are_enough_repeats() -> None:
    some = [result(accuracy=its) for its in (0.995, 0.996)]
    text = page(everything(mnist={"speedrun-mnist": some}))
    assert "99.55 % (99.50 % to 99.60 %, n = 2) | not measured yet: n = 2 of 10 |" in text


def test_reached_goal_has_something_to_spare() -> None:
    text = page(everything(mnist={"speedrun-mnist": [result(accuracy=0.9924)] * 10}))
    assert "99.24 % (n = 10) | reached, 0.10 points to spare |" in text
    low = page(everything(cifar10={"speedrun-cifar10": [result()] * 3}))
    assert "1.00 GB (n = 3) | reached, 33 % to spare |" in low


def test_busy_machine_is_named() -> None:
    text = page(everything(mnist={"speedrun-mnist": [result(), result(quiet=False)]}))
    assert "not idle during 1 of 2 processes" in text


def test_recipe_that_was_left_early_counts_as_a_whole() -> None:
    peer = result(train_seconds=20.0, whole_seconds=25.0, whole_recipe_seconds=80.0)
    assert speed.training_seconds(peer) == 80.0
    assert speed.process_seconds(peer) == 85.0
    text = page(everything(**{"cifar10-94": {"cifar10-94": [result()] * 3, "airbench94-muon": [peer] * 3}}))
    assert "8.00 × (n = 3) | reached" in row_of("training time, airbench94_muon", text)


def test_a_peer_that_trains_the_same_network_has_the_ratio_of_images_a_second_beside_it() -> None:
    ours, theirs = [result(images_per_second=its) for its in (900.0, 1000.0)], [result(images_per_second=500.0)] * 2
    half = {"mnist-3conv-bfloat16": [result(images_per_second=4000.0)], "pytorch-bfloat16": theirs}
    text = page(everything(mnist={"speedrun-mnist": ours, "mnist-3conv": ours, "pytorch": theirs, **half}))
    assert row_of("`pytorch`", text).endswith("| 1.90 × (1.80 × to 2.00 ×) |")
    assert row_of("`pytorch-bfloat16`", text).endswith("| 8.00 × |")
    assert row_of("`mnist-3conv`", text).endswith("| – |")


def test_the_commits_that_were_measured_are_named() -> None:
    text = page(everything(mnist={"speedrun-mnist": [result(revision="abc"), result(revision="def")]}))
    assert "Commits of lensmith: abc, def." in text
    assert "Commits of lensmith: not known." in page(everything(mnist={"speedrun-mnist": [result(revision=None)]}))


def test_pace_of_a_part_of_an_epoch_is_what_lensmith_says() -> None:
    assert speed.images_per_second(result()) == 500.0
    assert speed.images_per_second(result(images_per_second=350.0)) == 350.0


def test_quickest_setting_of_a_peer_counts() -> None:
    slow, quick = ([result(read_seconds=its)] * 3 for its in (4.0, 3.0))
    found = everything(folder={"keras-64": slow, "keras-1024": quick, "lensmith-first": [result(read_seconds=2.0)] * 3})
    assert quickest_reader("keras", found) == "keras-1024"
    assert quickest_reader("pillow", found) is None
    assert "1.50 × (n = 3) | reached, 50 % to spare |" in row_of("first pass over 50,000 PNG files, Keras", page(found))


def test_share_of_the_peak_is_paired_with_the_quicker_product() -> None:
    products = {"matmul-numpy": [200e9, 310e9, 300e9], "matmul-tensorflow": [300e9, 300e9, 200e9]}
    products["matmul-tensorflow-bfloat16"] = [960e9] * 3
    found = {name: [result(flops_per_second=its) for its in rates] for name, rates in products.items()}
    found["flops"] = [result(training_flops=1e9)]
    found["cifar10-94-float32"] = [result(epoch_images_per_second=[100.0, 240.0])] * 3
    found["cifar10-94-mixed_bfloat16"] = [result(epoch_images_per_second=[100.0, 480.0])] * 3
    text = page(everything(sgemm=found))
    assert "80.0 % (77.4 % to 80.0 %, n = 3)" in row_of("share of sgemm peak", text)
    assert "50.0 % (n = 3)" in row_of("share of bfloat16 product's peak", text)


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda its: its.name)
def test_names_of_contestants_are_their_own(benchmark: Any) -> None:
    names = [its.name for its in benchmark.contestants]
    assert len(names) == len(set(names))


def test_numbers_of_threads_stand_beside_the_one_that_is_used() -> None:
    chosen, others = (
        [result(train_seconds=its) for its in (10.0, 20.0)],
        [result(train_seconds=its) for its in (15.0, 40.0)],
    )
    text = page(everything(threads={"chosen": chosen, "1-2": others}))
    assert "| TensorFlow's choice | 2 | 15.00 s (10.00 s to 20.00 s) | 1.00 × |" in text
    assert "| 1 and 2 | 2 | 27.50 s (15.00 s to 40.00 s) | 1.75 × (1.50 × to 2.00 ×) |" in text
