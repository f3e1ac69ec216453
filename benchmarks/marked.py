"""Put what a command has measured between its two marks in a page that is written by hand."""

from pathlib import Path

from lensmith.files import write_text


def write_measured(page: Path, command: str, text: str) -> None:
    """Replace what stands between the marks of a command.

    Args:
        page: Has a line `<!-- measured: made by COMMAND -->`, the command in backquotes, and below it
            `<!-- measured: end -->`.
        command: As it is typed.
        text: To stand between them.

    Raises:
        ValueError: The page lacks a mark.
    """
    begin, end = f"<!-- measured: made by `{command}` -->", "<!-- measured: end -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page} has no {begin} with {end} below it. Put both back.")
    write_text(page, f"{before}{begin}\n\n{text}\n\n{end}{after}")
