"""The journal: what was admitted and trusted, so that a catalog can be made anew.

``journal/NNNNNNNN.jsonl``, numbered from 1: one JSON object a line, ASCII, at
most 4 MiB a line. What the objects say is gosync.ingest.entries'.

A batch is appended with one write and one fsync, after its blobs are durable
and before the catalog commits: the journal may say more than the catalog, never
less.

A line without its newline is a torn write of a killed run; it is cut off before
the next append and skipped by readers. Several processes may append, each under the
store's writer lock. A file that is over 64 MiB is followed
by the next number; it begins with the newest "store" line, so that this is found in
the last file. Files are never rewritten.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

import msgspec

from gosync.errors import MalformedError, StoreError
from gosync.store.durable import disk_errors, sync_folder, write_all
from gosync.store.layout import JOURNAL, journal_name, parse_journal_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

ROTATE_BYTES = 64 << 20
MAX_LINE_BYTES = 4 << 20
_TAIL_BYTES = 64 << 10

EntryValue = str | int | bool | None


class Damage(msgspec.Struct, frozen=True):
    """A line of the journal that is no JSON object.

    Attributes:
        file: The journal file's name.
        line: The line's number, from 1.
        torn: Whether it is the last line and has no newline: a killed run's.
    """

    file: str
    line: int
    torn: bool


class Journal:
    """The journal of one store.

    Attributes:
        writing: The store's writer lock, which an append takes; it nests. Whoever
            writes catalog, too, holds it around both.
    """

    def __init__(
        self,
        root: Path,
        *,
        rotate_bytes: int = ROTATE_BYTES,
        writing: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.writing = writing
        self._folder = root / JOURNAL
        self._rotate_bytes = rotate_bytes
        self._lock = threading.Lock()
        self._current: Path | None = None
        self._size_bytes = 0  # of the current file, after our last append
        self._before: Callable[[], None] | None = None
        self._first_line = b""

    def begin_files_with(self, entry: Mapping[str, EntryValue]) -> None:
        """Have every further file of the journal begin with an entry."""
        self._first_line = format_entry(entry)

    def before_entries(self, work: Callable[[], None]) -> None:
        """Have something done each time before entries are appended.

        Args:
            work: May append entries itself, and is called before these, too. What it
                raises keeps the entries out.
        """
        self._before = work

    def append(self, entries: Iterable[Mapping[str, EntryValue]]) -> int:
        """Append entries, durable before it returns; return how many there were.

        Raises:
            NoSpaceError: the disk is full; none of them is kept.
            StoreError: they cannot be written.
        """
        lines = [format_entry(entry) for entry in entries]
        if not lines:
            return 0
        with self.writing():
            if self._before is not None:
                self._before()
            with self._lock, disk_errors(self._folder):
                self._append(b"".join(lines))
        return len(lines)

    def _append(self, data: bytes) -> None:
        path = self._open_file()
        try:
            self._size_bytes = _append(path, data)
        except BaseException:
            # What is torn now is cut off by the next append, in any process.
            self._current = None
            raise

    @property
    def is_as_we_left_it(self) -> bool:
        """Whether nobody else has appended since this object did.

        Raises:
            StoreError: the journal cannot be read.
        """
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
            _cut_torn_line(path)
        if not path.exists():
            _create(path)
        elif path.stat().st_size >= self._rotate_bytes:
            path = self._folder / journal_name(parse_journal_name(path.name) + 1)
            _create(path)
            _append(path, self._first_line)
        self._current = path
        return path

    def read(self) -> Iterator[dict[str, EntryValue] | Damage]:
        """Yield every entry, oldest first, and what is damaged in its place.

        Raises:
            StoreError: the journal cannot be read.
        """
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


def format_entry(entry: Mapping[str, EntryValue]) -> bytes:
    """Return the line of an entry; the inverse of parse_entry.

    Raises:
        StoreError: it is too long.
    """
    line = json.dumps(dict(entry), separators=(",", ":"), sort_keys=True)
    if len(line) >= MAX_LINE_BYTES:
        raise StoreError(f"journal: an entry of {len(line)} bytes is too long")
    return line.encode("ascii") + b"\n"


def parse_entry(line: bytes) -> dict[str, EntryValue]:
    """Return the entry of one line.

    Raises:
        MalformedError: it is no JSON object of plain values.
    """
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MalformedError("journal line", line[:80], "not JSON") from error
    if not isinstance(entry, dict) or not all(
        value is None or isinstance(value, str | int) for value in entry.values()
    ):
        raise MalformedError("journal line", line[:80], "not an object of plain values")
    return entry


def _create(path: Path) -> None:
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644
    )
    os.close(descriptor)
    sync_folder(path.parent)


def _append(path: Path, data: bytes) -> int:
    """Append bytes, durable; return the file's size after that."""
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


def _cut_torn_line(path: Path) -> None:
    """Cut off what follows the last newline."""
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
