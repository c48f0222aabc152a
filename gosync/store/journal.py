"""Journal storage, the contract: what was admitted and trusted, entry by entry.

A catalog can be made anew from it. An entry is one JSON object of plain values on a
line of at most 4 MiB, in ASCII; what the objects say is ``gosync.ingest.entries``'.
``localjournal`` keeps files; ``tests/contract`` runs every rule below over each
implementation.

**Order.** Entries are read in the order in which they were appended, whoever appended
them: ``append`` holds the store's writer lock, and whoever writes the catalog, too,
holds it around both (``writing``; it nests). The journal is written after a batch's
blobs are durable and before the catalog commits: it may say more than the catalog,
never less.

**Durable.** All entries of an ``append`` at its return. An error keeps all of them out;
killed in between, some may be there, of which the last may be torn. What is torn is
``Damage`` to readers and gone with the next ``append``. Entries are never changed.

**Idempotent** it is not: what is appended twice is there twice. Who reads entries takes
the last word on each thing, so that to append again after an error does no harm.

**Errors.** ``NoSpaceError`` where there is no room, ``LockedError`` where others write
for too long, else ``StoreError``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from gosync.errors import MalformedError, StoreError

MAX_LINE_BYTES = 4 << 20

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


class Journal(Protocol):
    """Appends and reads entries; threads may share it."""

    def writing(self) -> AbstractContextManager[None]:
        """Hold the store's writer lock, to write more than an append.

        Raises:
            LockedError: somebody else holds it for too long.
        """
        ...

    def begin_files_with(self, entry: Mapping[str, EntryValue]) -> None:
        """Have every further part of the journal begin with an entry.

        So what it says is found in the newest part, however long the journal is.
        """
        ...

    def before_entries(self, work: Callable[[], None]) -> None:
        """Have something done each time before entries are appended.

        Args:
            work: May append entries itself, and is called before these, too. What it
                raises keeps the entries out.
        """
        ...

    def append(self, entries: Iterable[Mapping[str, EntryValue]]) -> int:
        """Append entries, durable before it returns; return how many there were.

        Raises:
            NoSpaceError: there is no room; none of them is kept.
            LockedError: somebody else writes for too long.
            StoreError: one is too long, or they cannot be written.
        """
        ...

    @property
    def is_as_we_left_it(self) -> bool:
        """Whether nobody else has appended since this object did.

        Raises:
            StoreError: the journal cannot be read.
        """
        ...

    def read(self) -> Iterator[dict[str, EntryValue] | Damage]:
        """Yield every entry, oldest first, and what is damaged in its place.

        Raises:
            StoreError: the journal cannot be read.
        """
        ...


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
