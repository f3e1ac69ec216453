from dataclasses import replace

import numpy as np
from tests.diagnosis.made_evidence import EPOCHS, FACTS, FALLING, evidence

from lensmith.diagnosis import UnitCounts
from lensmith.diagnosis.learning_rate import diverged, nothing_learned, plateau, rate_too_high, rate_too_low

AT_CHANCE = {"accuracy": [0.1] * EPOCHS}


def test_a_loss_that_falls_is_none_of_them():
    its = evidence()
    assert [symptom(its) for symptom in (diverged, rate_too_high, rate_too_low, plateau)] == [None] * 4


def test_a_run_that_diverged_is_named_with_the_epochs_it_had():
    found = diverged(replace(evidence(), state="diverged"))
    assert found.kind == "diverged"
    assert "10 whole epochs" in found.evidence
    assert diverged(replace(evidence(), state="diverged", error="It was the loss.")).evidence == "It was the loss."
    assert "first epoch" in diverged(replace(evidence(), state="diverged", history=[])).evidence


def test_a_loss_that_has_burst_and_leaves_nothing_learned_is_a_high_rate():
    assert rate_too_high(evidence(loss=[8.0, *[2.3] * 9], **AT_CHANCE)).kind == "learning rate too high"
    forgotten = [0.4, 0.3, *[0.1] * 8]
    assert "10.0%" in rate_too_high(evidence(loss=[2.3] * EPOCHS, accuracy=forgotten)).evidence
    assert rate_too_high(evidence(loss=[2.31, *[2.3] * 9], **AT_CHANCE)) is None
    assert rate_too_high(evidence(loss=list(np.linspace(2.3, 1.0, EPOCHS)), **AT_CHANCE)) is None
    assert rate_too_high(evidence(loss=[8.0, *[2.3] * 9])) is None  # what regularisation adds to the loss, maybe


def test_a_loss_that_rises_again_and_again_is_a_high_rate():
    assert "rose" in rate_too_high(evidence(loss=[1.5, 0.9, 1.4, 0.8, 1.3, 0.7, 1.2, 0.7, 1.1, 0.6])).evidence
    small = [1.5, 0.01, 0.04, 0.01, 0.04, 0.01, 0.04, 0.01, 0.04, 0.01]
    assert rate_too_high(evidence(loss=small)) is None


def test_a_loss_that_falls_steadily_and_little_is_a_low_rate():
    falling = list(np.linspace(2.3, 2.1, EPOCHS))
    assert rate_too_low(evidence(loss=falling)).kind == "learning rate too low"
    slowing = list(1.9 + 0.4 * 0.5 ** np.arange(EPOCHS))
    assert rate_too_low(evidence(loss=slowing)) is None
    assert rate_too_low(evidence(loss=list(np.linspace(2.3, 1.6, EPOCHS)))) is None
    annealed = list(np.linspace(0.4, 0.0, EPOCHS))
    assert rate_too_low(evidence(loss=falling, learning_rate=annealed)) is None


def test_a_plateau_names_the_epoch_and_a_rate_that_was_gone():
    flat = [2.0, 1.5, 1.2, *[1.0] * (EPOCHS - 3)]
    facts = replace(FACTS, training_accuracy=0.6)
    found = plateau(evidence(facts, loss=flat, learning_rate=[0.1, 0.05, 0.01, *[0.0001] * (EPOCHS - 3)]))
    assert "From epoch 4 on" in found.says
    assert "below 2% of its highest from epoch 4 on" in found.evidence
    assert "initial weights" in plateau(evidence(facts, loss=flat)).advice
    assert plateau(evidence(loss=flat)) is None  # 97 % are right: the loss has a floor, as of label smoothing


def test_dead_units_after_a_burst_are_the_rates_fault():
    facts = replace(FACTS, units=[UnitCounts("conv2d", "relu", 64, 63, 0)])
    burst = [9.1, 0.7, 0.4, 0.3, *[0.25] * 6]
    assert "since then 63 of 64 units of conv2d" in rate_too_high(evidence(facts, loss=burst)).evidence
    assert rate_too_high(evidence(facts)) is None
    assert rate_too_high(evidence(loss=burst)) is None


def test_answers_no_better_than_the_commonest_class_are_named_however_few_epochs():
    short = {name: [2.31] for name in ("loss", "val_loss")} | {"learning_rate": [1e-6]}
    knows_nothing = replace(FACTS, training_accuracy=0.11)
    assert "after 1 epoch;" in nothing_learned(evidence(knows_nothing, **short)).evidence
    assert nothing_learned(evidence(**short)) is None
    assert nothing_learned(evidence(None, **short)) is None


def test_few_epochs_say_nothing():
    short = {name: [2.3, 2.29, 2.28] for name in ("loss", "val_loss")} | {"learning_rate": [0.1] * 3}
    assert [symptom(evidence(**short)) for symptom in (rate_too_high, rate_too_low, plateau)] == [None] * 3
    assert len(FALLING) == EPOCHS
