"""The way down to one folder, held open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.folder.cursor import FolderCursor, cursor_below
from gosync.folder.tree import FileTree
from gosync.folder.walk import MAX_DEPTH


@pytest.fixture
def cursor(tmp_path: Path) -> Iterator[FolderCursor]:
    for name in ("a/b/c", "a/d", "e"):
        (tmp_path / "root" / name).mkdir(parents=True)
    with cursor_below(FileTree(tmp_path), "root") as found:
        yield found


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _is(handle: int, folder: Path) -> bool:
    return os.path.samestat(os.fstat(handle), folder.stat())


@pytest.mark.parametrize(
    "ways",
    [
        ["a/b/c", "a/d", "", "e", "a/b", "a/b/c"],
        ["", "a", "a/b", "a/b/c", "e", "e", "a/d"],
    ],
)
def test_each_folder_is_the_one_that_was_asked_for(
    cursor: FolderCursor, tmp_path: Path, ways: list[str]
):
    for path in ways:
        assert _is(cursor.enter(path), tmp_path / "root" / path)


def test_after_a_folder_that_is_not_there_the_others_are(
    cursor: FolderCursor, tmp_path: Path
):
    for path in ("a/b/x/y", "a/x", "x"):
        with pytest.raises(FileNotFoundError):
            cursor.enter(path)
        assert _is(cursor.enter("a/b"), tmp_path / "root/a/b")


def test_a_link_is_not_followed_on_the_way(cursor: FolderCursor, tmp_path: Path):
    (tmp_path / "root/l").symlink_to("a")

    for path in ("l", "l/b"):
        with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
            cursor.enter(path)


@pytest.mark.parametrize(
    "path", ["..", "a/../..", "/", "/etc", "a//b", "a/", ".", "a/" * MAX_DEPTH + "a"]
)
def test_no_path_leads_elsewhere_or_too_deep(cursor: FolderCursor, path: str):
    with pytest.raises(ValueError, match="no path"):
        cursor.enter(path)


def test_nothing_stays_open(tmp_path: Path):
    (tmp_path / "a/b").mkdir(parents=True)
    tree, before = FileTree(tmp_path), _open_files()

    with cursor_below(tree, "a") as cursor:
        cursor.enter("b")
        assert _open_files() == before + 2
        cursor.enter("")
        assert _open_files() == before + 1

    assert _open_files() == before


def test_only_plain_files_are_files(cursor: FolderCursor, tmp_path: Path):
    (tmp_path / "root/f").write_text("f")
    (tmp_path / "root/l").symlink_to("f")
    os.mkfifo(tmp_path / "root/p")
    (tmp_path / "root/a/g").write_text("g")

    cursor.enter("")
    assert [
        name for name in ("f", "g", "l", "p", "a", "x") if cursor.has_file(name)
    ] == ["f"]
    cursor.enter("a")
    assert cursor.has_file("g")
    assert not cursor.has_file("f")
    cursor.enter("e")
    assert not cursor.has_file("g")
