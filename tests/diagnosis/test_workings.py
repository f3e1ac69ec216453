from dataclasses import replace

import pytest
from tests.diagnosis.made_evidence import FACTS, evidence

from lensmith.diagnosis import UnitCounts
from lensmith.diagnosis.evidence import Rule
from lensmith.diagnosis.workings import (
    dead_units,
    loss_misfit,
    no_activation,
    not_shuffled,
    saturated_units,
    waiting,
)

ALL = (dead_units, loss_misfit, no_activation, not_shuffled, saturated_units, waiting)


def layer(dead: int = 0, saturated: int = 0, name: str = "conv2d") -> UnitCounts:
    return UnitCounts(name, "relu", 100, dead, saturated)


def test_a_healthy_training_has_none_nor_has_one_of_which_nothing_was_noted():
    assert [symptom(evidence()) for symptom in ALL] == [None] * len(ALL)
    assert [symptom(evidence(None)) for symptom in ALL] == [None] * len(ALL)


@pytest.mark.parametrize(("dead", "named"), [(74, False), (75, True)])
def test_dead_units_are_named_from_three_quarters_on(dead: int, named: bool):
    found = dead_units(evidence(replace(FACTS, units=[layer(10), layer(dead, name="dense")])))
    assert bool(found) is named
    assert found is None or "75 of 100 units of dense" in found.evidence


@pytest.mark.parametrize(("saturated", "named"), [(19, False), (20, True)])
def test_saturated_units_are_named_from_a_fifth_on(saturated: int, named: bool):
    assert bool(saturated_units(evidence(replace(FACTS, units=[layer(saturated=saturated)])))) is named


def test_images_in_order_are_named_with_both_accuracies():
    assert "95.0%" in not_shuffled(evidence(replace(FACTS, in_order=True))).evidence


@pytest.mark.parametrize(("share", "named"), [(0.29, False), (0.3, True), (None, False)])
def test_waiting_is_named_from_three_tenths_on(share: float | None, named: bool):
    assert bool(waiting(evidence(replace(FACTS, waiting=share)))) is named


def test_broken_rules_are_told_apart():
    rule = Rule("loss", "dense", "it is not", "Let it be.")
    of_loss = replace(evidence(), broken_rules=[rule])
    assert loss_misfit(of_loss).evidence == "dense: it is not."
    assert no_activation(of_loss) is None
    assert no_activation(replace(evidence(), broken_rules=[replace(rule, rule="activation")])).advice == "Let it be."
