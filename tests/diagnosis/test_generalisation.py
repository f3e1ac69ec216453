from dataclasses import replace

import numpy as np
from tests.diagnosis.made_evidence import ANSWERS, EPOCHS, FACTS, answered, evidence

from lensmith.diagnosis.generalisation import (
    named_one_class,
    noisy_labels,
    overfitting,
    underfitting,
    validation_small,
)

ALL = (named_one_class, noisy_labels, overfitting, underfitting, validation_small)
RISING = [1.0, 0.6, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9]


def test_a_healthy_training_has_none():
    assert [symptom(evidence()) for symptom in ALL] == [None] * len(ALL)


def test_one_class_is_named_where_the_labels_are_several():
    named = answered(answered=[990, 10, *[0] * 8], accuracy=0.1)
    assert "99%" in named_one_class(named).evidence
    assert "initial weights" in named_one_class(named).advice
    assert "class_weights" in named_one_class(replace(named, class_counts=[5000, *[10] * 9])).advice
    assert named_one_class(answered(answered=[990, *[1] * 10], labelled=[990, *[1] * 10])) is None


def test_even_mistakes_are_of_labels_and_uneven_ones_of_the_network():
    assert "300 of 1,000" in noisy_labels(answered(accuracy=0.7, unevenness=0.1)).evidence
    assert noisy_labels(answered(accuracy=0.7, unevenness=1.0)) is None
    assert noisy_labels(answered(accuracy=0.97, unevenness=0.1)) is None
    assert noisy_labels(answered(accuracy=0.12, unevenness=0.1)) is None
    unsure = answered(accuracy=0.7, unevenness=0.1, likelihood=0.12)
    assert noisy_labels(unsure) is None
    two = replace(answered(accuracy=0.7, unevenness=0.1), class_counts=[500, 500])
    assert noisy_labels(two) is None


def test_overfitting_is_a_gap_that_chance_does_not_explain_and_a_loss_that_has_risen():
    facts = replace(FACTS, training_accuracy=0.97, answers=replace(ANSWERS, accuracy=0.85))
    found = overfitting(evidence(facts, val_loss=RISING))
    assert "From epoch 3 on" in found.says
    assert "risen by 80%" in found.evidence
    assert overfitting(evidence(facts, val_loss=RISING[:3] * 3 + [0.5])) is None
    few = replace(facts, answers=replace(facts.answers, n=20))
    assert overfitting(evidence(few, val_loss=RISING)) is None


def test_without_facts_overfitting_is_told_by_the_curves():
    its = evidence(None, val_loss=RISING, accuracy=[0.99] * EPOCHS, val_accuracy=[0.8] * EPOCHS)
    assert "99.0%" in overfitting(its).evidence


def test_a_last_layer_fitted_alone_is_judged_by_its_answers():
    facts = replace(FACTS, training_accuracy=1.0, answers=replace(ANSWERS, accuracy=0.6))
    alone = replace(evidence(facts), history=[], validation_images=12)
    assert overfitting(alone).says.startswith("The network learns")
    assert validation_small(alone).kind == "validation set too small"
    assert underfitting(alone) is None


def test_underfitting_is_low_on_training_images_as_well_and_gets_no_better():
    facts = replace(FACTS, training_accuracy=0.6, answers=replace(ANSWERS, accuracy=0.59))
    slow = list(1.2 + 0.5 * 0.5 ** np.arange(EPOCHS))
    assert underfitting(evidence(facts, loss=slow)).kind == "underfitting"
    assert underfitting(evidence(facts)) is None
    assert underfitting(evidence(replace(facts, training_accuracy=0.9), loss=slow)) is None


def test_few_validation_images_are_told_by_their_interval():
    small = validation_small(replace(evidence(), validation_images=20)).evidence
    assert "of 20 images" in small
    assert "76% to 99%" in small  # Wilson's interval of 19 of 20
    assert validation_small(replace(evidence(), validation_images=200)) is None
    assert validation_small(replace(evidence(), validation_images=0)) is None
