"""Checks of the own store's journal, tiles and evidence.

=========   ==================================================================
tiles       lead to the trusted head; a bad one is fetched anew, or goes: they
            are kept to be spared a request
journal     each line says something, and together they name every row that the
            catalog carries, with its digests, h1 and record, so that a rebuilt
            catalog has it; what they lack is added
quarantine  each file of an entry has the digest that its evidence.json names;
            what is lost of evidence nobody can bring back
=========   ==================================================================

What is called otherwise than the store calls its files is not the store's, and is left
alone.

The end of the last journal file may be torn: by a killed run, or by one that is
writing just now. There are no lookups: the catalog's records are what they say.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from gosync.catalog.versions import VersionRow
from gosync.digestset import PackedSet
from gosync.errors import (
    GosyncError,
    MalformedError,
    TileMismatchError,
)
from gosync.folder.sums import finish
from gosync.folder.tree import DamagedFileError, FileTree, NotInTreeError
from gosync.folder.walk import Entry, Unread, walk
from gosync.ingest.entries import version_entry
from gosync.store.journal import MAX_LINE_BYTES, Damage, EntryValue, parse_entry
from gosync.store.layout import (
    EVIDENCE,
    JOURNAL,
    QUARANTINE,
    database_folder,
    parse_journal_name,
)
from gosync.store.localjournal import ROTATE_BYTES, LocalJournal
from gosync.sumdb.client import SumClient
from gosync.sumdb.tile import parse_tile_path
from gosync.verify.look.extracted import Everything
from gosync.verify.look.permissions import access_finding, access_trouble
from gosync.verify.verdicts import CacheFinding, Fix, Verdict

_MAX_EVIDENCE_BYTES: Final = 16 << 20
_SAID_BYTES: Final = 16
_PIECE_BYTES: Final = 1 << 20
_ENTRY: Final = re.compile("[0-9a-f]{32}")
# A batch is appended whole, whatever the file's size.
MAX_JOURNAL_BYTES: Final = 2 * ROTATE_BYTES + MAX_LINE_BYTES
# What a rebuilt catalog must have of a row; the rest changes without a new line.
_OF_MOD: Final = (
    *("path", "version", "mod_digest", "mod_bytes", "mod_h1", "info_digest"),
    *("info_bytes", "proof", "record_id", "record_text", "zip_h1"),
)
_OF_ZIP: Final = ("path", "version", "zip_digest", "zip_bytes")


class StoreFiles:
    """The files of one store.

    Attributes:
        has_odd_journal: Whether something else was in a journal file's place.
    """

    def __init__(self, tree: FileTree, unread: list[Unread]) -> None:
        """Take the store, and a list for what cannot be looked at."""
        self._tree = tree
        self._unread = unread
        self._root = tree.root.stat()
        self.has_odd_journal = False

    def below(self, folder: str) -> Iterator[Entry]:
        """Yield what is below a folder of the store, with whole paths."""
        if not (self._tree.root / folder).is_dir():
            return
        for each in walk(self._tree, Everything(), below=folder):
            path = f"{folder}/{each.path}"
            if isinstance(each, Unread):
                self._unread.append(replace(each, path=path))
            else:
                yield replace(each, path=path)

    def _access(self, entry: Entry) -> Iterator[CacheFinding]:
        if reason := access_trouble(entry, self._root):
            yield access_finding(entry, reason, self._root)

    # Tiles.

    def tiles(self, client: SumClient, name: str) -> list[CacheFinding]:
        """Return what is wrong with the tiles of a database, each named once."""
        folder = database_folder(name)
        found: dict[str, CacheFinding] = {}
        for entry in self.below(folder):
            for finding in self._tile(client, folder, entry):
                found.setdefault(finding.path, finding)
        return list(found.values())

    def _tile(
        self, client: SumClient, folder: str, entry: Entry
    ) -> Iterator[CacheFinding]:
        try:
            tile = parse_tile_path(entry.path.removeprefix(f"{folder}/"))
        except MalformedError:
            return  # nobody asks for it: it is not the store's
        if not entry.is_file:
            reason = f"is {entry.shape}, not a file"
            yield _finding(Verdict.CORRUPT, entry.path, reason, Fix.FETCH)
            return
        if entry.stat.st_size != tile.size_bytes:
            reason = f"{entry.stat.st_size} bytes are no tile of {tile.w} hashes"
            yield _finding(Verdict.CORRUPT, entry.path, reason, Fix.FETCH)
            return
        yield from self._access(entry)
        try:
            finish(client.tiles([tile]))
        except TileMismatchError as exc:
            path = f"{folder}/{exc.tiles[0]}" if exc.tiles else entry.path
            yield _finding(Verdict.CORRUPT, path, str(exc), Fix.FETCH)
        except (GosyncError, ValueError):
            return  # its parents are not here: nobody can say

    # The journal.

    def journal(self, rows: Iterable[VersionRow]) -> Iterator[CacheFinding]:
        """Yield what is wrong with the journal.

        Args:
            rows: What it should name; gone over once.
        """
        whole = True
        for entry in self.below(JOURNAL):
            if not is_journal(entry.path):
                continue
            if entry.is_file:
                yield from self._access(entry)
                continue
            self.has_odd_journal, whole = True, False
            reason = f"is {entry.shape}, not a file"
            yield _finding(Verdict.CORRUPT, entry.path, reason, Fix.REWRITE)
        if not whole:
            return  # what the others lack may stand there
        read = JournalRead(self._tree)
        for damage in read.damaged:
            path = f"{JOURNAL}/{damage.file}"
            reason = f"line {damage.line} says nothing that a rebuild could read"
            yield _finding(Verdict.CORRUPT, path, reason, Fix.REWRITE)
        for row in read.lacks(rows):
            reason = "the journal does not name it; a rebuilt catalog would lack it"
            finding = _finding(Verdict.INCOMPLETE, JOURNAL, reason, Fix.REWRITE)
            yield replace(finding, mv=row.mv)

    # Evidence.

    def evidence(self) -> Iterator[CacheFinding]:
        """Yield what is wrong with entries of the quarantine."""
        for name, is_folder in self._entries():
            if _ENTRY.fullmatch(name) is None:
                continue
            path = f"{QUARANTINE}/{name}"
            if not is_folder:
                reason = "no entry of the quarantine"
                yield _finding(Verdict.CORRUPT, path, reason, Fix.DROP)
                continue
            try:
                yield from self._entry(path)
            except (NotInTreeError, DamagedFileError, MalformedError) as exc:
                where = f"{path}/{EVIDENCE}"
                yield _finding(Verdict.CORRUPT, where, _reason(exc), Fix.DROP)

    def _entries(self) -> list[tuple[str, bool]]:
        try:
            with self._tree.folder(QUARANTINE) as folder, os.scandir(folder) as found:
                return sorted(
                    (each.name, each.is_dir(follow_symlinks=False)) for each in found
                )
        except OSError as exc:
            self._unread.append(Unread(QUARANTINE, exc.strerror or str(exc)))
            return []

    def _entry(self, path: str) -> Iterator[CacheFinding]:
        data = self._tree.read(f"{path}/{EVIDENCE}", limit_bytes=_MAX_EVIDENCE_BYTES)
        files = parse_evidence_files(data)
        for entry in self.below(path):
            if entry.is_file:
                yield from self._access(entry)
        for name, want in files.items():
            where = f"{path}/{name}"
            try:
                got = digest_of_file(self._tree, where)
            except NotInTreeError:
                reason = "missing, though evidence.json names it"
                yield _finding(Verdict.INCOMPLETE, where, reason, Fix.DROP)
                continue
            except DamagedFileError as exc:
                yield _finding(Verdict.CORRUPT, where, exc.reason, Fix.DROP)
                continue
            if got != want:
                reason = "it does not have the digest that evidence.json names"
                finding = _finding(Verdict.CORRUPT, where, reason, Fix.DROP)
                yield replace(finding, expected=f"sha256:{want}", found=f"sha256:{got}")


def is_journal(path: str) -> bool:
    """Return whether a path in the store is a journal file's."""
    try:
        parse_journal_name(path.removeprefix(f"{JOURNAL}/"))
    except MalformedError:
        return False
    return True


