"""How much of the machine others use while something is measured: a busy machine makes every second too long."""

import os
import time
from pathlib import Path

BUSY_BEFORE, BUSY_MEANWHILE = 0.25, 0.1
"""Cores that others keep busy, above which a measurement is marked: in a second before it, and on average during it."""
IDLE_LOAD = 2.5
"""Load average that counts as busy where the system does not say more.

Right after a measurement on two cores it is still about that measurement's own.
"""


def busy_seconds() -> float | None:
    """Return the processor seconds that all cores have worked since the start; `None` where Linux is not.

    What the host of a virtual machine took away counts as work.
    """
    try:
        ticks = list(map(int, Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]))
    except OSError:
        return None
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts, stolen = ticks
    return (user + nice + system + interrupts + soft_interrupts + stolen) / os.sysconf("SC_CLK_TCK")


def busy_cores(seconds: float = 1.0) -> float | None:
    """Watch for a while how many cores are busy; `None` where the system does not say."""
    before = busy_seconds()
    if before is None:
        return None
    time.sleep(seconds)
    return ((busy_seconds() or before) - before) / seconds


def is_quiet(load_before: float, cores_before: float | None, cores_meanwhile: float | None) -> bool:
    """Tell whether a measurement had the machine to itself.

    Args:
        load_before: Load average over a minute, before the start.
        cores_before: Cores that were busy just before the start.
        cores_meanwhile: Cores that others than the measured process kept busy, on average.

    Example:
        >>> is_quiet(3.0, 0.02, 0.03), is_quiet(0.5, 0.02, 0.8), is_quiet(3.0, None, None)
        (True, False, False)
    """
    if cores_before is None or cores_meanwhile is None:
        return load_before <= IDLE_LOAD
    return cores_before <= BUSY_BEFORE and cores_meanwhile <= BUSY_MEANWHILE
