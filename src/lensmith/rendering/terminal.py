"""Records as text for a terminal, on stdout; what is not a result goes to stderr."""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from lensmith.rendering.calibration import rejection_sentence
from lensmith.rendering.diagnosis import diagnosis_lines
from lensmith.rendering.wording import (
    MISSING,
    decimals_for,
    looks_sentence,
    percent,
    percent_range,
    spreadsheet_safe,
    tta_sentence,
)

if TYPE_CHECKING:
    # A table needs none of what made its record; `predict` must not wait for it.
    from lensmith.data import Dataset
    from lensmith.evaluation import Evaluation, TTAResult
    from lensmith.inference import FilePrediction, Prediction

WORST_CLASSES_SHOWN = 12


def stdout() -> Console:
    """Return the console for results; wide when it is not a terminal, so that nothing is cut."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=200)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", right: Sequence[str] = ()
) -> RenderableType:
    """Lay rows out under column names; the columns named in `right` are set flush right."""
    laid_out = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        laid_out.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        laid_out.add_row(*(Text(str(cell)) for cell in row))
    # Not the table's own title, which would be wrapped to the width of the table.
    return Group(Text(title, style="bold"), laid_out) if title else laid_out


def rows_table(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Lay out rows that have the same keys; accuracies are fractions and shown as per cent."""
    columns = list(rows[0])
    right = [column for column in columns if column == "parameters" or column.endswith("accuracy")]
    cells = [
        [percent(row[column]) if column.endswith("accuracy") else row[column] for column in columns] for row in rows
    ]
    return table(
        [column.replace("_", " ") for column in columns], cells, right=[its.replace("_", " ") for its in right]
    )


def accuracy_sentence(evaluation: "Evaluation") -> str:
    """Say in one line how good the classifier is, how sure that is, and what it is worth."""
    decimals = decimals_for(evaluation.n)
    return (
        f"{evaluation.split} accuracy {percent(evaluation.accuracy, decimals)} "
        f"(95 % interval {percent_range(evaluation.accuracy_low, evaluation.accuracy_high, decimals)}, "
        f"{evaluation.n:,} images; always {evaluation.baseline.name!r}: "
        f"{percent(evaluation.baseline_accuracy, decimals)})"
    )


def evaluation_tables(evaluation: "Evaluation") -> list[RenderableType]:
    """Draw an evaluation: metrics beside the baseline, the weakest classes, the most confused pairs.

    Test-time augmentation, where it was asked for, comes right after the metrics.
    """
    pairs = [(its.label, its.predicted, its.count, percent(its.fraction)) for its in evaluation.most_confused]
    columns = ("is", "was taken for", "images", "of that class")
    confused = [table(columns, pairs, title="Most confused", right=columns[2:])] if pairs else []
    augmented = [_tta_table(evaluation, evaluation.tta)] if evaluation.tta else []
    rejected = [Text(rejection_sentence(evaluation.rejection))] if evaluation.rejection else []
    looks = [Text(looks_sentence(evaluation.looks))] if evaluation.looks else []
    return [_metrics_table(evaluation), *augmented, _classes_table(evaluation), *confused, *rejected, *looks]


def _metrics_table(evaluation: "Evaluation") -> RenderableType:
    base, decimals, k = evaluation.baseline, decimals_for(evaluation.n), evaluation.top_k
    likeliest = [(f"top-{k} accuracy", evaluation.top_k_accuracy, base.top_k_accuracy)] if k > 1 else []
    beside = [
        ("accuracy", evaluation.accuracy, base.accuracy),
        *likeliest,
        ("balanced accuracy", evaluation.balanced_accuracy, base.balanced_accuracy),
        ("macro F1", evaluation.macro_f1, base.macro_f1),
    ]
    rows = [(name, percent(value, decimals), percent(its_base, decimals)) for name, value, its_base in beside]
    interval = percent_range(evaluation.accuracy_low, evaluation.accuracy_high, decimals)
    rows.insert(1, ("  95 % interval", interval, ""))
    rows.append(("log loss (nats)", f"{evaluation.log_loss:.4f}", f"{base.log_loss:.4f}"))
    rows.append(("calibration error", percent(evaluation.calibration.ece, decimals), ""))
    rows.append(("Brier score", f"{evaluation.calibration.brier:.4f}", ""))
    if evaluation.loss is not None:
        rows.append(("the recipe's loss", f"{evaluation.loss:.4f}", ""))
    columns = ("metric", "value", f"always {base.name!r}")
    title = f"{os.path.basename(evaluation.run)}: {evaluation.split} split, {evaluation.n:,} images"
    return table(columns, rows, title=title, right=columns[1:])


