import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lensmith.backend import free_memory, is_out_of_memory


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's, which other backends' tests do not have."""


def numpys() -> Exception:
    try:
        np.zeros(2**60, np.uint8)
    except MemoryError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        numpys(),
        ResourceExhaustedError("failed to allocate memory"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: out of memory"),
    ],
)
def test_each_librarys_way_of_saying_so_is_recognised(error: Exception):
    assert is_out_of_memory(error)


def test_other_errors_are_not_taken_for_it():
    assert not is_out_of_memory(ValueError("the memory of elephants"))


def written(root: Path, **files: str) -> Path:
    for name, content in files.items():
        file = root / name.replace("__", "/").replace("_max", ".max").replace("_stat", ".stat")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


MACHINE = "MemTotal: 32000000 kB\nMemAvailable:   20000000 kB\nHugePages_Total:       0\n"


def test_what_is_free_is_the_least_of_machine_and_container(tmp_path: Path):
    assert free_memory(written(tmp_path, proc__meminfo=MACHINE)) == 20_000_000 * 1024
    stat = "anon 1000000000\nfile 3000000000\n"
    written(tmp_path, sys__fs__cgroup__memory_max="4000000000\n", sys__fs__cgroup__memory_stat=stat)
    assert free_memory(tmp_path) == 3_000_000_000
    written(tmp_path, sys__fs__cgroup__memory_max="max\n")
    assert free_memory(tmp_path) == 20_000_000 * 1024


def test_where_the_system_does_not_say_nothing_is_known(tmp_path: Path):
    assert free_memory(tmp_path) is None


def test_a_limit_of_the_process_counts():
    program = (
        "import resource, lensmith.backend.memory as memory\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))\n"
        "print(memory.free_memory())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < 2**31
