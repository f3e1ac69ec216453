"""What image files say of themselves beside their pictures: format, orientation, and when they were taken."""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime

from PIL import ExifTags, Image

from lensmith.data.decode import open_image, orientation_of, telling_damage
from lensmith.data.reading import check_file
from lensmith.errors import DecodeError

ENDINGS = {
    "JPEG": ("jpg", "jpeg", "jpe", "jfif"),
    "PNG": ("png",),
    "GIF": ("gif",),
    "BMP": ("bmp", "dib"),
    "WEBP": ("webp",),
    "TIFF": ("tif", "tiff"),
}
"""How the names of files of each format end."""


@dataclass(frozen=True)
class Facts:
    """What a file says of itself.

    Attributes:
        format: One of those that are read, by its content.
        size: Height and width as they are stored, pixels.
        orientation: By EXIF; 1 is upright.
        taken_at: Seconds since 1970 by the camera's clock; `None` where that is not said.
    """

    format: str
    size: tuple[int, int]
    orientation: int
    taken_at: float | None

    def is_named(self, path: str) -> bool:
        """Tell whether a file's name ends as files of this format do, or has no ending."""
        ending = path.rpartition("/")[2].rpartition(".")
        return not ending[0] or ending[2].lower() in ENDINGS[self.format]


def facts_of(path: str) -> Facts:
    """Read what a file says of itself.

    Raises:
        DecodeError: As `decode`, as far as the header tells.
    """
    check_file(path)
    with telling_damage(), open_image(path) as image:
        return Facts(str(image.format), (image.height, image.width), orientation_of(image), _time_of(image))


def taken_at(path: str) -> float | None:
    """Tell when a picture was taken, in seconds since 1970 by the camera's clock; `None` where it does not say."""
    try:
        return facts_of(path).taken_at
    except DecodeError:
        return None


def _time_of(image: Image.Image) -> float | None:
    # EXIF is a comment, and cameras write all sorts of things into it: what cannot be read is not known.
    with contextlib.suppress(Exception):
        exif = Image.Image.getexif(image)
        details = exif.get_ifd(ExifTags.IFD.Exif)
        said = details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
        fraction = 0.0
        with contextlib.suppress(ValueError):
            fraction = float(f"0.{str(details.get(ExifTags.Base.SubsecTimeOriginal) or 0).strip()}")
        return datetime.strptime(str(said), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC).timestamp() + fraction
    return None