class JournalRead:
    """A journal, read once.

    Attributes:
        damaged: Lines that say nothing, but for a torn end.
    """

    def __init__(self, tree: FileTree) -> None:
        """Read the journal of a store.

        Raises:
            StoreError: if it cannot be read.
        """
        self.damaged: list[Damage] = []
        self._said = PackedSet(_SAID_BYTES)
        self._heads: set[tuple[EntryValue, EntryValue]] = set()
        last: Damage | None = None
        for entry in LocalJournal(tree.root).read():
            if last is not None:
                self.damaged.append(last)
                last = None
            if isinstance(entry, Damage):
                last = entry
            else:
                self._take(entry)
        if last is not None and not last.torn:
            self.damaged.append(last)

    def _take(self, entry: Mapping[str, EntryValue]) -> None:
        if entry.get("kind") == "version":
            self._said.add(_said(entry, _OF_MOD))
            self._said.add(_said(entry, _OF_ZIP))
        elif entry.get("kind") == "head":
            self._heads.add((entry.get("name"), entry.get("note")))

    def lacks(self, rows: Iterable[VersionRow]) -> Iterator[VersionRow]:
        """Yield the rows of which no line says what they do."""
        for row in rows:
            entry = version_entry(row)
            due = {_said(entry, _OF_MOD)}
            if row.zip_digest is not None:  # a prune may have given it up
                due.add(_said(entry, _OF_ZIP))
            if not all(each in self._said for each in due):
                yield row

    def has_head(self, name: str, note: bytes) -> bool:
        """Return whether a line says that a signed head was trusted."""
        return (name, note.decode("utf-8", "surrogateescape")) in self._heads


