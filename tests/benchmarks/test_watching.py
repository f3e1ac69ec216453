import time

import pytest
from benchmarks.watching import busy_cores, busy_seconds, is_quiet


@pytest.mark.parametrize(
    ("load", "before", "meanwhile", "quiet"),
    [
        # Right after another measurement the load average is still its own.
        (4.0, 0.0, 0.0, True),
        (0.0, 1.0, 0.0, False),
        (0.0, 0.0, 1.0, False),
        # Where the system does not say more, the load average decides.
        (4.0, None, None, False),
        (1.0, None, None, True),
    ],
)
def test_machine_is_quiet_when_nobody_else_works(
    load: float, before: float | None, meanwhile: float | None, quiet: bool
) -> None:
    assert is_quiet(load, before, meanwhile) is quiet


def test_own_work_is_seen() -> None:
    before = busy_seconds()
    if before is None:
        assert busy_cores(0.0) is None
        return
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    assert (busy_seconds() or 0) - before >= 0.25
