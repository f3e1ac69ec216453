"""What commands print, as one JSON document or for people; what is only for people is imported when it is wanted."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lensmith.records import Record


def set_screen(quiet: bool) -> None:
    """Say whether progress is shown, in this command."""
    from lensmith.rendering.progress import SCREEN, Screen

    SCREEN.set(Screen(quiet=quiet))


def print_record(record: "Record", json: bool) -> bool:
    """Print a record as JSON if that is wanted; tell whether it was."""
    if json:
        from lensmith.records import to_json

        print(to_json(record))
    return json


def print_rows(rows: list[dict[str, Any]], json: bool) -> None:
    """Print rows of the same columns, as JSON or as a table."""
    if json:
        from lensmith.records import to_json

        print(to_json(rows))
    elif rows:
        from lensmith.rendering.terminal import rows_table, stdout

        stdout().print(rows_table(rows))
