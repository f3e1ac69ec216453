"""What every stage returns: a frozen dataclass that turns into JSON and shows itself in a notebook."""

import dataclasses
import json
import math
from html import escape
from pathlib import Path
from typing import Any

# A notebook cell is a glance, not the record: longer lists are counted instead of shown.
LONGEST_LIST_SHOWN = 12


def to_json_value(value: Any) -> Any:
    """Turn a value into what JSON can hold; NaN and infinities become `None`.

    Example:
        >>> to_json_value({"loss": float("nan"), "path": Path("a/b"), "shape": (2, 3)})
        {'loss': None, 'path': 'a/b', 'shape': [2, 3]}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: to_json_value(getattr(value, field.name)) for field in fields if field.repr}
    if isinstance(value, dict):
        return {str(key): to_json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json_value(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return to_json_value(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def to_json(value: Any) -> str:
    """Write a record as one JSON document, never with NaN or Infinity."""
    text = json.dumps(to_json_value(value), indent=2, ensure_ascii=False, allow_nan=False)
    # A file's name that is not UTF-8 holds lone surrogates, which only JSON's escapes can be written with.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclasses.dataclass(frozen=True)
class Record:
    """Base of every record. Fields declared with `repr=False` stay out of JSON and of the notebook."""

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain dictionaries, lists, numbers and strings."""
        value: dict[str, Any] = to_json_value(self)
        return value

    def _repr_html_(self) -> str:
        return html_table(type(self).__name__, self.to_dict())


def html_table(title: str, values: dict[str, Any]) -> str:
    """Lay names and values out as an HTML table, all of it escaped; long lists are counted."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{_html_cell(value)}</td></tr>"
        for name, value in values.items()
    )
    return f"<table><caption>{escape(title)}</caption>{rows}</table>"


def _html_cell(value: Any) -> str:
    if isinstance(value, dict):
        return html_table("", value)
    if isinstance(value, list):
        if len(value) > LONGEST_LIST_SHOWN or any(isinstance(item, list) for item in value):
            return f"{len(value)} entries"
        return "<br>".join(_html_cell(item) for item in value)
    return escape(f"{value:.4g}" if isinstance(value, float) else str(value))