def sound_lines(data: bytes) -> bytes:
    """Return a journal file without the lines that say nothing. Pure."""
    return b"".join(line for line in data.splitlines(keepends=True) if _says(line))


def _says(line: bytes) -> bool:
    try:
        parse_entry(line)
    except MalformedError:
        return False
    return line.endswith(b"\n")


def _said(entry: Mapping[str, EntryValue], names: Sequence[str]) -> bytes:
    """Return what an entry says, as a digest: there may be very many."""
    said = json.dumps([entry.get(name) for name in names]).encode("ascii")
    return hashlib.blake2b(said, digest_size=_SAID_BYTES).digest()


def parse_evidence_files(data: bytes) -> dict[str, str]:
    """Return the files that an evidence.json names, with the SHA-256 of each.

    Raises:
        MalformedError: if it is none.
    """
    try:
        files = json.loads(data)["files"]
        found = {name: each["sha256"] for name, each in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise MalformedError(
            "evidence", data[:80], "not JSON that names files"
        ) from exc
    if any("/" in name or name in {"", ".", ".."} for name in found):
        raise MalformedError("evidence", data[:80], "names no file of its folder")
    return found


def digest_of_file(tree: FileTree, path: str) -> str:
    """Return a file's SHA-256 in hex, read piece by piece.

    Raises:
        NotInTreeError: if there is none.
        DamagedFileError: if it is no file, or cannot be read.
    """
    digest = hashlib.sha256()
    with tree.open(path) as (read_at, size_bytes):
        for offset in range(0, size_bytes, _PIECE_BYTES):
            digest.update(read_at(offset, _PIECE_BYTES))
    return digest.hexdigest()


def _reason(error: GosyncError) -> str:
    return error.reason if isinstance(error, MalformedError) else "missing"


def _finding(verdict: Verdict, path: str, reason: str, fix: Fix) -> CacheFinding:
    return CacheFinding(verdict=verdict, path=path, reason=reason, fix=fix)
