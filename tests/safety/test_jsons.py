import os
from pathlib import Path

import pytest

from lensmith.errors import UnsafeFile
from lensmith.safety import read_json
from lensmith.safety.jsons import DEEPEST, MOST_BYTES, parse_json


@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_only_so_deep_is_read(pair: str):
    def nested(depth: int) -> bytes:
        if pair == "[]":
            return (b"[" * depth) + b"]" * depth
        return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)

    parse_json(nested(DEEPEST), "x")
    with pytest.raises(UnsafeFile, match="x is nested more than 200 deep"):
        parse_json(nested(DEEPEST + 1), "x")
    with pytest.raises(UnsafeFile):
        parse_json(nested(200_000), "x")


def test_brackets_in_text_are_no_depth():
    text = '["' + "[{" * 1000 + '\\"' + "[" * 1000 + '"]'
    assert parse_json(text.encode(), "x")[0].startswith("[{")


def test_only_so_much_is_read(tmp_path: Path):
    file = tmp_path / "a.json"
    with file.open("wb") as opened:
        opened.truncate(MOST_BYTES + 1)
    with pytest.raises(UnsafeFile, match=r"a\.json has more than 268,435,456 bytes"):
        read_json(file)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_encodings_are_no_json(encoding: str):
    """Their bytes could hold a quotation mark that none of their characters is."""
    with pytest.raises(UnicodeDecodeError):
        parse_json('{"\u2200": [[[]]]}'.encode(encoding), "x")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(UnsafeFile, match="is no file"):
            read_json(path)


@pytest.mark.parametrize("content", [b"", b"{", b'"\xff"', b"[1,]"])
def test_what_is_no_json_is_a_value_error(content: bytes, tmp_path: Path):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"char|column|utf-8|codec"):
        read_json(tmp_path / "a.json")
