"""Which store this is, and how far it has come: the store id and the generation.

A store's folder, its journal, its catalog and each tree that is published from it
carry one random id. So a catalog, a journal or a tree of another store is told from
our own. The generation is a number that grows: before a run writes its first line of
the journal, and before each publish. It is written ahead of what depends on it::

    journal   {"kind": "store", "format": 1, "store": ID,
               "generation": N}                                  durable first
    catalog   identity.generation = N                            then committed
    tree      .gosync/tree.json: "store": ID, "generation": N    then written

So of an honest site tree <= catalog <= journal holds, whenever it was killed. A
journal that is a number ahead of its catalog was being written when a run was killed,
if nothing follows that line; if something does, the catalog is an older one. The rules
are ``gosync.site.standing``'s.

``store.json`` in the store's folder is ``{"format": 1, "store": ID}``. The journal's
line names the format of all lines; what is added to it are kinds of lines that an
older gosync counts and leaves. A line without it is of format 1.
"""

from __future__ import annotations

import mmap
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec

from gosync.errors import MalformedError, StoreError
from gosync.store.durable import disk_errors, replace_file
from gosync.store.journal import EntryValue, parse_entry
from gosync.store.layout import IDENTITY, JOURNAL, STAGING, journal_name
from gosync.store.localjournal import journal_numbers

KIND = "store"
JOURNAL_FORMAT = 1
_FORMAT = 1
_MAX_BYTES = 4096
_ID = re.compile("[0-9a-f]{32}")
# As format_entry writes it; inside of a JSON string the quotes would be escaped.
_NEEDLE = b'"kind":"store"'
_PIECE_BYTES = 1 << 20


class Mark(msgspec.Struct, frozen=True):
    """A line of the journal that says how far the store has come.

    Attributes:
        store: The store's id.
        generation: The number.
        is_last: Whether nothing follows it but other marks.
    """

    store: str
    generation: int
    is_last: bool = True


class _File(msgspec.Struct, frozen=True):
    format: int
    store: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]


def new_store_id() -> str:
    """Return a random id: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def read_store_id(root: Path) -> str:
    """Return the id in a store's folder, "" where there is none that can be read.

    Raises:
        StoreError: the disk refuses.
    """
    path = root / IDENTITY
    with disk_errors(path):
        if not path.is_file():  # to open a pipe would wait for its writer
            return ""
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES)
    return parse_store_id(data)


def parse_store_id(data: bytes) -> str:
    """Return the id that a store.json says, "" if it says none."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode(data, type=_File).store
    return ""


def write_store_id(root: Path, store: str) -> None:
    """Write the id into a store's folder, durable before it returns.

    Raises:
        StoreError: it cannot be written.
        NoSpaceError: the disk is full.
    """
    replace_file(root / IDENTITY, format_store_id(store), staging=root / STAGING)


def format_store_id(store: str) -> bytes:
    """Return the store.json that says an id; the inverse of parse_store_id."""
    return msgspec.json.encode(_File(_FORMAT, store)) + b"\n"


def mark_entry(store: str, generation: int) -> dict[str, EntryValue]:
    """Return the journal's entry of a generation."""
    return {
        "kind": KIND,
        "format": JOURNAL_FORMAT,
        "store": store,
        "generation": generation,
    }


def parse_mark(entry: Mapping[str, EntryValue]) -> Mark:
    """Return the mark of a "store" entry; the inverse of mark_entry.

    Raises:
        MalformedError: it is none.
        StoreError: it is of a newer format.
    """
    known = entry.get("format", JOURNAL_FORMAT)
    if isinstance(known, int) and known > JOURNAL_FORMAT:
        raise StoreError(
            f"the journal's format {known} is newer than this gosync knows"
            f" ({JOURNAL_FORMAT})",
            hint="use the newer gosync that wrote it",
        )
    store, generation = entry.get("store"), entry.get("generation")
    if not isinstance(store, str) or not _ID.fullmatch(store):
        raise MalformedError("journal store", store, "want an id of 32 hex digits")
    if type(generation) is not int or generation < 0:
        raise MalformedError("journal store", generation, "want a generation")
    return Mark(store, generation)


def read_marks(root: Path) -> Iterator[Mark]:
    """Yield the marks of a store's journal, the newest first.

    What lies before the mark that the caller wants is not read. A torn last line is
    as if it were not there.

    Raises:
        StoreError: the journal cannot be read.
    """
    is_last = True
    for file in reversed(_files(root)):
        for mark in _marks_of(file):
            is_last = is_last and mark.is_last
            if mark.store:
                yield msgspec.structs.replace(mark, is_last=is_last)


def has_entries(root: Path) -> bool:
    """Return whether a store's journal says anything but marks.

    Raises:
        StoreError: the journal cannot be read.
    """
    for path in _files(root):
        with disk_errors(path), path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n") and _mark_in(line) is None:
                    return True
    return False


def _files(root: Path) -> list[Path]:
    """Return the journal's files, the oldest first; none where it is not there."""
    folder = root / JOURNAL
    files = (folder / journal_name(number) for number in journal_numbers(folder))
    return [file for file in files if file.is_file()]


def _mark_in(line: bytes) -> Mark | None:
    if _NEEDLE not in line:
        return None
    try:
        return parse_mark(parse_entry(line))
    except MalformedError:
        return None


def _marks_of(path: Path) -> Iterator[Mark]:
    """Yield a file's marks backwards; one without a store says what came before."""
    with disk_errors(path), path.open("rb") as file:
        if file.seek(0, 2) == 0:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield from _marks_in(data)


def _marks_in(data: mmap.mmap) -> Iterator[Mark]:
    end, is_last = _last_of(data, b"\n", len(data)) + 1, True
    while (at := _last_of(data, _NEEDLE, end)) >= 0:
        start, after = _last_of(data, b"\n", at) + 1, data.find(b"\n", at) + 1
        mark = _mark_in(data[start:after])
        is_last = is_last and after == end and mark is not None
        if mark is not None:
            yield msgspec.structs.replace(mark, is_last=is_last)
        end = start
    if end > 0:
        yield Mark("", 0, is_last=False)


def _last_of(data: mmap.mmap, needle: bytes, end: int) -> int:
    """Return where the needle is last before an offset, -1 for nowhere.

    In pieces, since ``bytes.rfind`` is far faster than ``mmap.rfind``.
    """
    while end > 0:
        start = max(0, end - _PIECE_BYTES)
        if (at := data[start:end].rfind(needle)) >= 0:
            return start + at
        end = start + len(needle) - 1 if start else 0
    return -1
