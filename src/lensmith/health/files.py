"""Files that cannot be read, that are not what their names say, or whose pictures have unusual sizes."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lensmith.data import LARGEST_NATIVE_SIDE, Facts, Skipped, facts_of
from lensmith.errors import DecodeError
from lensmith.health.findings import Finding, finding

SMALLEST_SIDE, LARGEST_SIDE = 32, 10_000
"""Pixels of the shorter and of the longer side of what is no unusual photo."""
WIDEST = 4.0
"""Times that the longer side may be the shorter one."""

ADVICE = {
    "empty file": "Copy them anew, or remove them.",
    "truncated": "A part of each is missing: copy them anew, or remove them.",
    "damaged": "Save them anew from the original, or remove them.",
    "not an image": "Save them as JPEG or PNG, or move them elsewhere.",
    "too many pixels": "Make them smaller before they are used here.",
    "missing file": "Correct the paths in the CSV, or put the files where they should be.",
    "unreadable file": "Give yourself permission to read them.",
    "outside any class folder": "Move each into the folder of its class, or elsewhere.",
}


@dataclass(frozen=True)
class FileFacts:
    """The facts of a file that can be read, and its place among all images."""

    place: int
    name: str
    path: str
    facts: Facts


def read_facts(names: Sequence[str], paths: Sequence[str]) -> list[FileFacts]:
    """Read what files say of themselves; those that cannot be read any more are left out."""

    def read(place: int, name: str, path: str) -> FileFacts | None:
        try:
            return FileFacts(place, name, path, facts_of(path))
        except DecodeError:
            return None

    with ThreadPoolExecutor() as pool:
        return [its for its in pool.map(read, range(len(names)), names, paths) if its]


def unreadable(skipped: Sequence[Skipped]) -> list[Finding]:
    """List the files that were found and cannot be used, by reason."""
    reasons: dict[str, list[Skipped]] = defaultdict(list)
    for its in skipped:
        reasons[its.reason].append(its)
    found = []
    for reason, files in sorted(reasons.items()):
        advice = ADVICE.get(reason, "Save them anew from the original, or remove them.")
        found += finding(reason, "warning", [its.path for its in files], advice, [its.detail for its in files])
    return found


def unusual(files: Sequence[FileFacts]) -> list[Finding]:
    """List files that are named wrong or held wrong, and pictures of extreme sizes and shapes."""
    misnamed = [its for its in files if not its.facts.is_named(its.path)]
    turned = [its for its in files if its.facts.orientation != 1]
    wide = [its for its in files if max(its.facts.size) > WIDEST * min(its.facts.size)]
    # Where most are small they are so on purpose, as in MNIST.
    photos = sum(max(its.facts.size) > LARGEST_NATIVE_SIDE for its in files) > len(files) / 2
    small = [its for its in files if photos and min(its.facts.size) < SMALLEST_SIDE]
    large = [its for its in files if max(its.facts.size) > LARGEST_SIDE]
    return [
        *finding(
            "name says another format",
            "note",
            _names(misnamed),
            "They are read by their content. Rename them, because other programs go by the name.",
            [f"is {its.facts.format}" for its in misnamed],
        ),
        *finding(
            "turned by EXIF",
            "note",
            _names(turned),
            "They are turned upright here. Programs that ignore EXIF see them lying: save them upright to be sure.",
            [f"orientation {its.facts.orientation}" for its in turned],
        ),
        *finding(
            "very wide or high",
            "warning",
            _names(wide),
            "Stretching them to a square leaves little to see: cut them, or train with --set data.resize=pad.",
            _sizes(wide),
        ),
        *finding(
            "very small", "warning", _names(small), "They are blown up to many times their size: remove them.",
            _sizes(small),
        ),
        *finding(
            "very large", "note", _names(large), "Make them smaller: reading them takes most of the time.",
            _sizes(large),
        ),
    ]  # fmt: skip


def _names(files: Sequence[FileFacts]) -> list[str]:
    return [its.name for its in files]


def _sizes(files: Sequence[FileFacts]) -> list[str]:
    return [f"{its.facts.size[1]}×{its.facts.size[0]} pixels" for its in files]
