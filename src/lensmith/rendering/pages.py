"""Pages: templates filled in, as one file that loads nothing from elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from lensmith.errors import LensmithError
from lensmith.rendering.wording import TIMES, counted, percent, shorten


def render_page(template: str, view: Mapping[str, Any]) -> str:
    """Fill in a template of this package.

    Args:
        template: Its file's name.
        view: What it shows. Names in it may hold anything; they are escaped.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lensmith.rendering", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, counted=counted, shorten=shorten, path=_path, shape=_shape)
    html = environment.get_template(template).render(view)
    # File names on Linux may hold bytes that are no text; they would make the page impossible to write.
    return html.encode("utf-8", "backslashreplace").decode("utf-8")


def check_page(page: Path) -> None:
    """Refuse a page that could not be written in the end.

    Raises:
        LensmithError: Its name does not end in .html, or there is no such folder.
    """
    if page.suffix.lower() != ".html":
        raise LensmithError(f"The page {page} must end in .html.")
    check_folder(page)


def check_folder(file: Path) -> None:
    """Refuse a file whose folder is not there.

    Raises:
        LensmithError: There is no such folder.
    """
    if not file.resolve().parent.is_dir():
        raise LensmithError(f"There is no folder {file.resolve().parent} to write {file.name} into.")


def _path(name: str) -> Markup:
    """Write a file's path so that it may be broken after a slash."""
    return Markup("/<wbr>").join(name.split("/"))


def _shape(shape: tuple[int | None, ...]) -> str:
    """Write an output shape without the batch."""
    return f" {TIMES} ".join("any" if size is None else str(size) for size in shape[1:])
