"""Manifests and their diff."""

from dataclasses import replace

import pytest

from offswitch_sandbox import Change, ChangeKind, FileState, diff
from stories import ORIGINAL, SCRIPT


def test_a_manifest_does_not_differ_from_itself() -> None:
    assert diff(ORIGINAL, ORIGINAL) == ()


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        (replace(SCRIPT, sha256="x"), (ChangeKind.CONTENT,)),
        (replace(SCRIPT, size=1), (ChangeKind.CONTENT,)),
        (replace(SCRIPT, mode=0o644), (ChangeKind.MODE,)),
        (replace(SCRIPT, uid=0), (ChangeKind.OWNER,)),
        (replace(SCRIPT, inode=5), (ChangeKind.INODE,)),
        (replace(SCRIPT, mtime_ns=5), (ChangeKind.TIMES,)),
        (replace(SCRIPT, ctime_ns=5), (ChangeKind.TIMES,)),
        (replace(SCRIPT, kind="link", target="t"), (ChangeKind.KIND, ChangeKind.CONTENT, ChangeKind.TARGET)),
    ],
)
def test_a_change_says_what_differs(after: FileState, kinds: tuple[ChangeKind, ...]) -> None:
    assert diff({"f": SCRIPT}, {"f": after}) == (Change("f", kinds, SCRIPT, after),)


def test_added_and_removed_files_are_changes_sorted_by_path() -> None:
    changes = diff({"b": SCRIPT}, {"a": SCRIPT})
    assert [(change.path, change.kinds) for change in changes] == [
        ("a", (ChangeKind.ADDED,)),
        ("b", (ChangeKind.REMOVED,)),
    ]


def test_the_size_of_a_directory_is_not_its_content() -> None:
    home = ORIGINAL["."]
    assert diff({".": home}, {".": replace(home, size=8192)}) == ()
