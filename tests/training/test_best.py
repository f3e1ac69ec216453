import pytest

from lensmith.training.best import best_epochs, is_better


def row(epoch: int, accuracy: float | None, loss: float | None) -> dict:
    return {"epoch": epoch, "val_accuracy": accuracy, "val_loss": loss}


@pytest.mark.parametrize(
    ("new", "best", "better"),
    [
        (row(2, 0.9, 0.5), row(1, 0.8, 0.1), True),
        (row(2, 0.8, 0.1), row(1, 0.9, 0.5), False),
        (row(2, 0.9, 0.4), row(1, 0.9, 0.5), True),
        (row(2, 0.9, 0.5), row(1, 0.9, 0.5), False),
        (row(2, 0.9, None), row(1, 0.9, 0.5), False),
        (row(2, 0.9, 0.5), row(1, 0.9, None), True),
        (row(2, 0.1, 9.0), row(1, None, None), True),
        (row(2, None, None), row(1, 0.1, 9.0), False),
        (row(1, 0.5, 1.0), None, True),
    ],
)
def test_the_best_epoch_has_the_highest_accuracy_then_the_lowest_loss_and_is_never_nan(new, best, better):
    assert is_better(new, best) is better


def test_without_validation_the_last_epoch_is_the_best():
    assert is_better({"epoch": 2, "loss": 1.0}, {"epoch": 1, "loss": 0.1})


def test_epochs_are_listed_best_first_and_equal_ones_in_their_order():
    history = [row(1, 0.8, 0.5), row(2, 0.9, 0.5), row(3, None, None), row(4, 0.9, 0.5), row(5, 0.9, 0.4)]
    assert best_epochs(history) == [5, 2, 4, 1, 3]
    assert best_epochs([{"epoch": 1, "loss": 0.1}, {"epoch": 2, "loss": 1.0}]) == [2, 1]
    assert best_epochs([]) == []
