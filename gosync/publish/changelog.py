"""Files of a tree that changed and that nobody was told of yet, noted as they change.

    STORE/changes/noted.jsonl     notes of publishes, each made before its change
    STORE/changes/telling.jsonl   notes that somebody is being told of

A note is ``["added", "rsc.io/quote/@v/list"]``, or "changed", or "removed". Because it
is made first, a publish that is killed leaves none out; what is noted and then not done
is noted again by the next publish, and told twice at worst. A power cut may lose the
notes since the last barrier of the tree.

Any number of writers append, each note for itself, under a lock of the file. Whoever
tells takes all notes over, and forgets them once everybody was told; one at a time
does.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from gosync.store.durable import disk_errors, make_folder, write_all
from gosync.store.layout import CHANGES

_MODE: Final = 0o600
_MAX_BYTES: Final = 64 << 20


class FileChange(StrEnum):
    """What became of a file."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class TreeChanges(msgspec.Struct, frozen=True):
    """What became of a tree's files; each is in one list.

    Attributes:
        added: Files that were not there.
        changed: Files that say something else.
        removed: Files that are there no more.
        everything: Whether so much changed that it was not kept: anything may have.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    everything: bool = False

    @property
    def any(self) -> bool:
        """Whether anything changed."""
        return self.everything or bool(self.added or self.changed or self.removed)


class ChangeLog:
    """The notes of one store's tree."""

    def __init__(self, store: Path) -> None:
        """Take the store's root; nothing need be there."""
        self._folder = store / CHANGES
        self._noted = self._folder / "noted.jsonl"
        self._telling = self._folder / "telling.jsonl"

    def note(self, change: FileChange, path: str) -> None:
        """Note that a file is about to change.

        Raises:
            StoreError: it cannot be written.
        """
        line = msgspec.json.encode((change, path)) + b"\n"
        with disk_errors(self._noted):
            try:
                self._append(line)
            except FileNotFoundError:
                make_folder(self._folder)
                self._append(line)

    def _append(self, line: bytes) -> None:
        with _opened(self._noted) as file:
            if os.fstat(file).st_size < _MAX_BYTES:
                write_all(file, line)

    def sync(self) -> None:
        """Make the notes durable.

        Raises:
            StoreError: they cannot be.
        """
        with disk_errors(self._noted), suppress(FileNotFoundError):
            file = os.open(self._noted, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(file)
            finally:
                os.close(file)

    @contextmanager
    def telling(self) -> Iterator[TreeChanges]:
        """Hand out all that nobody was told of; it is forgotten at the block's end.

        An exception keeps it. Where somebody else is telling there is nothing.

        Raises:
            StoreError: the notes cannot be read or written.
        """
        if not self._folder.is_dir():
            yield TreeChanges()
            return
        with disk_errors(self._telling), _opened(self._telling, wait=False) as file:
            if file < 0:
                yield TreeChanges()
                return
            self._take_over(file)
            yield _read(self._telling)
            os.ftruncate(file, 0)

    def _take_over(self, file: int) -> None:
        with _opened(self._noted) as noted:
            data = self._noted.read_bytes()
            if data:
                write_all(file, data)
                os.fsync(file)
                os.ftruncate(noted, 0)


@contextmanager
def _opened(path: Path, *, wait: bool = True) -> Iterator[int]:
    """Open a file to append, under its lock; -1 where that is taken."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    file = os.open(path, flags, _MODE)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield -1
        else:
            yield file
    finally:
        os.close(file)


def _read(path: Path) -> TreeChanges:
    """Return what the notes come to; the beginning of one is left out."""
    states: dict[str, FileChange | None] = {}
    data = path.read_bytes()
    for line in data.splitlines():
        with suppress(msgspec.DecodeError):
            change, name = msgspec.json.decode(line, type=tuple[FileChange, str])
            states[name] = _union(states.get(name), change)
    found: dict[FileChange, list[str]] = {each: [] for each in FileChange}
    for name, state in states.items():
        if state is not None:
            found[state].append(name)
    return TreeChanges(
        tuple(found[FileChange.ADDED]),
        tuple(found[FileChange.CHANGED]),
        tuple(found[FileChange.REMOVED]),
        everything=len(data) >= _MAX_BYTES,
    )


def _union(before: FileChange | None, change: FileChange) -> FileChange | None:
    """Return what two changes of one file come to."""
    if before is FileChange.ADDED and change is FileChange.CHANGED:
        return FileChange.ADDED
    if before is FileChange.REMOVED and change is FileChange.ADDED:
        return FileChange.CHANGED
    return change
