"""The journal as files: ``journal/NNNNNNNN.jsonl``; the contract is ``journal``'s.

A batch is appended with one write and one fsync. A line without its newline is a torn
write of a killed run; it is cut off before the next append and skipped by readers.

A file that is over 64 MiB is followed by the next number; it begins with the newest
"store" line, so that this is found in the last file. Files are never rewritten.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from gosync.errors import MalformedError
from gosync.store.durable import disk_errors, sync_folder, write_all
from gosync.store.journal import (
    MAX_LINE_BYTES,
    Damage,
    EntryValue,
    Journal,
    format_entry,
    parse_entry,
)
from gosync.store.layout import JOURNAL, journal_name, parse_journal_name

ROTATE_BYTES = 64 << 20
_TAIL_BYTES = 64 << 10


class LocalJournal(Journal):
    """The journal files of one store."""

    def __init__(
        self,
        root: Path,
        *,
        rotate_bytes: int = ROTATE_BYTES,
        writing: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._writing = writing
        self._folder = root / JOURNAL
        self._rotate_bytes = rotate_bytes
        self._lock = threading.Lock()
        self._current: Path | None = None
        self._size_bytes = 0  # of the current file, after our last append
        self._before: Callable[[], None] | None = None
        self._first_line = b""

    def writing(self) -> AbstractContextManager[None]:
        """Hold the store's writer lock; see Journal."""
        return self._writing()

    def begin_files_with(self, entry: Mapping[str, EntryValue]) -> None:
        """Have every further file of the journal begin with an entry."""
        self._first_line = format_entry(entry)

    def before_entries(self, work: Callable[[], None]) -> None:
        """Have something done each time before entries; see Journal."""
        self._before = work

    def append(self, entries: Iterable[Mapping[str, EntryValue]]) -> int:
        """Append entries with one write and one fsync; see Journal."""
        lines = [format_entry(entry) for entry in entries]
        if not lines:
            return 0
        with self._writing():
            if self._before is not None:
                self._before()
            with self._lock, disk_errors(self._folder):
                self._append(b"".join(lines))
        return len(lines)

    def _append(self, data: bytes) -> None:
        path = self._open_file()
        try:
            self._size_bytes = self._write(path, data)
        except BaseException:
            # What is torn now is cut off by the next append, in any process.
            self._current = None
            raise

    @property
    def is_as_we_left_it(self) -> bool:
        """Whether nobody else has appended since this object did."""
        with self._lock, disk_errors(self._folder):
            return self._is_ours(self._newest())

    def _newest(self) -> Path:
        numbers = journal_numbers(self._folder)
        return self._folder / journal_name(numbers[-1] if numbers else 1)

    def _is_ours(self, path: Path) -> bool:
        return path == self._current and path.stat().st_size == self._size_bytes

    def _open_file(self) -> Path:
        """Return the file to append to, repaired, or the next one."""
        path = self._newest()
        if not path.exists():
            self._current = None
        elif not self._is_ours(path):
            self._repair(path)
            path = self._newest()
        if not path.exists():
            create_journal_file(path)
        elif path.stat().st_size >= self._rotate_bytes:
            path = self._folder / journal_name(parse_journal_name(path.name) + 1)
            create_journal_file(path)
            if self._first_line:
                self._write(path, self._first_line)
        self._current = path
        return path

    def _repair(self, path: Path) -> None:
        """Cut off what a killed run tore; somebody else wrote last."""
        cut_torn_line(path)

    def _write(self, path: Path, data: bytes) -> int:
        """Append bytes, durable; return the file's size after that."""
        return append_durably(path, data)

    def read(self) -> Iterator[dict[str, EntryValue] | Damage]:
        """Yield every entry, oldest first; see Journal."""
        for number in journal_numbers(self._folder):
            yield from _read_file(self._folder / journal_name(number))


def journal_numbers(folder: Path) -> list[int]:
    """Return the numbers of a journal's files, in order; none without the folder.

    Raises:
        StoreError: the folder cannot be read.
    """
    numbers: list[int] = []
    if not folder.is_dir():
        return numbers
    with disk_errors(folder):
        for entry in folder.iterdir():
            with suppress(MalformedError):
                numbers.append(parse_journal_name(entry.name))
    return sorted(numbers)


def create_journal_file(path: Path) -> None:
    """Make an empty file, whose name is durable.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644
    )
    os.close(descriptor)
    sync_folder(path.parent)


def append_durably(path: Path, data: bytes) -> int:
    """Append bytes, durable; return the file's size after that.

    Raises:
        OSError: the disk refuses; the file is as it was, if it can be.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        before = os.fstat(descriptor).st_size
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, before)
            raise
        return before + len(data)
    finally:
        os.close(descriptor)


def cut_torn_line(path: Path) -> None:
    """Cut off what follows the last newline.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        size = end = os.fstat(descriptor).st_size
        while end:
            start = max(0, end - _TAIL_BYTES)
            newline = os.pread(descriptor, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            os.ftruncate(descriptor, end)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_file(path: Path) -> Iterator[dict[str, EntryValue] | Damage]:
    number = 0
    with disk_errors(path), path.open("rb") as file:
        while line := file.readline(MAX_LINE_BYTES):
            number += 1
            try:
                yield parse_entry(line)
            except MalformedError:
                yield Damage(path.name, number, torn=not line.endswith(b"\n"))
