from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.server import Server, serving

from lensmith.runs import Run


@pytest.fixture(scope="module")
def server(tiny_run: Run) -> Iterator[Server]:
    with serving(tiny_run.path) as running:
        yield running


@pytest.fixture(scope="module")
def files(stripes_folder: Path) -> list[Path]:
    return sorted(stripes_folder.rglob("*.png"))[::9]