def _tta_table(evaluation: "Evaluation", tta: "TTAResult") -> RenderableType:
    decimals = decimals_for(evaluation.n)
    answers: list[tuple[str, int, Evaluation | TTAResult]] = [("plain", 1, evaluation), (tta.kind, tta.views, tta)]
    rows = [
        (
            name,
            views,
            percent(its.accuracy, decimals),
            percent_range(its.accuracy_low, its.accuracy_high, decimals),
            f"{its.log_loss:.4f}",
        )
        for name, views, its in answers
    ]
    columns = ("answers", "views", "accuracy", "95 % interval", "log loss (nats)")
    drawn = table(columns, rows, title="With test-time augmentation", right=columns[1:])
    return Group(drawn, Text(f"{tta_sentence(tta)}\n"))


def _classes_table(evaluation: "Evaluation") -> RenderableType:
    every = len(evaluation.per_class)
    weakest = sorted(evaluation.per_class, key=lambda its: its.recall)[:WORST_CLASSES_SHOWN]
    title = "Classes, weakest first" if len(weakest) == every else f"The {len(weakest)} weakest of {every} classes"
    columns = ("class", "precision", "recall", "F1", "images")
    rows = [(its.name, percent(its.precision), percent(its.recall), percent(its.f1), its.support) for its in weakest]
    return table(columns, rows, title=title, right=columns[1:])


def dataset_table(dataset: "Dataset") -> RenderableType:
    """Draw which split has how many of which class."""
    splits = list(dataset.class_counts)
    rows = [(name, *(dataset.class_counts[split][name] for split in splits)) for name in dataset.class_names]
    rows.append(("all", *(len(its) for its in dataset.splits.values())))
    height, width, channels = dataset.image_shape
    title = f"{dataset.name}: {len(dataset.class_names)} classes, {height}x{width}x{channels}"
    return table(("class", *splits), rows, title=title, right=splits)


def predictions_table(prediction: "Prediction") -> RenderableType:
    """Draw one line a file."""
    rows = [
        (
            its.path,
            its.label,
            MISSING if its.rejected else percent(its.probability),
            ", ".join(f"{name} {percent(p)}" for name, p in its.top[0 if its.rejected else 1 : 3]),
        )
        if its.error is None
        else (its.path, "–", "–", its.error)
        for its in prediction.predictions
    ]
    columns = ("file", "class", "probability", "then")
    return table(columns, rows, title=f"Run {os.path.basename(prediction.run)}", right=("probability",))


def predictions_csv(predictions: list["FilePrediction"], top: int) -> str:
    """Write one row a file: path, label, probability, then class and probability of the likeliest, and the error."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    pairs = [f"{what}_{k}" for k in range(1, top + 1) for what in ("class", "p")]
    writer.writerow(["path", "label", "probability", *pairs, "error", "rejected"])
    for its in predictions:
        likeliest = [cell for name, probability in its.top for cell in (spreadsheet_safe(name), probability)]
        padding = [""] * (2 * top - len(likeliest))
        named = [spreadsheet_safe(its.path), spreadsheet_safe(its.label or "")]
        rejected = "" if its.label is None else str(its.rejected).lower()
        writer.writerow([*named, its.probability or "", *likeliest, *padding, its.error or "", rejected])
    return text.getvalue()


def training_lines(record: Any) -> str:
    """Say what a training came to, and where its report is."""
    measured = (
        accuracy_sentence(record.test)
        if record.test
        else "There is no test split, so nothing is said about new images."
    )
    augmented = [_tta_line(record.test, record.test.tta)] if record.test and record.test.tta else []
    kept = f"epoch {record.best_epoch}" if record.best_epoch else "the last layer alone"
    best = f", the best being {kept}," if record.best_epoch != record.epochs else ""
    trained = f"trained to epoch {record.epochs}{best}" if record.epochs else "the last layer fitted"
    return "\n".join(
        [
            f"{record.name}: {record.parameters:,} parameters, {trained} in {record.train_seconds:.1f} s, "
            f"{record.total_seconds:.1f} s in all.",
            measured[:1].upper() + measured[1:],
            *augmented,
            *diagnosis_lines(record.diagnoses),
            f"Report: {record.run}/report.html",
        ]
    )


def _tta_line(evaluation: "Evaluation", tta: "TTAResult") -> str:
    decimals = decimals_for(evaluation.n)
    interval = percent_range(tta.accuracy_low, tta.accuracy_high, decimals)
    return f"With {tta.kind}: {percent(tta.accuracy, decimals)} (95 % interval {interval}). {tta_sentence(tta)}"


def skipped_sentence(dataset: "Dataset", shown: int = 5) -> str:
    """Say which files were found and not used, or nothing."""
    if not dataset.skipped:
        return ""
    reasons = ", ".join(f"{count} {reason}" for reason, count in dataset.skipped_by_reason.items())
    named = ", ".join(its.path for its in dataset.skipped[:shown])
    more = f" and {len(dataset.skipped) - shown} more, all in run.json" if len(dataset.skipped) > shown else ""
    return f"Skipped {len(dataset.skipped)} files ({reasons}): {named}{more}."
