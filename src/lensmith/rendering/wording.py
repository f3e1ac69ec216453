"""How numbers and names are written in pictures and on the page: with a unit, no more exact than they are."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lensmith.evaluation import TTAResult
    from lensmith.runs import Looks

MISSING = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
SPACE = "\N{NO-BREAK SPACE}"
MANY_IMAGES = 10_000
"""From so many images on, a 95 % interval is narrower than two per cent, and a second decimal tells something."""

TTA_VIEWS = {
    "flip": "as it is and mirrored",
    "shift": "as it is, moved one pixel up and left, moved one pixel down and right, and each of these mirrored",
}
"""What test-time augmentation looks at, by its name."""


def percent(fraction: float | None, decimals: int = 1) -> str:
    """Write a fraction as per cent; what is not all or nothing is never rounded to it.

    Args:
        fraction: In `[0, 1]`; `None` or NaN where there is none.
        decimals: Digits after the point.

    Example:
        >>> [percent(its).replace(SPACE, " ") for its in (0.9861, 0.99999, 1.0, 0.00001)]
        ['98.6 %', '> 99.9 %', '100.0 %', '< 0.1 %']
    """
    if fraction is None or fraction != fraction:
        return MISSING
    smallest = 10.0**-decimals
    written = f"{100 * fraction:.{decimals}f}"
    if fraction > 0 and float(written) == 0:
        return f"<{SPACE}{smallest:.{decimals}f}{SPACE}%"
    if fraction < 1 and float(written) == 100:
        return f">{SPACE}{100 - smallest:.{decimals}f}{SPACE}%"
    return f"{written}{SPACE}%"


def percent_range(low: float, high: float, decimals: int = 1) -> str:
    """Write an interval of fractions; what is not all or nothing is never rounded to it.

    Example:
        >>> percent_range(0.968, 0.994).replace(SPACE, " "), percent_range(0.00001, 0.99999).replace(SPACE, " ")
        ('96.8 to 99.4 %', '< 0.1 to > 99.9 %')
    """
    return f"{percent(low, decimals).removesuffix(f'{SPACE}%')} to {percent(high, decimals)}"


def points(difference: float, decimals: int = 1) -> str:
    """Write a difference of fractions in per cent points, with its sign.

    Example:
        >>> points(0.0123), points(-0.005), points(0.0)
        ('+1.2', '−0.5', '0.0')
    """
    written = f"{100 * abs(difference):.{decimals}f}"
    sign = "" if float(written) == 0 else "+" if difference > 0 else "\N{MINUS SIGN}"
    return f"{sign}{written}"


def decimals_for(n: int) -> int:
    """Return how many decimals a percentage over n images deserves."""
    return 2 if n >= MANY_IMAGES else 1


def counted(n: int, singular: str, plural: str = "") -> str:
    """Write a number with the word it counts.

    Example:
        >>> counted(1, "image"), counted(10_000, "image"), counted(2, "class", "classes")
        ('1 image', '10,000 images', '2 classes')
    """
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def duration(seconds: float) -> str:
    """Write seconds as a person would.

    Example:
        >>> [duration(its).replace(SPACE, " ") for its in (0.4312, 12.34, 95, 7512)]
        ['0.43 s', '12.3 s', '1 min 35 s', '2 h 5 min']
    """
    if seconds < 60:
        return f"{seconds:.{2 if seconds < 1 else 1}f}{SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{SPACE}min {rest}{SPACE}s"
    return f"{minutes // 60}{SPACE}h {minutes % 60}{SPACE}min"


def file_size(size: int) -> str:
    """Write bytes in decimal units, three digits or so.

    Example:
        >>> [file_size(its).replace(SPACE, " ") for its in (512, 141_733, 16_500_000_000)]
        ['512 bytes', '142 kB', '16.5 GB']
    """
    value, units = float(size), ["bytes", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    written = f"{value:.0f}" if value >= 100 or units[0] == "bytes" else f"{value:.1f}"
    return f"{written}{SPACE}{units[0]}"


def shorten(text: str, longest: int) -> str:
    """Cut the middle out of a long name: both ends of a path tell the most.

    Example:
        >>> shorten("train/dandelion/image_0412.jpg", 20)
        'train/dan…e_0412.jpg'
    """
    if len(text) <= longest:
        return text
    tail = longest // 2
    return f"{text[: longest - tail - 1]}…{text[-tail:]}" if tail else "…"


def spreadsheet_safe(cell: str) -> str:
    """Keep a spreadsheet from running a name as a formula, by a quote before it.

    Example:
        >>> spreadsheet_safe("=cmd()"), spreadsheet_safe("cat.png")
        ("'=cmd()", 'cat.png')
    """
    cell = cell.replace("\r", "\\r")  # within a cell, a reader would take it for the end of a line
    return f"'{cell}" if cell[:1] in ("=", "+", "@", "\t", "'") else cell


def looks_sentence(looks: "Looks") -> str:
    """Say how often test images were looked at, and what follows where runs were compared by them."""
    compared = counted(looks.compare, "comparison")
    said = (
        f"The test images of this data were looked at {counted(looks.total, 'time')} from this folder of runs: by "
        f"{counted(looks.train, 'training')}, {counted(looks.evaluate, 'evaluation')} and {compared}."
    )
    if not looks.compare:
        return said
    return (
        f"{said} The latest comparison was of {', '.join(looks.compared)}. If a run was chosen by it, its test "
        "accuracy is too high; only images that nobody has chosen by can say what to expect."
    )


def tta_sentence(tta: "TTAResult") -> str:
    """Say what test-time augmentation is, what it changed and what it costs."""
    fixed, broken = counted(tta.fixed, "wrong answer"), counted(tta.broken, "right answer")
    return (
        f"Test-time augmentation ({tta.kind}) averages each answer over {tta.views} views of the image: "
        f"{TTA_VIEWS[tta.kind]}. Here it corrects {fixed} and spoils {broken}. It takes {tta.views} times the "
        "prediction time, and lensmith predict does not use it."
    )
