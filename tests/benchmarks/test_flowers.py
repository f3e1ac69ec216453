from pathlib import Path

import pytest
from benchmarks import flowers


def test_of_a_photo_that_is_there_twice_one_is_kept_and_that_of_the_test_is_leaked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    names = ["test/rose/1.jpg", "train/rose/2.jpg", "train/rose/3.jpg", "train/rose/4.jpg", "test/rose/5.jpg"]
    for name in names:
        (tmp_path / "flowers12" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "flowers12" / name).touch()
    listed = tmp_path / "repeated.txt"
    listed.write_text("# A comment.\ntest/rose/1.jpg train/rose/2.jpg\ntrain/rose/3.jpg train/rose/4.jpg\n")
    monkeypatch.setenv("LENSMITH_DATA", str(tmp_path))
    monkeypatch.setattr(flowers, "REPEATED", listed)
    kept = [path.relative_to(tmp_path / "flowers12").as_posix() for path in flowers.different_photos()]
    assert kept == ["test/rose/1.jpg", "test/rose/5.jpg", "train/rose/3.jpg"]
    assert flowers.leaked() == {"test/rose/1.jpg"}
    flowers.link_different_photos(tmp_path / "links")
    assert (tmp_path / "links" / "train" / "rose" / "3.jpg").resolve() == tmp_path / "flowers12" / "train/rose/3.jpg"


def test_without_the_photos_it_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LENSMITH_DATA", str(tmp_path))
    with pytest.raises(SystemExit, match="Set LENSMITH_DATA"):
        flowers.different_photos()
