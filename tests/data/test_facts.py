from pathlib import Path

import pytest
from tests.health.planted import exif, picture, save

from lensmith.data.facts import facts_of, taken_at
from lensmith.errors import DecodeError


def test_a_file_tells_format_size_orientation_and_time(tmp_path: Path):
    path = save(picture(1, 30, 40), tmp_path / "a.jpg", exif=exif(6, "2026:05:01 10:00:00"))
    facts = facts_of(str(path))
    assert (facts.format, facts.size, facts.orientation) == ("JPEG", (30, 40), 6)
    later = save(picture(1), tmp_path / "b.jpg", exif=exif(1, "2026:05:01 10:01:30"))
    assert facts_of(str(later)).taken_at - facts.taken_at == 90


@pytest.mark.parametrize("said", ["", "yesterday", "0000:00:00 00:00:00", "2026:13:01 10:00:00"])
def test_a_time_that_is_none_is_not_known(said: str, tmp_path: Path):
    assert taken_at(str(save(picture(1), tmp_path / "a.jpg", exif=exif(1, said)))) is None


def test_what_is_no_image_has_no_facts_and_no_time(tmp_path: Path):
    (tmp_path / "a.jpg").write_text("no pixels")
    assert taken_at(str(tmp_path / "a.jpg")) is None
    with pytest.raises(DecodeError, match="not an image"):
        facts_of(str(tmp_path / "a.jpg"))


@pytest.mark.parametrize(
    ("name", "kind", "right"),
    [
        ("a.jpg", "JPEG", True),
        ("a.JPEG", "JPEG", True),
        ("a.png", "JPEG", False),
        ("a", "PNG", True),
        ("a.tif", "TIFF", True),
    ],
)
def test_a_name_is_held_against_the_content(name: str, kind: str, right: bool, tmp_path: Path):
    path = save(picture(1), tmp_path / name, format=kind)
    assert facts_of(str(path)).is_named(str(path)) is right
