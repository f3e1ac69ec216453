import io
import stat
import zipfile
from pathlib import Path

import pytest

from lensmith.errors import UnsafeFile
from lensmith.safety import check_zip
from lensmith.safety.zips import MOST_MEMBERS


def archive(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes], compress: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compress) as its:
        for name, content in members:
            its.writestr(name, content)
    return path


def test_a_good_archive_gives_its_members(tmp_path: Path):
    its = archive(tmp_path / "a.zip", ("a/b.txt", b"text"), ("c.bin", bytes(1000)))
    assert [member.filename for member in check_zip(its)] == ["a/b.txt", "c.bin"]


def test_members_that_do_not_belong_are_named(tmp_path: Path):
    its = archive(tmp_path / "a.zip", ("config.json", b"{}"), ("evil.py", b""))
    with pytest.raises(UnsafeFile, match=r"its member 'evil\.py' does not belong"):
        check_zip(its, lambda name: name.endswith(".json"))


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/etc/passwd", "C:/evil", "a\\b", ".."])
def test_a_member_points_nowhere_else(name: str, tmp_path: Path):
    with pytest.raises(UnsafeFile, match="points out of the archive"):
        check_zip(archive(tmp_path / "a.zip", (zipfile.ZipInfo(name), b"x")))


def test_a_link_is_refused(tmp_path: Path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(UnsafeFile, match="'link' is a link"):
        check_zip(archive(tmp_path / "a.zip", (link, b"/etc/passwd")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["config.json", "CONFIG.json"])
def test_no_name_is_there_twice(second: str, tmp_path: Path):
    with pytest.raises(UnsafeFile, match=r"two members of the name 'config\.json'"):
        check_zip(archive(tmp_path / "a.zip", ("config.json", b"1"), (second, b"2")))


@pytest.mark.parametrize(("size", "refused"), [(60_000, False), (100_000, True), (10_000_000, True)])
def test_what_grows_a_hundredfold_is_refused_unless_it_is_small(size: int, refused: bool, tmp_path: Path):
    its = archive(tmp_path / "a.zip", ("zeros", bytes(size)))
    if refused:
        with pytest.raises(UnsafeFile, match=rf"would grow from [\d,]+ to {size:,} bytes"):
            check_zip(its)
    else:
        check_zip(its)


def test_members_over_one_another_are_refused(tmp_path: Path):
    its = archive(tmp_path / "a.zip", ("a", bytes(range(256)) * 10), compress=zipfile.ZIP_STORED)
    content = its.read_bytes()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entries = b"".join(content[start : end - 1] + bytes([letter]) for letter in b"abcd")
    tail = bytearray(content[end:])
    tail[8:10] = tail[10:12] = (4).to_bytes(2, "little")
    tail[12:16] = len(entries).to_bytes(4, "little")
    its.write_bytes(content[:start] + entries + bytes(tail))
    with zipfile.ZipFile(its) as opened:
        assert opened.namelist() == ["a", "b", "c", "d"]
    with pytest.raises(UnsafeFile, match="its members overlap"):
        check_zip(its)


def test_one_that_is_encrypted_or_packed_in_another_way_is_refused(tmp_path: Path):
    its = archive(tmp_path / "a.zip", ("a", b"x" * 100), compress=zipfile.ZIP_BZIP2)
    with pytest.raises(UnsafeFile, match="compressed in a way that is not read"):
        check_zip(its)
    its = archive(tmp_path / "b.zip", ("a", b"x"))
    content = bytearray(its.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    its.write_bytes(bytes(content))
    with pytest.raises(UnsafeFile, match="is encrypted"):
        check_zip(its)


def test_too_many_members_are_refused(tmp_path: Path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as its:
        for place in range(MOST_MEMBERS + 1):
            its.writestr(str(place), b"")
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    with pytest.raises(UnsafeFile, match="has 10,001 members"):
        check_zip(tmp_path / "a.zip")


@pytest.mark.parametrize("content", [b"", b"PK nonsense", b"PK\x05\x06" + bytes(10), bytes(1000)])
def test_what_is_no_archive_is_said(content: bytes, tmp_path: Path):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(UnsafeFile, match=r"a\.zip is no ZIP archive that can be read"):
        check_zip(tmp_path / "a.zip")
