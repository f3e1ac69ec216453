"""How far probabilities can be trusted: in words, as a reliability diagram, and errors against coverage."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from lensmith.rendering.charts import decimals_between, ticks
from lensmith.rendering.wording import decimals_for, percent, percent_range

if TYPE_CHECKING:
    # `predict` says what a threshold does, and must not wait for what makes these.
    from lensmith.evaluation import Calibration, CalibrationBin, Evaluation, RiskCoverage, Selective

SIDE, LEFT, BOTTOM, TOP, RIGHT = 300, 62, 44, 12, 20
HISTOGRAM = 46
"""CSS pixels of the bars under a reliability diagram."""


def calibration_sentence(its: "Calibration") -> str:
    """Say how far confidence and accuracy are apart."""
    sign = "−" if its.brier_within_bin < 0 else "+"
    return (
        f"The probability of the likeliest class is off by {percent(its.ece)} on average (expected calibration error, "
        f"15 bins of equal width; {percent(its.adaptive_ece)} with bins of equal count; by chance alone it would be "
        f"about {percent(its.ece_by_chance)} on so many images). Brier score {its.brier:.4f} = "
        f"{its.brier_reliability:.4f} reliability − {its.brier_resolution:.4f} resolution + "
        f"{its.brier_uncertainty:.4f} uncertainty {sign} {abs(its.brier_within_bin):.4f} within bins."
    )


def rejection_sentence(its: "Selective") -> str:
    """Say what a threshold does to some images."""
    decimals = decimals_for(its.n)
    if its.threshold == 0:
        return f"Every image is answered, {percent(its.accuracy, decimals)} of them rightly (n = {its.n:,})."
    share = percent(its.coverage, decimals)
    begin = f"Answers of less than {threshold_text(its.threshold)} are “unknown”: {share} are answered"
    if its.accuracy is None or its.accuracy_low is None or its.accuracy_high is None:
        return f"{begin}, so nothing can be said of the answers."
    bounds = percent_range(its.accuracy_low, its.accuracy_high, decimals)
    return f"{begin}, of these {percent(its.accuracy, decimals)} right (95 % interval {bounds}; n = {its.accepted:,})."


def temperature_sentence(temperature: float | None) -> str:
    """Say what was done to the probabilities."""
    if temperature is None:
        return (
            "No temperature was fitted: that takes at least 50 validation images, and a network whose last weights "
            "lead straight into its softmax."
        )
    if temperature == 1:
        return "Temperature 1: the validation images give no reason to make answers more or less sure."
    what = "less" if temperature > 1 else "more"
    return (
        f"Temperature {temperature:.3f}, fitted on validation images and built into the model, makes answers {what} "
        "sure."
    )


def calibrate_text(record: Any) -> str:
    """Say what `calibrate` did and found."""
    lines = [f"{record.run}, {record.n:,} validation images.", temperature_sentence(record.temperature)]
    if record.fitted:
        before, after = record.fitted.log_loss_before, record.fitted.log_loss_after
        lines[-1] += f" Log loss {before:.4f} before, {after:.4f} after."
    lines.append(calibration_sentence(record.calibration))
    chosen = record.rejection
    if chosen:
        lines.append(rejection_sentence(chosen))
        if chosen.guaranteed is not None:
            lines.append(
                f"On new images of the same kind at least {math.floor(10_000 * chosen.guaranteed) / 100:.2f} % of the "
                f"answers are right, with {100 * chosen.confidence:.0f} % confidence. That is slightly too good: the "
                "same validation images chose the epoch and the temperature."
            )
        lines.append("lensmith predict answers so from now on, lensmith serve when it is next started.")
    elif record.rejection_threshold is None:
        lines.append("Every image is answered. --accuracy or --coverage chooses from which probability on.")
    else:
        lines.append(
            f"Answers of less than {threshold_text(record.rejection_threshold)} are “unknown”, as chosen before."
        )
    if record.fitted or chosen or record.taken_away is not None:
        lines.append(f"The report tells of what was before. Measure the run anew: lensmith evaluate {record.run}")
    return "\n".join(lines)


def threshold_text(value: float) -> str:
    """Write a threshold so that what is below 1 does not look like 1."""
    decimals = 4
    while value < 1 and float(f"{value:.{decimals}f}") == 1:
        decimals += 1
    return f"{value:.{decimals}f}"


def reliability_chart(bins: Sequence["CalibrationBin"]) -> Markup:
    """Draw accuracy against confidence with 95 % intervals, and under it how many images have which confidence."""
    height = SIDE + HISTOGRAM
    opening = Markup('<svg class="chart reliability" viewBox="0 0 {} {}" role="img" aria-label="{}">')
    words = " ".join(f"Confidence {percent(its.confidence)}: {percent(its.accuracy)} right." for its in bins)
    drawn = [opening.format(LEFT + SIDE + RIGHT, height + TOP + BOTTOM, f"Accuracy by confidence. {words}"), _frame()]
    drawn.append(Markup('<path class="ideal" d="M{} {}L{} {}"/>').format(_x(0), _y(0), _x(1), _y(1)))
    most = max(its.count for its in bins)
    shape = Markup(
        '<g><title>{}</title><path class="bounds" d="M{} {}V{}"/><circle cx="{}" cy="{}" r="4.5"/>'
        '<rect class="share" x="{}" y="{}" width="{}" height="{}"/></g>'
    )
    for its in bins:
        tall = round((HISTOGRAM - 8) * its.count / most, 1)
        drawn.append(
            shape.format(
                f"{its.count:,} images, confidence {percent(its.confidence)}, accuracy {percent(its.accuracy)}",
                _x(its.confidence),
                _y(its.accuracy_low),
                _y(its.accuracy_high),
                _x(its.confidence),
                _y(its.accuracy),
                _x(its.low) + 1,
                round(TOP + height - tall, 1),
                round(_x(its.high) - _x(its.low) - 2, 1),
                tall,
            )
        )
    label = Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>')
    drawn.append(label.format(LEFT + SIDE / 2, TOP + height + 36, "confidence (bars: how many images)"))
    return Markup("").join([*drawn, Markup("</svg>")])


def risk_chart(curve: "RiskCoverage", chosen: "Selective | None") -> Markup:
    """Draw the share of errors among the answers against the share of images that is answered."""
    told = [1 - chosen.accuracy] if chosen and chosen.accuracy is not None else []
    highest = ticks(0, max([*curve.risk, *told]) or 0.01)[-1]
    opening = Markup('<svg class="chart reliability" viewBox="0 0 {} {}" role="img" aria-label="{}">')
    words = f"Errors among the answers: {percent(curve.risk[-1])} where all images are answered."
    drawn = [opening.format(LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM, words), _frame(highest, histogram=False)]
    points = [f"{_x(part):g} {_y(risk / highest):g}" for part, risk in zip(curve.coverage, curve.risk, strict=True)]
    drawn.append(Markup('<path class="line training" d="M{}"/>').format("L".join(points)))
    if chosen and chosen.accuracy is not None:
        dot = Markup(
            '<circle cx="{}" cy="{}" r="5"/><text class="name" x="{}" y="{}" text-anchor="middle">chosen</text>'
        )
        x, y = _x(chosen.coverage), _y((1 - chosen.accuracy) / highest)
        drawn.append(dot.format(x, y, min(max(x, LEFT + 24), LEFT + SIDE - 24), max(y - 10, TOP + 12)))
    label = Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>')
    drawn.append(label.format(LEFT + SIDE / 2, TOP + SIDE + 36, "images answered"))
    return Markup("").join([*drawn, Markup("</svg>")])


def trust_view(evaluation: "Evaluation", temperature: float | None) -> dict[str, Any]:
    """Put together what the report says of probabilities."""
    rejection = evaluation.rejection
    return {
        "temperature": temperature_sentence(temperature),
        "calibration": calibration_sentence(evaluation.calibration),
        "rejection": rejection_sentence(rejection) if rejection else "",
        "reliability": reliability_chart(evaluation.calibration.bins),
        "risk": risk_chart(evaluation.risk_coverage, rejection),
        "aurc": f"{evaluation.risk_coverage.aurc:.4f}",
        "aurc_best": f"{evaluation.risk_coverage.aurc_best:.4f}",
        "aurc_random": f"{evaluation.risk_coverage.aurc_random:.4f}",
    }


def _x(fraction: float) -> float:
    return round(LEFT + SIDE * fraction, 1)


def _y(fraction: float) -> float:
    return round(TOP + SIDE * (1 - fraction), 1)


def _frame(highest: float = 1.0, *, histogram: bool = True) -> Markup:
    """Draw the lines and numbers of both axes, from 0 to 1 across and from 0 to `highest` upwards."""
    across = Markup('<path class="grid" d="M{} {}H{}"/><text class="tick" x="{}" y="{}" text-anchor="end">{}</text>')
    under = Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>')
    drawn = []
    marks = ticks(0, highest)
    decimals = 0 if histogram else decimals_between(100 * marks[0], 100 * marks[1])
    for mark in marks:
        y = _y(mark / highest)
        drawn.append(across.format(LEFT, y, LEFT + SIDE, LEFT - 8, y + 4, percent(mark, decimals)))
    bottom = TOP + SIDE + (HISTOGRAM if histogram else 0) + 17
    drawn += [under.format(_x(part), bottom, percent(part, 0)) for part in (0, 0.25, 0.5, 0.75, 1)]
    return Markup("").join(drawn)
