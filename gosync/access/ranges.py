"""Ranges of a log file, counted by a process beside this one.

A plain file of many lines is cut into ranges of so many bytes; a line belongs to the
range that it begins in. The other process reads and counts one range after the other;
here the lines that a rule is about are held against the rules, in their order, and what
was counted is added where it is much, and in the end. So the result is that of one
process that reads all of it.

One process, since each takes 15 MiB of memory, and since days that are over are told by
the order in which lines were counted.

Packed logs and pipes have no ranges: they are read from their beginning to their end.
"""

from __future__ import annotations

import gc
import os
import pickle
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import msgspec

from gosync.access.files import BLOCK_BYTES, STANDARD_INPUT, is_packed
from gosync.access.linecounts import LineCounter, LogCounts
from gosync.access.lines import LogForm, LogReader, WholeLines
from gosync.access.rows import LogLine
from gosync.work.lookahead import in_order
from gosync.work.processes import Hands

RANGE_BYTES: Final = 4 << 20
_LINES: Final = msgspec.msgpack.Decoder(list[LogLine])


class LogRange(msgspec.Struct, frozen=True):
    """A range of a log file.

    Attributes:
        start: Where it begins, in bytes.
        end: Where it ends; None for the end of the file.
    """

    start: int
    end: int | None


class RangeCounts(msgspec.Struct, frozen=True):
    """What is in a range, packed: some of them wait until it is their turn.

    Attributes:
        read: How many lines were requests.
        unread: How many were none, or too long.
        forms: The forms that were met, in order.
        packed: What was counted, here and before, as far as it is told already: where
            it was much, and after the last range.
        shown: Lists of the lines that somebody wants to see, in order.
    """

    read: int
    unread: int
    forms: list[LogForm]
    packed: list[bytes]
    shown: list[bytes]

    def counts(self) -> Iterator[LogCounts]:
        """Yield what was counted."""
        for each in self.packed:
            yield pickle.loads(each)  # noqa: S301 - written by our own process

    def shown_lines(self) -> Iterator[list[LogLine]]:
        """Yield the lines that somebody wants to see."""
        return map(_LINES.decode, self.shown)


class RangeReader:
    """A process that counts ranges, where that pays and may be done."""

    def __init__(self, new_counter: Callable[[], LineCounter], size_bytes: int) -> None:
        """Make it ready; no thread of this process may begin before.

        Args:
            new_counter: Makes what counts lines.
            size_bytes: How large the logs are that have ranges.
        """
        self._counter = new_counter()
        gc.freeze()  # a collection would write to memory that the two share
        self._hands: Hands[LogRange, RangeCounts | OSError] = Hands(
            self._count, count=1, size_bytes=size_bytes
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self._hands.__exit__(failed)

    @contextmanager
    def counted(self, name: str) -> Iterator[Generator[RangeCounts]]:
        """Give the ranges of a log that has some, counted, in their order.

        Raises:
            OSError: It cannot be read.
            StoreError: The process was killed.
        """
        with Path(name).open("rb") as file:
            descriptor = file.fileno()

            def count(one: LogRange) -> RangeCounts:
                found = self._hands.offer(one, subject=name, descriptor=descriptor)
                if found is None:  # nobody is there, for any range
                    found = self._count(one, descriptor)
                if isinstance(found, OSError):
                    raise found
                return found

            ranges = ranges_of(os.fstat(descriptor).st_size)
            found = in_order(
                count,
                ranges,
                ahead=2,  # one is counted while the one before is added
                threads=1,
                abandon=self._hands.kill,
            )
            try:
                yield found
            finally:
                found.close()

    def _count(self, one: LogRange, descriptor: int | None) -> RangeCounts | OSError:
        """Count the lines that begin in a range of an open file.

        An error is returned: nobody else may count again what this one has counted.
        """
        assert descriptor is not None
        try:
            return self._counted(one, descriptor)
        except OSError as exc:
            return exc

    def _counted(self, one: LogRange, descriptor: int) -> RangeCounts:
        lines, reader = WholeLines(), _begun_reader(descriptor)
        packed: list[bytes] = []
        shown: list[bytes] = []
        for block in _blocks(descriptor, one, lines):
            found = reader.lines(block)
            wanted = self._counter.count(found) if found else None
            if wanted:
                shown.append(msgspec.msgpack.encode(wanted))
            if self._counter.is_full:
                packed.append(pickle.dumps(self._counter.take()))
        if one.end is None:
            packed.append(pickle.dumps(self._counter.take()))
        unread = reader.unread + lines.too_long
        return RangeCounts(reader.read, unread, reader.forms, packed, shown)


def _begun_reader(descriptor: int) -> LogReader:
    """Return a reader that knows the form of a file's first lines."""
    reader = LogReader()
    reader.lines(WholeLines().add(os.pread(descriptor, BLOCK_BYTES, 0)))
    reader.read = reader.unread = 0
    return reader


def ranges_of(size_bytes: int) -> list[LogRange]:
    """Return the ranges of a file; the last one goes on to its end, wherever it is."""
    starts = range(0, max(size_bytes, 1), RANGE_BYTES)
    ends = [*starts[1:], None]
    return [LogRange(start, end) for start, end in zip(starts, ends, strict=True)]


def ranged_bytes(name: str) -> int:
    """Return how large a log is that is worth its ranges; 0 for another one."""
    if name == STANDARD_INPUT:
        return 0
    try:
        status = Path(name).stat()
        is_plain = stat.S_ISREG(status.st_mode) and status.st_size > RANGE_BYTES
        return status.st_size if is_plain and not is_packed(name) else 0
    except OSError:
        return 0  # whoever reads it says why


def _blocks(descriptor: int, one: LogRange, lines: WholeLines) -> Iterator[bytes]:
    """Yield the lines that begin in a range, by blocks."""
    at = _first_line(descriptor, one.start)
    while one.end is None or at < one.end:
        wanted = BLOCK_BYTES if one.end is None else min(BLOCK_BYTES, one.end - at)
        data = os.pread(descriptor, wanted, at)
        if not data:
            break
        at += len(data)
        yield lines.add(data)
    while not lines.is_whole:
        data = os.pread(descriptor, BLOCK_BYTES, at)
        if not data:
            break
        at += len(data)
        line, end, _ = data.partition(b"\n")
        yield lines.add(line + end)
    yield lines.end()


def _first_line(descriptor: int, start: int) -> int:
    """Return where the first line begins that does not begin before a place."""
    at = max(start - 1, 0)
    while start and (data := os.pread(descriptor, BLOCK_BYTES, at)):
        found = data.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(data)
    return at
