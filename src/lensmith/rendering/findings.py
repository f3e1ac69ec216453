"""What the page says about an evaluation: metrics, classes and confusions, ready for the template."""

from dataclasses import dataclass

from markupsafe import Markup

from lensmith.evaluation import ClassMetrics, Evaluation, TTAResult, wilson_interval
from lensmith.rendering.canvas import STRONG
from lensmith.rendering.charts import heat, heat_map
from lensmith.rendering.wording import MISSING, counted, decimals_for, percent, percent_range

MOST_CLASSES_AS_TABLE = 20
"""Above, a confusion matrix is drawn without its counts."""
WEAKEST_MARKED = 5

SPLIT_MEANING = {
    "test": "Measured on images that training never saw.",
    "validation": "Measured on the images that also chose the best epoch, so expect a little less on new ones.",
    "train": "Measured on the very images it was trained on: this says little about new ones.",
}


@dataclass(frozen=True)
class Strip:
    """Where on a line from 0 to 100 % a metric, its interval and its baseline lie; per cent."""

    value: float
    baseline: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class MetricRow:
    """A metric beside its baseline, all as text."""

    name: str
    meaning: str
    value: str
    baseline: str
    interval: str = ""
    strip: Strip | None = None


@dataclass(frozen=True)
class TTARow:
    """Answers with or without test-time augmentation, as text."""

    name: str
    meaning: str
    accuracy: str
    interval: str
    strip: Strip
    log_loss: str
    views: int


@dataclass(frozen=True)
class ClassRow:
    """A class of the table, as text; `f1_width` is per cent."""

    name: str
    precision: str
    recall: str
    interval: str
    f1: str
    f1_width: float
    support: int
    weak: bool


@dataclass(frozen=True)
class Cell:
    """A cell of the confusion matrix; `heat` is how strongly it is coloured, 0 to 1."""

    count: int
    kind: str
    heat: float
    strong: bool
    share: str


def metric_rows(evaluation: Evaluation) -> list[MetricRow]:
    """List the metrics, each with its baseline and, where one is known, its 95 % interval."""
    its, base = evaluation, evaluation.baseline
    rows = [_share("Accuracy", "images named right", its, its.accuracy, base.accuracy, interval=True)]
    if its.top_k > 1:
        meaning = f"the right name is among the {its.top_k} likeliest"
        name = f"Top-{its.top_k} accuracy"
        rows.append(_share(name, meaning, its, its.top_k_accuracy, base.top_k_accuracy, interval=True))
    meaning = "mean over the classes, whatever their size"
    rows.append(_share("Balanced accuracy", meaning, its, its.balanced_accuracy, base.balanced_accuracy))
    rows.append(_share("Macro F1", "mean of the classes' F1 scores", its, its.macro_f1, base.macro_f1))
    nats = "nats, lower is better; the baseline gives each class its frequency"
    rows.append(MetricRow("Log loss", nats, f"{its.log_loss:.3f}", f"{base.log_loss:.3f}"))
    if its.loss is not None:
        rows.append(MetricRow("Loss", "the recipe's own, lower is better", f"{its.loss:.3f}", MISSING))
    return rows


def tta_rows(evaluation: Evaluation) -> list[TTARow]:
    """Set the plain answers and those with test-time augmentation side by side, or return nothing without it."""
    tta = evaluation.tta
    if tta is None:
        return []
    return [
        _tta_row("Plain", "what lensmith predict answers", 1, evaluation, evaluation),
        _tta_row(tta.kind.capitalize(), "the mean over several views", tta.views, tta, evaluation),
    ]


def _tta_row(name: str, meaning: str, views: int, its: Evaluation | TTAResult, evaluation: Evaluation) -> TTARow:
    decimals, low, high = decimals_for(evaluation.n), its.accuracy_low, its.accuracy_high
    return TTARow(
        name=name,
        meaning=meaning,
        accuracy=percent(its.accuracy, decimals),
        interval=percent_range(low, high, decimals),
        strip=strip(its.accuracy, evaluation.baseline_accuracy, low, high),
        log_loss=f"{its.log_loss:.3f}",
        views=views,
    )


def _share(
    name: str, meaning: str, evaluation: Evaluation, value: float, baseline: float, *, interval: bool = False
) -> MetricRow:
    decimals = decimals_for(evaluation.n)
    low, high = wilson_interval(round(value * evaluation.n), evaluation.n) if interval else (None, None)
    return MetricRow(
        name,
        meaning,
        value=percent(value, decimals),
        baseline=percent(baseline, decimals),
        interval=percent_range(low, high, decimals) if low is not None and high is not None else "",
        strip=strip(value, baseline, low, high),
    )


def strip(value: float, baseline: float, low: float | None = None, high: float | None = None) -> Strip:
    """Place fractions on a line from 0 to 100 %."""
    ends = [None if end is None else round(100 * end, 2) for end in (low, high)]
    return Strip(round(100 * value, 2), round(100 * baseline, 2), *ends)


def class_rows(evaluation: Evaluation) -> list[ClassRow]:
    """List the classes, weakest F1 first; the weakest few that fall behind the others are marked."""
    predicted = [sum(column) for column in zip(*evaluation.confusion, strict=True)]
    ranked = sorted(
        zip(evaluation.per_class, predicted, strict=True), key=lambda pair: (pair[0].support == 0, _f1(pair[0]))
    )
    places = min(WEAKEST_MARKED, max(1, len(ranked) // 5))
    return [
        _class_row(its, predicted=count, weak=place < places and its.support > 0 and _f1(its) < evaluation.macro_f1)
        for place, (its, count) in enumerate(ranked)
    ]


def _f1(metrics: ClassMetrics) -> float:
    return metrics.f1 or 0.0  # None where nothing was predicted


def _class_row(metrics: ClassMetrics, *, predicted: int, weak: bool) -> ClassRow:
    n = metrics.support
    low, high = wilson_interval(round(metrics.recall * n), n) if n else (0.0, 0.0)
    return ClassRow(
        name=metrics.name,
        precision=percent(metrics.precision) if predicted else MISSING,
        recall=percent(metrics.recall) if n else MISSING,
        interval=percent_range(low, high) if n else MISSING,
        f1=percent(metrics.f1) if n else MISSING,
        f1_width=round(100 * _f1(metrics), 1),
        support=n,
        weak=weak,
    )


def confusion_rows(evaluation: Evaluation) -> list[tuple[str, list[Cell]]]:
    """Return the confusion matrix row by row, or nothing when it has too many classes for a table."""
    if len(evaluation.class_names) > MOST_CLASSES_AS_TABLE:
        return []
    named = zip(evaluation.class_names, evaluation.confusion, strict=True)
    return [(name, _cells(counts, place)) for place, (name, counts) in enumerate(named)]


def _cells(counts: list[int], label: int) -> list[Cell]:
    total = sum(counts)
    cells = []
    for predicted, count in enumerate(counts):
        right = predicted == label
        strength = heat(count, total, right=right)
        share = percent(count / total) if total else MISSING
        kind = "right" if right else "wrong"
        cells.append(Cell(count, kind, round(strength, 3), strength > STRONG[kind], share))
    return cells


def confusion_map(evaluation: Evaluation) -> Markup:
    """Draw the confusion matrix of many classes."""
    label = f"Confusion matrix of {len(evaluation.class_names)} classes on {counted(evaluation.n, 'image')}."
    return heat_map(evaluation.confusion, evaluation.class_names, label)


def wrong_answers(evaluation: Evaluation) -> int:
    """Count the images that were not named right."""
    return evaluation.n - sum(counts[place] for place, counts in enumerate(evaluation.confusion))
