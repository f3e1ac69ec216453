import os
from pathlib import Path

import pytest

from lensmith.data.listing import Listing, list_csv, list_folder, printable
from lensmith.errors import DataError


def make(root: Path, *names: str) -> Path:
    """Make files that hold nothing, and folders for names that end in a slash."""
    for name in names:
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.touch()
    return root


def listed(listing: Listing) -> list[tuple[str, str, str]]:
    return [(file.name, file.label, file.split) for file in listing.files]


def write_csv(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_classes_are_folder_names_sorted_and_files_lie_at_any_depth(tmp_path: Path) -> None:
    make(tmp_path, "dog/b.png", "cat/2/x/y.png", "cat/1.png", "cat/2/a.png", "dog/a.png")
    listing = list_folder(tmp_path)
    assert listing.class_names == ("cat", "dog")
    names = ["cat/1.png", "cat/2/a.png", "cat/2/x/y.png", "dog/a.png", "dog/b.png"]
    assert listed(listing) == [(name, name[:3], "") for name in names]
    assert listing.skipped == ()


def test_hidden_and_system_files_and_folders_are_ignored(tmp_path: Path) -> None:
    ignored = (
        "cat/.hidden.png",
        ".git/x.png",
        "__MACOSX/cat/x.png",
        "cat/Thumbs.db",
        "dog/desktop.ini",
        ".DS_Store",
    )
    deeper = ("cat/.cache/x.png", "dog/more/._b.png", "dog/@eaDir/x.png", "$RECYCLE.BIN/x.png")
    make(tmp_path, "cat/a.png", "dog/b.png", *ignored, *deeper)
    listing = list_folder(tmp_path)
    assert listing.class_names == ("cat", "dog")
    assert [file.name for file in listing.files] == ["cat/a.png", "dog/b.png"]
    assert listing.skipped == ()


@pytest.mark.parametrize("validation", ["val", "valid", "validation", "Val", "VALIDATION"])
def test_split_folders_go_by_several_names(validation: str, tmp_path: Path) -> None:
    make(tmp_path, "Train/cat/1.png", "Train/dog/2.png", f"{validation}/cat/3.png", f"{validation}/dog/4.png")
    make(tmp_path, "test/cat/5.png", "test/dog/deep/6.png")
    listing = list_folder(tmp_path)
    assert listing.class_names == ("cat", "dog")
    splits = ["train", "train", "validation", "validation", "test", "test"]
    assert [split for _, _, split in listed(listing)] == splits
    assert [name[-5] for name, _, _ in listed(listing)] == list("123456")


def test_train_folder_alone_is_a_split(tmp_path: Path) -> None:
    listing = list_folder(make(tmp_path, "train/cat/1.png", "train/dog/2.png"))
    assert listed(listing) == [("train/cat/1.png", "cat", "train"), ("train/dog/2.png", "dog", "train")]


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    vehicles = list_folder(make(tmp_path / "a", "bus/1.png", "train/2.png", "train/steam/3.png"))
    assert vehicles.class_names == ("bus", "train")
    assert [label for _, label, _ in listed(vehicles)] == ["bus", "train", "train"]
    both = list_folder(make(tmp_path / "b", "test/1.png", "train/2.png"))
    assert both.class_names == ("test", "train")


def test_folder_beside_the_splits_is_never_taken_for_a_class(tmp_path: Path) -> None:
    make(tmp_path, "train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png", "annotations/a.xml")
    with pytest.raises(DataError, match="the splits test, train and beside them annotations"):
        list_folder(tmp_path)


def test_two_folders_for_one_split_are_refused(tmp_path: Path) -> None:
    make(
        tmp_path,
        "train/a/1.png",
        "train/b/2.png",
        "val/a/3.png",
        "val/b/4.png",
        "valid/a/5.png",
        "valid/b/6.png",
    )
    with pytest.raises(DataError, match="several folders for one split"):
        list_folder(tmp_path)


def test_splits_without_train_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no train folder"):
        list_folder(make(tmp_path, "test/a/1.png", "test/b/2.png"))


def test_classes_that_differ_between_splits_are_named(tmp_path: Path) -> None:
    make(tmp_path / "more", "train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png", "test/c/5.png")
    with pytest.raises(DataError, match=r"test has c, which the training split lacks\. Every split needs the same"):
        list_folder(tmp_path / "more")
    make(tmp_path / "fewer", "train/a/1.png", "train/b/2.png", "val/a/3.png")
    with pytest.raises(DataError, match="val lacks b"):
        list_folder(tmp_path / "fewer")
    make(tmp_path / "other", "train/a/1.png", "train/b/2.png", "val/a/3.png", "val/B/4.png")
    with pytest.raises(DataError, match="val has B, which the training split lacks and lacks b"):
        list_folder(tmp_path / "other")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "has no class folders"),
        (("a.png", "b.png"), "has no class folders"),
        (("cat/1.png",), "one class only: cat"),
        (("train/cat/1.png",), "one class only: cat"),
        (("train/", "test/cat/1.png", "test/dog/1.png"), "train has no classes"),
    ],
    ids=["empty", "flat", "one class", "one class in train", "empty train"],
)
def test_folder_that_holds_no_two_classes_is_refused(names: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        list_folder(make(tmp_path, *names))


def test_files_outside_class_folders_are_named_as_skipped(tmp_path: Path) -> None:
    make(
        tmp_path,
        "README.md",
        "train/notes.txt",
        "train/a/1.png",
        "train/b/2.png",
        "test/a/3.png",
        "test/b/4.png",
    )
    skipped = list_folder(tmp_path).skipped
    assert [(file.path, file.reason) for file in skipped] == [
        ("README.md", "outside any class folder"),
        ("train/notes.txt", "outside any class folder"),
    ]


def test_links_are_followed_but_never_back_up(tmp_path: Path) -> None:
    root = make(tmp_path / "root", "cat/1.png", "dog/2.png")
    elsewhere = make(tmp_path / "elsewhere", "3.png", "more/4.png")
    (root / "cat" / "linked").symlink_to(elsewhere)
    (elsewhere / "round").symlink_to(elsewhere)
    (root / "cat" / "itself").symlink_to(root / "cat")
    (root / "cat" / "up").symlink_to(root)
    (root / "dog" / "further-up").symlink_to(tmp_path)
    assert [file.name for file in list_folder(root).files] == [
        "cat/1.png",
        "cat/linked/3.png",
        "cat/linked/more/4.png",
        "dog/2.png",
    ]


def test_broken_links_and_pipes_are_listed_and_left_closed(tmp_path: Path) -> None:
    make(tmp_path, "cat/1.png", "dog/2.png")
    (tmp_path / "cat" / "nowhere.png").symlink_to(tmp_path / "missing.png")
    (tmp_path / "cat" / "loop.png").symlink_to(tmp_path / "cat" / "loop.png")
    os.mkfifo(tmp_path / "dog" / "pipe.jpg")
    names = ["cat/1.png", "cat/loop.png", "cat/nowhere.png", "dog/2.png", "dog/pipe.jpg"]
    assert [file.name for file in list_folder(tmp_path).files] == names


ODD_NAMES = [
    "emoji 🐈",
    "new\nline",
    "quote\"s'",
    "\u202egnp.exe",
    "=cmd()",
    "<script>",
    "comma,semi;",
    "a\\b",
    "ä",
]


def test_odd_names_are_kept(tmp_path: Path) -> None:
    make(tmp_path, *(f"{name}/{name}.png" for name in ODD_NAMES))
    listing = list_folder(tmp_path)
    assert sorted(listing.class_names) == sorted(ODD_NAMES)
    assert {file.name for file in listing.files} == {f"{name}/{name}.png" for name in ODD_NAMES}


def test_names_that_are_not_utf8_can_be_printed_and_stored(tmp_path: Path) -> None:
    make(tmp_path, "cat/1.png", "dog/2.png")
    try:
        os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
        (tmp_path / "caf\udce9" / "\udcff.png").touch()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    listing = list_folder(tmp_path)
    assert listing.class_names == ("caf\\xe9", "cat", "dog")
    assert listed(listing)[0] == ("caf\\xe9/\\xff.png", "caf\\xe9", "")
    assert os.path.exists(listing.files[0].path)


def test_printable_changes_only_what_is_not_utf8() -> None:
    assert [printable(name) for name in ODD_NAMES] == ODD_NAMES
    assert printable("x\udce9").encode() == b"x\\xe9"


def test_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    make(tmp_path, "cat/1.png", "dog/2.png")
    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(DataError, match=f"{tmp_path} cannot be read: Permission denied"):
        list_folder(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_lists_files_in_its_order_relative_to_itself(encoding: str, tmp_path: Path) -> None:
    text = 'path,label,split\nb/2.png,dog,train\n"a, b.png",cat,train\n/abs/3.png,cat,val\nb/4.png,dog,valid\n'
    listing = list_csv(write_csv(tmp_path, text, encoding))
    assert listing.class_names == ("cat", "dog")
    assert [file.path for file in listing.files] == [
        f"{tmp_path}/b/2.png",
        f"{tmp_path}/a, b.png",
        "/abs/3.png",
        f"{tmp_path}/b/4.png",
    ]
    assert listed(listing)[1:3] == [("a, b.png", "cat", "train"), ("/abs/3.png", "cat", "validation")]


@pytest.mark.parametrize("header", ["label,other,path", "Label, Other , PATH", "label,other,path,split"])
def test_csv_columns_go_by_name_in_any_order_and_case(header: str, tmp_path: Path) -> None:
    listing = list_csv(write_csv(tmp_path, f"{header}\r\ncat,x, 1.png\r\ndog ,x,2.png\r\n"))
    assert listed(listing) == [("1.png", "cat", ""), ("2.png", "dog", "")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no images. Expected a header `path,label`"),
        ("path,label\n", "names no images"),
        ("file,label\n1.png,a\n", "no column 'path'; its header is 'file,label'"),
        ("path,class\n1.png,a\n", "no column 'label'"),
        ("path;label\n1.png;a\n", "no column 'path'; its header is 'path;label'"),
        ("path,label\n1.png,a\n,b\n", "line 3: path is empty"),
        ("path,label\n1.png,a\n2.png,\n", "line 3: label is empty"),
        ("path,label\n1.png,a\n2.png\n", "line 3: label is empty"),
        ('path,label,note\n1.png,a,"x\ny"\n\n2.png, ,z\n', "line 5: label is empty"),
        ("path,label\n1.png,a\nred, green.png,b\n", "line 3: more fields than the header has"),
        ("path,label,split\n1.png,a,trian\n", "line 2: no split named 'trian'. Did you mean 'train'?"),
        ("path,label,split\n1.png,a,train\n2.png,b,train\n3.png,a,\n", "1 of 3 rows have no split"),
        ("path,label,split\n1.png,a,test\n2.png,b,test\n", "no row with the split train"),
        ("path,label\n1.png,a\n2.png,a\n", "one class only: a"),
        ("path,label\n1\x00.png,a\n2.png,b\n", "line 2: path holds a NUL"),
        ('path,label\n"1.png,a\n', "cannot be read as CSV"),
        (
            "path,label,split\n1.png,a,train\n2.png,b,train\n3.png,c,test\n4.png,a,test\n5.png,b,test\n",
            "test' has c",
        ),
        ("path,label,split\n1.png,a,train\n2.png,b,train\n4.png,a,test\n", "split 'test' lacks b"),
    ],
)
def test_csv_that_is_wrong_says_where(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        list_csv(write_csv(tmp_path, text))
    assert message in str(raised.value)
    assert "list.csv" in str(raised.value)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_csv_in_another_encoding_is_refused(encoding: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read as CSV"):
        list_csv(write_csv(tmp_path, "path,label\nä.png,a\nö.png,b\n", encoding))


def test_split_names_of_a_csv_may_be_in_capitals(tmp_path: Path) -> None:
    rows = [
        f"{place}.png,{label},{split}\n"
        for place, (label, split) in enumerate((label, split) for split in ("Train", "TEST") for label in "ab")
    ]
    listing = list_csv(write_csv(tmp_path, "path,label,split\n" + "".join(rows)))
    assert [file.split for file in listing.files] == ["train", "train", "test", "test"]
