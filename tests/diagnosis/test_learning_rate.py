import math
from dataclasses import replace

import numpy as np
from tests.diagnosis.made_evidence import EPOCHS, FALLING, evidence

from lensmith.diagnosis.learning_rate import diverged, plateau, rate_too_high, rate_too_low

CHANCE = math.log(10)


def test_a_loss_that_falls_is_none_of_them():
    its = evidence()
    assert [symptom(its) for symptom in (diverged, rate_too_high, rate_too_low, plateau)] == [None] * 4


def test_a_run_that_diverged_is_named_with_the_epochs_it_had():
    found = diverged(replace(evidence(), state="diverged"))
    assert found.kind == "diverged"
    assert "10 whole epochs" in found.evidence
    assert "first epoch" in diverged(replace(evidence(), state="diverged", history=[])).evidence


def test_a_loss_that_is_thrown_about_above_chance_is_a_high_rate():
    thrown = [8.0, *[CHANCE * 1.01, CHANCE * 1.02] * 4, CHANCE * 1.01]
    assert rate_too_high(evidence(loss=thrown)).kind == "learning rate too high"
    assert rate_too_high(evidence(loss=[CHANCE] * EPOCHS)) is None
    unlike_the_classes = list(np.linspace(1.1, 1.02, EPOCHS) * CHANCE)
    assert rate_too_high(evidence(loss=unlike_the_classes)) is None


def test_a_loss_that_rises_again_and_again_is_a_high_rate():
    assert "rose" in rate_too_high(evidence(loss=[1.5, 0.9, 1.4, 0.8, 1.3, 0.7, 1.2, 0.7, 1.1, 0.6])).evidence
    small = [1.5, 0.01, 0.04, 0.01, 0.04, 0.01, 0.04, 0.01, 0.04, 0.01]
    assert rate_too_high(evidence(loss=small)) is None


def test_a_loss_that_falls_steadily_and_little_is_a_low_rate():
    assert rate_too_low(evidence(loss=list(np.linspace(2.3, 2.1, EPOCHS)))).kind == "learning rate too low"
    slowing = list(1.5 + 0.8 * 0.5 ** np.arange(EPOCHS))
    assert rate_too_low(evidence(loss=slowing)) is None
    assert rate_too_low(evidence(loss=list(np.linspace(2.3, 0.4, EPOCHS)))) is None


def test_a_plateau_names_the_epoch_and_a_rate_that_was_gone():
    flat = [2.0, 1.5, 1.2, *[1.0] * (EPOCHS - 3)]
    found = plateau(evidence(loss=flat, learning_rate=[0.1, 0.05, 0.01, *[0.0001] * (EPOCHS - 3)]))
    assert "From epoch 4 on" in found.says
    assert "below 2% of its highest from epoch 4 on" in found.evidence
    assert "initial weights" in plateau(evidence(loss=flat)).advice
    assert plateau(evidence(loss=[its / 100 for its in flat])) is None


def test_few_epochs_say_nothing():
    short = {name: [2.3, 2.29, 2.28] for name in ("loss", "val_loss")} | {"learning_rate": [0.1] * 3}
    assert [symptom(evidence(**short)) for symptom in (rate_too_high, rate_too_low, plateau)] == [None] * 3
    assert len(FALLING) == EPOCHS
