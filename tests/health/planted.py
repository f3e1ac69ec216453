"""A folder of pictures in which everything is wrong that `check` looks for, and where."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

SIDE = 96
SCRIPT = "<script>alert(1)<_script>.png"


def picture(seed: int, height: int = SIDE, width: int = SIDE) -> Image.Image:
    """Shapes of several sizes in several colours, none like another."""
    random = np.random.default_rng(seed)
    pixels = np.zeros((height, width, 3))
    for cells in (4, 9, 21, 48):
        coarse = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        pixels += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)) / cells**0.5
    return Image.fromarray((255 * pixels / pixels.max()).astype(np.uint8))


def save(image: Image.Image, path: Path, **options: object) -> Path:
    """Write a picture, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def exif(orientation: int = 1, taken: str = "") -> bytes:
    """Make EXIF with an orientation and a time."""
    made = Image.Exif()
    made[0x0112] = orientation
    if taken:
        made.get_ifd(0x8769)[0x9003] = taken
    return made.tobytes()


def write_planted(root: Path) -> dict[str, set[str]]:
    """Write the folder.

    Returns:
        By kind of finding, the names of the files that it should name.
    """
    for number in range(24):
        split, kind = ("train", "test")[number % 4 == 3], ("cat", "dog")[number % 2]
        save(picture(number), root / split / kind / f"{'abcdefghijklmnopqrstuvwx'[number]}{number}x.png")
    train = root / "train"
    (train / "cat" / "empty.jpg").write_bytes(b"")
    whole = save(picture(100), train / "cat" / "cut.jpg", quality=90).read_bytes()
    (train / "cat" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (train / "dog" / "notes.jpg").write_text("these are no pixels")
    (train / "readme.txt").write_text("outside")
    save(picture(101), train / "cat" / "really-a-png.jpg", format="PNG")
    save(picture(102), train / "cat" / "lying.jpg", exif=exif(6), quality=95)
    save(picture(103, 40, 400), train / "dog" / "panorama.png")
    save(picture(104, 16, 16), train / "dog" / "icon.png")
    save(Image.new("RGB", (SIDE, SIDE), (90, 90, 90)), train / "cat" / "nothing.png")
    save(picture(105).point(lambda value: value // 16), train / "cat" / "night.png")
    save(picture(106).point(lambda value: 255 - value // 16), train / "dog" / "snow.png")
    save(picture(107).filter(ImageFilter.GaussianBlur(6)), train / "dog" / "shaken.png")
    save(picture(108), train / "cat" / "twin.png")
    save(picture(108), train / "cat" / "again.bmp")
    save(picture(109), train / "cat" / "cat-or.png")
    save(picture(109), train / "dog" / "dog.png")
    save(picture(110), train / "cat" / "leaked.png")
    save(picture(110), root / "test" / "cat" / "leak.png")
    save(picture(111), train / "dog" / "original.png")
    save(picture(111).transpose(Image.Transpose.FLIP_LEFT_RIGHT), root / "test" / "dog" / "mirrored.jpg", quality=80)
    for number, seconds in enumerate((10, 12, 15)):
        shot = exif(taken=f"2026:05:01 10:00:{seconds}")
        split = "test" if number == 2 else "train"
        save(picture(120 + number), root / split / "dog" / f"{'pqr'[number]}-shot.jpg", exif=shot, quality=95)
    for number in range(2):
        save(picture(130 + number), root / ("train", "test")[number] / "cat" / f"tom_{number}.png")
    save(picture(140), train / "emu" / SCRIPT, format="JPEG")
    save(picture(141), train / "emu" / "=cmd() 'quoted', \N{DUCK}\nline.png")
    return {
        "empty file": {"train/cat/empty.jpg"},
        "truncated": {"train/cat/cut.jpg"},
        "not an image": {"train/dog/notes.jpg"},
        "outside any class folder": {"train/readme.txt"},
        "name says another format": {"train/cat/really-a-png.jpg", f"train/emu/{SCRIPT}"},
        "turned by EXIF": {"train/cat/lying.jpg"},
        "very wide or high": {"train/dog/panorama.png"},
        "very small": {"train/dog/icon.png"},
        "blank": {"train/cat/nothing.png"},
        "dark": {"train/cat/night.png"},
        "bright": {"train/dog/snow.png"},
        "blurred": {"train/dog/shaken.png", "train/dog/icon.png"},
        "same pixels": {"train/cat/twin.png", "train/cat/again.bmp"},
        "same pixels under several labels": {"train/cat/cat-or.png", "train/dog/dog.png"},
        "same pixels in several splits": {"train/cat/leaked.png", "test/cat/leak.png"},
        "nearly the same picture in several splits": {"train/dog/original.png", "test/dog/mirrored.jpg"},
        "taken in a burst": {"train/dog/p-shot.jpg", "train/dog/q-shot.jpg", "test/dog/r-shot.jpg"},
        "classes without an image in test": {"emu"},
        "classes of few images": {"emu"},
    }
