"""What a check of a data set has found: as lines, and as one page that loads nothing from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lensmith.health import Finding, Health
from lensmith.rendering.pages import render_page
from lensmith.rendering.pictures import Picture, picture
from lensmith.rendering.wording import counted

SHOWN_IN_LINES, SHOWN_ON_PAGE, NAMED_ON_PAGE = 5, 50, 200
MOST_OF_A_GROUP = 8
THUMBNAIL = 112
"""CSS pixels."""


@dataclass(frozen=True)
class Shown:
    """A file on the page: its picture, where it can be read, its class and its split."""

    name: str
    picture: Picture | None
    label: str
    split: str


def findings_lines(health: Health) -> str:
    """Write what was found for a terminal, the worst first, with some of the files' names."""
    lines = [
        f"{health.data}: {counted(health.images, 'image')}, {health.readable:,} can be read, "
        f"{counted(len(health.whole.class_names), 'class', 'classes')}."
    ]
    for its in health.findings:
        lines += ["", f"{its.severity.upper()}: {its.kind}, {its.count:,}", f"  {its.advice}"]
        lines += [f"    {line}" for line in _named(its)]
    if not health.findings:
        lines += ["", "Nothing was found."]
    return "\n".join([*lines, ""])


def finding_line(finding: Finding, data: str) -> str:
    """Write one finding in a line, for a command that has found it by the way."""
    groups = finding.groups or [[path] for path in finding.paths]
    named = "; ".join(map(_group, groups[:SHOWN_IN_LINES]))
    more = f" and {len(groups) - SHOWN_IN_LINES:,} more" if len(groups) > SHOWN_IN_LINES else ""
    return f"{finding.severity.upper()}: {finding.kind}: {named}{more}. {finding.advice} See: lensmith check {data}"


def _named(finding: Finding) -> list[str]:
    groups = finding.groups or [[path] for path in finding.paths]
    details = finding.details or [""] * len(groups)
    rows = zip(groups[:SHOWN_IN_LINES], details, strict=False)
    named = [f"{_group(group)}{f' ({detail})' if detail else ''}" for group, detail in rows]
    more = len(groups) - SHOWN_IN_LINES
    return [*named, *([f"and {more:,} more, all on the page and in --json"] if more > 0 else [])]


def _group(names: Sequence[str]) -> str:
    """Write the names of files that belong together, of many the first."""
    return " = ".join(names[:MOST_OF_A_GROUP]) + _more(names)


def _more(names: Sequence[str]) -> str:
    """Say how many of a group are not named."""
    return f" and {len(names) - MOST_OF_A_GROUP:,} more" if len(names) > MOST_OF_A_GROUP else ""


def render_health(health: Health) -> str:
    """Draw the page: HTML in one piece, which needs neither a network nor scripts."""
    worst = health.findings[0].severity if health.findings else ""
    return render_page(
        "health.html.j2",
        {
            "health": health,
            "worst": worst,
            "counts": {its: sum(f.severity == its for f in health.findings) for its in ("error", "warning", "note")},
            "sections": [_section(health, its) for its in health.findings],
        },
    )


def _section(health: Health, finding: Finding) -> dict[str, Any]:
    groups: Sequence[Sequence[str]] = finding.groups or [[path] for path in finding.paths]
    details = finding.details or [""] * len(groups)
    place_of = {name: place for place, name in enumerate(health.whole.images.names)}
    shown = [[_shown(health, name, place_of) for name in group[:MOST_OF_A_GROUP]] for group in groups[:SHOWN_ON_PAGE]]
    details = [f"{text}{_more(its)}" for its, text in zip(groups, details, strict=False)]
    drawn = any(its.picture for group in shown for its in group)
    listed = list(zip(groups, details, strict=False))[len(shown) if drawn else 0 :][:NAMED_ON_PAGE]
    return {
        "finding": finding,
        "rows": list(zip(shown, details, strict=False)) if drawn else [],
        "grouped": bool(finding.groups),
        "listed": [(_group(group), detail) for group, detail in listed],
        "more": len(groups) - (len(shown) if drawn else 0) - len(listed),
    }


def _shown(health: Health, name: str, place_of: dict[str, int]) -> Shown:
    place = place_of.get(name)
    if place is None:
        return Shown(name, None, "", "")
    image = health.whole.images.read(slice(place, place + 1))[0]
    return Shown(name, picture(image, THUMBNAIL), health.whole.class_of(place), health.whole.splits[place])
