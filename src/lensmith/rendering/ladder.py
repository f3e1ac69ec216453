"""A ladder in words: what each step gains, and the tables of a terminal."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from lensmith.comparison import LEVEL, Ladder, PairedDifference
from lensmith.rendering.comparison import accuracy_cells, adjusting_sentence, p_text
from lensmith.rendering.terminal import table
from lensmith.rendering.wording import MISSING, counted, decimals_for, duration, percent, percent_range, points

COLUMNS = (
    "step",
    "what is new",
    "accuracy",
    "95 % interval",
    "gain",
    "95 % interval of the gain",
    "epochs",
    "training",
)


def gain_sentence(its: PairedDifference, n: int) -> str:
    """Say what a step gains over the one it is against, on n images."""
    decimals = decimals_for(n)
    said = "better" if its.difference > 0 else "worse"
    if its.p_adjusted >= LEVEL:
        said = "no detectable gain or loss"
    bounds = f"95 % interval {points(its.low, decimals)} to {points(its.high, decimals)}, p {p_text(its.p_adjusted)}"
    return f"{its.b} against {its.a}: {points(its.difference, decimals)} points ({bounds}): {said}."


def ladder_headline(ladder: Ladder) -> str:
    """Say in a few words what has come of a ladder."""
    steps = {its.name: its.standing.accuracy for its in ladder.comparison.runs}
    detected = [its for its in ladder.comparison.pairs if its.p_adjusted < LEVEL]
    if not detected:
        return f"No step makes a detectable difference ({percent_range(min(steps.values()), max(steps.values()))})"
    first = ladder.steps[0].name
    gains = [its for its in detected if its.difference > 0]
    best = max((its.b for its in gains), key=lambda name: steps[name], default=first)
    if steps[best] <= steps[first]:
        worse = len(detected) - len(gains)
        others = f"; {worse} {'is' if worse == 1 else 'are'} worse" if worse else ""
        return f"No step brings a detectable gain over {first} ({percent(steps[first])}){others}"
    # Where some step falls back, nobody has tested the last against the first.
    if len(gains) < len(detected) and not any((its.a, its.b) == (first, best) for its in gains):
        most = max(gains, key=lambda its: its.difference)
        return f"{most.b} gains most: {points(most.difference, decimals_for(ladder.comparison.n))} points over {most.a}"
    return f"From {percent(steps[first])} ({first}) to {percent(steps[best])} ({best})"


def ladder_rows(ladder: Ladder) -> list[Sequence[str]]:
    """Write each step as a row under `COLUMNS`."""
    n = ladder.comparison.n
    gains, decimals = {its.b: its for its in ladder.comparison.pairs}, decimals_for(n)
    rows: list[Sequence[str]] = []
    for step, its in zip(ladder.steps, ladder.comparison.runs, strict=True):
        gain = gains.get(its.name)
        rows.append(
            (
                step.name,
                step.what,
                *accuracy_cells(its.standing, n),
                points(gain.difference, decimals) if gain else MISSING,
                f"{points(gain.low, decimals)} to {points(gain.high, decimals)}" if gain else MISSING,
                f"{step.epochs:.1f}",
                duration(its.cost.train_seconds),
            )
        )
    return rows


def ladder_title(ladder: Ladder) -> str:
    """Say what was measured: on which images, of how many trainings, in which time."""
    its = ladder.comparison
    return (
        f"{ladder.data}: {counted(its.n, f'{its.split} image')}, {its.runs[0].standing.repeats} seeds, "
        f"{ladder.budget} for each training"
    )


def ladder_text(ladder: Ladder) -> RenderableType:
    """Draw a ladder for a terminal."""
    lines = [gain_sentence(its, ladder.comparison.n) for its in ladder.comparison.pairs]
    lines += filter(None, [adjusting_sentence(ladder.comparison.pairs)])
    lines += [f"{name} is left out: {reason}" for name, reason in ladder.left_out.items()]
    lines += ["", *ladder.comparison.notices, f"Page: {ladder.comparison.report}"]
    return Group(
        table(COLUMNS, ladder_rows(ladder), title=ladder_title(ladder), right=COLUMNS[2:]), Text("\n".join(lines))
    )
