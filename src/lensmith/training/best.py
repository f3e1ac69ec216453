"""Which epoch is the best one: that of the highest validation accuracy, then of the lowest validation loss.

Where balanced accuracy is measured, it is what chooses.
"""

import math

from lensmith.training.checkpoint import Row


def is_better(row: Row, best: Row | None) -> bool:
    """Tell whether an epoch is better than the best before it; without validation the last one always is."""
    if best is None or "val_accuracy" not in row:
        return True
    return _rank(row) > _rank(best)


def best_epochs(history: list[Row]) -> list[int]:
    """List the epochs of a history, the best first."""
    if history and "val_accuracy" not in history[-1]:
        return [int(row["epoch"] or 0) for row in reversed(history)]
    return [int(row["epoch"] or 0) for row in sorted(history, key=_rank, reverse=True)]


def _rank(row: Row) -> tuple[float, float]:
    accuracy, loss = row.get("val_balanced_accuracy", row.get("val_accuracy")), row.get("val_loss")
    # What is not a number is worse than anything that is.
    return (accuracy if accuracy is not None else -math.inf, -loss if loss is not None else -math.inf)
