from lensmith.health.balance import balance_of


def test_classes_are_judged_by_the_training_images():
    found = balance_of({"train": {"a": 100, "b": 20, "c": 9, "d": 0}, "test": {"a": 5, "b": 0, "c": 1, "d": 2}})
    assert found.ratio == 100 / 9
    assert found.is_unbalanced
    assert found.tiny == {"c": 9}
    assert found.missing == {"train": ["d"], "test": ["b"]}


def test_five_to_one_is_still_balanced():
    assert not balance_of({"train": {"a": 100, "b": 20}}).is_unbalanced


def test_no_images_at_all_are_not_unbalanced():
    assert balance_of({"train": {"a": 0}}).ratio == 1
