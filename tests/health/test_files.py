import pytest

from lensmith.data import Facts, Skipped
from lensmith.health.files import FileFacts, unreadable, unusual


def file(name: str = "a.jpg", *, size: tuple[int, int] = (300, 400), orientation: int = 1) -> FileFacts:
    return FileFacts(0, name, name, Facts("JPEG", size, orientation, None))


def kinds(*files: FileFacts) -> set[str]:
    return {its.kind for its in unusual([*files, *[file()] * 5])}


@pytest.mark.parametrize(
    ("its", "kind"),
    [
        (file("a.png"), "name says another format"),
        (file(orientation=3), "turned by EXIF"),
        (file(size=(100, 401)), "very wide or high"),
        (file(size=(401, 100)), "very wide or high"),
        (file(size=(31, 40)), "very small"),
        (file(size=(9_000, 10_001)), "very large"),
    ],
)
def test_each_is_told_for_what_is_unusual_about_it(its: FileFacts, kind: str):
    assert kinds(its) == {kind}


def test_usual_files_and_images_that_are_small_on_purpose_are_not_told():
    assert kinds(file("b.JPEG"), file(size=(100, 400))) == set()
    assert unusual([file(size=(28, 28))] * 10) == []


def test_files_that_cannot_be_used_are_told_by_reason_with_advice():
    skipped = [Skipped("a", "truncated", "at 80"), Skipped("b", "odd"), Skipped("c", "truncated")]
    found = {its.kind: (its.paths, its.details) for its in unreadable(skipped)}
    assert found == {"truncated": (["a", "c"], ["at 80", ""]), "odd": (["b"], [""])}
    assert all(its.advice for its in unreadable(skipped))
