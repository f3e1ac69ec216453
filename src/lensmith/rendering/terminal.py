"""Records as text for a terminal, on stdout; what is not a result goes to stderr."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lensmith.data import Dataset
from lensmith.evaluation import Evaluation
from lensmith.inference import FilePrediction

WORST_CLASSES_SHOWN = 12


def stdout() -> Console:
    """Return the console for results; wide when it is not a terminal, so that nothing is cut."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=200)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", right: Sequence[str] = ()) -> Table:
    """Lay rows out under column names; the columns named in `right` are set flush right."""
    laid_out = Table(*[], title=title or None, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for column in columns:
        laid_out.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        laid_out.add_row(*(Text(str(cell)) for cell in row))
    return laid_out


def percent(fraction: float | None) -> str:
    """Write a fraction as per cent.

    Example:
        >>> percent(0.98611)
        '98.61 %'
    """
    return "–" if fraction is None else f"{100 * fraction:.2f} %"


def accuracy_sentence(evaluation: Evaluation) -> str:
    """Say in one line how good the classifier is, how sure that is, and what it is worth."""
    return (
        f"{evaluation.split} accuracy {percent(evaluation.accuracy)} "
        f"(95 % interval {percent(evaluation.accuracy_low)} to {percent(evaluation.accuracy_high)}, "
        f"{evaluation.n:,} images; always {evaluation.baseline.name!r}: {percent(evaluation.baseline_accuracy)})"
    )


def evaluation_tables(evaluation: Evaluation) -> list[Table]:
    """Draw an evaluation: metrics beside the baseline, the weakest classes, the most confused pairs."""
    base = evaluation.baseline
    metrics = [
        ("accuracy", percent(evaluation.accuracy), percent(base.accuracy)),
        ("  95 % interval", f"{percent(evaluation.accuracy_low)} – {percent(evaluation.accuracy_high)}", ""),
        (f"top-{evaluation.top_k} accuracy", percent(evaluation.top_k_accuracy), percent(base.top_k_accuracy)),
        ("balanced accuracy", percent(evaluation.balanced_accuracy), percent(base.balanced_accuracy)),
        ("macro F1", percent(evaluation.macro_f1), percent(base.macro_f1)),
        ("log loss (nats)", f"{evaluation.log_loss:.4f}", f"{base.log_loss:.4f}"),
    ]
    if evaluation.loss is not None:
        metrics.append(("the recipe's loss", f"{evaluation.loss:.4f}", ""))
    weakest = sorted(evaluation.per_class, key=lambda its: its.recall)[:WORST_CLASSES_SHOWN]
    classes = [(its.name, percent(its.precision), percent(its.recall), percent(its.f1), its.support) for its in weakest]
    pairs = [(its.label, its.predicted, its.count, percent(its.fraction)) for its in evaluation.most_confused]
    title = "Classes, weakest first" if len(weakest) == len(evaluation.per_class) else f"The {len(weakest)} weakest of {len(evaluation.per_class)} classes"
    drawn = [
        table(
            ("metric", "value", f"always {base.name!r}"),
            metrics,
            title=f"{evaluation.split} split, {evaluation.n:,} images",
            right=("value", f"always {base.name!r}"),
        ),
        table(("class", "precision", "recall", "F1", "images"), classes, title=title, right=("precision", "recall", "F1", "images")),
    ]
    if pairs:
        drawn.append(table(("is", "was taken for", "images", "of that class"), pairs, title="Most confused", right=("images", "of that class")))
    return drawn


def dataset_table(dataset: Dataset) -> Table:
    """Draw which split has how many of which class."""
    splits = list(dataset.class_counts)
    rows = [(name, *(dataset.class_counts[split][name] for split in splits)) for name in dataset.class_names]
    rows.append(("all", *(len(its) for its in dataset.splits.values())))
    height, width, channels = dataset.image_shape
    title = f"{dataset.name}: {len(dataset.class_names)} classes, {height}x{width}x{channels}"
    return table(("class", *splits), rows, title=title, right=splits)


def predictions_table(predictions: list[FilePrediction]) -> Table:
    """Draw one line a file."""
    rows = [
        (its.path, its.label, percent(its.probability), ", ".join(f"{name} {percent(p)}" for name, p in its.top[1:3]))
        if its.error is None
        else (its.path, "–", "–", its.error)
        for its in predictions
    ]
    return table(("file", "class", "probability", "then"), rows, right=("probability",))


def skipped_sentence(dataset: Dataset, shown: int = 5) -> str:
    """Say which files were found and not used, or nothing."""
    if not dataset.skipped:
        return ""
    reasons = ", ".join(f"{count} {reason}" for reason, count in dataset.skipped_by_reason.items())
    named = ", ".join(its.path for its in dataset.skipped[:shown])
    more = f" and {len(dataset.skipped) - shown} more, all in run.json" if len(dataset.skipped) > shown else ""
    return f"Skipped {len(dataset.skipped)} files ({reasons}): {named}{more}."
