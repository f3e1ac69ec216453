from pathlib import Path

import pytest
from PIL import Image

import lensmith
from lensmith.errors import LensmithError


def test_the_picture_is_drawn_and_the_classes_counted(stripes_folder: Path, tmp_path: Path):
    record = lensmith.show(stripes_folder, n=5, output=tmp_path / "five.png")
    with Image.open(tmp_path / "five.png") as image:
        assert image.width > 300
    assert record.classes["train"] == {"horizontal": 28, "vertical": 28}


def test_more_samples_than_images_is_no_error(stripes_folder: Path, tmp_path: Path):
    lensmith.show(stripes_folder, n=100, output=tmp_path / "all.png")
    assert (tmp_path / "all.png").exists()


def test_a_picture_that_cannot_be_written_is_said(stripes_folder: Path, tmp_path: Path):
    with pytest.raises(LensmithError, match="cannot be written"):
        lensmith.show(stripes_folder, output=tmp_path / "no" / "folder.png")
