import os
from itertools import product
from pathlib import Path

import pytest

from lensmith.data.decode import probe
from lensmith.data.reading import MAX_FILE_BYTES, read_file
from lensmith.errors import DecodeError


def test_what_is_not_a_file_of_bytes_is_refused_without_being_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", MAX_FILE_BYTES + 1)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    reasons = {
        "pipe": "not a regular file",
        ".": "not a regular file",
        "empty": "empty file",
        "huge": "too large",
        "loop": "unreadable file",
        "nowhere": "missing file",
        "missing": "missing file",
    }
    for (name, reason), look in product(reasons.items(), (read_file, probe)):
        with pytest.raises(DecodeError) as raised:
            look(tmp_path / name)
        assert raised.value.reason == reason
