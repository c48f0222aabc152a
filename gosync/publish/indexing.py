"""The tree's index, brought up to what the tree shows, as ``indexfiles`` lays it out.

It follows the catalog's changes by itself: ``state.json`` says up to which one. So a
publish that was killed before it is gone on with by the next one, and lines are written
after the files that they name are there. Of a change only those files are read that may
have a line of it: a line is no older than the day on which its version was admitted;
what has left the tree is looked for from the newest file on. Files are written before
``files.json``, which is before ``state.json``.

The index names what the checksum database proves; of a site without one, all that the
tree has. A private module's name is told to nobody by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need, VersionRow
from gosync.clock import parse_time
from gosync.errors import MalformedError, MalformedTimeError
from gosync.folder import routes
from gosync.folder.indexfiles import (
    INDEX_FILES,
    INDEX_FOLDER,
    INDEX_STATE,
    LINES_PER_FILE,
    IndexFile,
    IndexKind,
    IndexLine,
    IndexPart,
    IndexState,
    TimeStamps,
    digest_of,
    format_files,
    format_lines,
    format_state,
    parse_files,
    parse_index_name,
    parse_lines,
    parse_state,
)
from gosync.gomod.module import ModuleVersion
from gosync.publish.contents import has_record
from gosync.publish.storage.tree import TreeReader, TreeWriter

_KINDS: Final = (IndexKind.WHOLE, IndexKind.MOD)
_ALWAYS: Final = ""  # before every day


class Indexed(msgspec.Struct, frozen=True):
    """What the index is to say of one version.

    Attributes:
        kind: WHOLE or MOD; None for nothing.
        since: The day before which it can have no line, "" where that is not known.
        stays: Whether what it says is left alone.
    """

    kind: IndexKind | None = None
    since: str = _ALWAYS
    stays: bool = False


Wanted: TypeAlias = dict[ModuleVersion, Indexed]
_GIVEN_UP: Final = Indexed()


def bring_up_index(
    writer: TreeWriter,
    catalog: Catalog,
    *,
    seq: int,
    store: str,
    anew: bool,
    only_proven: bool,
    now: datetime,
) -> bool:
    """Bring a tree's index up to a change of the catalog that the tree shows.

    Args:
        writer: Writes the tree.
        catalog: What is carried.
        seq: The change.
        store: The store's id.
        anew: Whether to hold all of it against the catalog.
        only_proven: Whether it names only what the checksum database proves.
        now: The time of new lines, unless there are later ones.

    Returns:
        Whether anything was written.

    Raises:
        StoreError: if the tree cannot be read or written.
        CatalogError: if the catalog cannot be read.
    """
    state = _read_state(writer)
    anew = anew or state.store != store or not 0 <= state.seq <= seq
    if not anew and state.seq == seq:
        return False
    after = -1 if anew else state.seq
    wanted = {
        row.mv: _indexed(row, seq, only_proven=only_proven)
        for row in _rows(catalog, after)
    }
    index = _TreeIndex(writer, state.last)
    there = index.settle(wanted, whole=anew)
    index.add((mv for mv in wanted if wanted[mv].kind and mv not in there), wanted, now)
    writer.open()
    index.write(msgspec.structs.replace(state, store=store, seq=seq))
    return True


def _rows(catalog: Catalog, after: int) -> Iterator[VersionRow]:
    """Yield the rows that the index is held against."""
    if after < 0:
        yield from catalog.versions.all_rows()
        return
    for path in catalog.versions.carried_paths(changed_after=after):
        for row in catalog.versions.of(path):
            if row.changed > after or row.withdrawn:
                yield row


def _indexed(row: VersionRow, seq: int, *, only_proven: bool) -> Indexed:
    """Return what the index is to say of a row."""
    if row.changed > seq:  # later than what the tree shows
        return Indexed(stays=True)
    shown = row.published
    if shown is None or (only_proven and not has_record(row)) or not _has_place(row):
        return _GIVEN_UP
    kind = IndexKind.WHOLE if shown is Need.ZIP else IndexKind.MOD
    return Indexed(kind, _ALWAYS if row.admitted_at is None else row.admitted_at[:10])


def _has_place(row: VersionRow) -> bool:
    try:
        routes.of_module(row.path).of_version(row.version)
    except MalformedError:
        return False
    return True


class _TreeIndex:
    """The index of one tree, read as far as is needed."""

    def __init__(self, writer: TreeWriter, last: str) -> None:
        self._writer = writer
        self._last = last
        self._parts = sorted(_parts(writer), reverse=True)
        self._files = {each.name: each for each in _read_files(writer)}
        self._lines: dict[IndexPart, list[IndexLine]] = {}
        self._changed: set[IndexPart] = set()

    def settle(self, wanted: Wanted, *, whole: bool) -> set[ModuleVersion]:
        """Take out the lines that are to be no more; return what has its line.

        Args:
            wanted: What is to be said of which versions.
            whole: Whether nothing is to be said of any other.
        """
        there: set[ModuleVersion] = set()
        given_up = {mv for mv, each in wanted.items() if not each.kind}
        first = min((e.since for e in wanted.values() if e.kind), default="9999")
        for part in [each for each in self._parts if each.kind in _KINDS]:
            if not whole and not given_up and part.day < first:
                continue
            lines = self._read(part)
            gone = []
            for line in lines:
                mv = ModuleVersion(line.path, line.version)
                want = wanted.get(mv, _GIVEN_UP if whole else None)
                given_up.discard(mv)
                if want is None or want.stays:
                    continue
                if want.kind is part.kind and mv not in there:
                    there.add(mv)
                else:
                    gone.append(line)
            self._take_out(part, gone)
        return there

    def _take_out(self, part: IndexPart, gone: list[IndexLine]) -> None:
        if not gone:
            return
        leaving = frozenset(gone)
        self._put(part, [each for each in self._read(part) if each not in leaving])
        if part.kind is IndexKind.WHOLE:
            its = part._replace(kind=IndexKind.GONE)
            lines = {*self._read(its), *leaving}
            self._put(its, sorted(lines, key=lambda line: line.timestamp))

    def add(self, new: Iterable[ModuleVersion], wanted: Wanted, now: datetime) -> None:
        """Add lines at the end, in the order in which versions were admitted."""
        newest = {kind: self._newest(kind) for kind in _KINDS}
        for part in newest.values():  # the state may have been lost
            if part is not None and (lines := self._read(part)):
                self._last = max(self._last, lines[-1].timestamp)
        stamps = TimeStamps(self._last, now)
        for mv in sorted(new, key=lambda mv: (wanted[mv].since, mv)):
            kind = wanted[mv].kind
            assert kind is not None
            line = IndexLine(mv.path, mv.version, stamps.next())
            part = newest[kind]
            if part is None or part.day != line.day:
                part = IndexPart(kind, line.day, 1)
            elif len(self._read(part)) >= LINES_PER_FILE:
                part = part._replace(number=part.number + 1)
            newest[kind] = part
            self._put(part, self._read(part)).append(line)
            self._last = line.timestamp

    def write(self, state: IndexState) -> None:
        """Write what changed, gone lines first; what is empty goes at the end."""
        order = {IndexKind.GONE: 0, IndexKind.WHOLE: 1, IndexKind.MOD: 2}
        for part in sorted(self._changed, key=lambda part: (order[part.kind], part)):
            lines = self._lines[part]
            data = format_lines(lines)
            self._writer.write(part.path, data)
            self._files[part.name] = IndexFile(part.name, len(lines), digest_of(data))
        named = [each for _, each in sorted(self._files.items()) if each.lines]
        self._writer.then()
        files = format_files(named)
        self._writer.write(INDEX_FILES, files)
        self._writer.then()
        state = msgspec.structs.replace(
            state, files=digest_of(files), last=max(self._last, state.last)
        )
        self._writer.write(INDEX_STATE, format_state(state))
        self._writer.commit()
        self._remove_empty({each.name for each in named})

    def _remove_empty(self, named: set[str]) -> None:
        """Remove files without a line, those too that a killed run left."""
        for part in {*self._parts, *self._changed}:
            if part.name not in named and not self._read(part):
                self._writer.remove(part.path)

    def _newest(self, kind: IndexKind) -> IndexPart | None:
        return next((part for part in self._parts if part.kind is kind), None)

    def _read(self, part: IndexPart) -> list[IndexLine]:
        """Return a file's lines; one that a killed run left otherwise counts as new."""
        if part not in self._lines:
            data = self._writer.read(part.path) or b""
            try:
                self._lines[part] = parse_lines(data)
            except MalformedError:
                self._lines[part] = []
            known = self._files.get(part.name)
            digest = "" if known is None else known.sha256
            if digest != (digest_of(data) if data else ""):
                self._changed.add(part)
                if part.kind is IndexKind.WHOLE:  # what left it may be there by now
                    self._read(part._replace(kind=IndexKind.GONE))
        return self._lines[part]

    def _put(self, part: IndexPart, lines: list[IndexLine]) -> list[IndexLine]:
        self._lines[part] = lines
        self._changed.add(part)
        return lines


def _parts(tree: TreeReader) -> Iterator[IndexPart]:
    """Yield the files of lines that a tree has."""
    for kind in IndexKind:
        for name in tree.names(f"{INDEX_FOLDER}/{kind.folder}".rstrip("/")):
            part = parse_index_name(f"{kind.folder}{name}")
            if part is not None:
                yield part


def _read_files(tree: TreeReader) -> list[IndexFile]:
    try:
        return parse_files(tree.read(INDEX_FILES) or b"")
    except MalformedError:
        return []


def _read_state(tree: TreeReader) -> IndexState:
    """Return what the index says of itself; an empty state where it says nothing."""
    try:
        state = parse_state(tree.read(INDEX_STATE) or b"")
        if state.last:
            parse_time(state.last)
    except (MalformedError, MalformedTimeError):
        return IndexState()
    return state
