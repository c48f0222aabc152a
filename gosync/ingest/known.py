"""Whether a catalog knows what its journal says: for catalogs without an identity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from gosync.catalog.db import Catalog
from gosync.errors import MalformedError
from gosync.gomod.module import ModuleVersion
from gosync.ingest.entries import ROWS
from gosync.store.journal import Damage, EntryValue
from gosync.store.localjournal import LocalJournal
from gosync.sumdb.tlog import parse_tree


class _Said(msgspec.Struct):
    """What a journal says, as far as a catalog must have it.

    Attributes:
        versions: What is carried, with the number of its newest line.
        lines: How many lines there were of versions.
        heads: The sizes of trusted trees, by database.
    """

    versions: dict[ModuleVersion, int] = {}
    lines: int = 0
    heads: dict[str, list[int]] = {}

    def take(self, entry: Mapping[str, EntryValue]) -> None:
        """Take an entry; what says nothing is for a rebuild to tell."""
        mv = ModuleVersion(str(entry.get("path")), str(entry.get("version")))
        if entry.get("kind") == "version":
            self.lines += 1
            self.versions[mv] = self.lines
        elif entry.get("kind") == "forget":
            self.versions.pop(mv, None)
        elif entry.get("kind") == "head":
            self.heads.setdefault(str(entry.get("name")), []).append(
                _size_of(str(entry.get("note")))
            )


def journal_is_known(root: Path, catalog: Catalog) -> bool:
    """Return whether a catalog knows what its store's journal says.

    A run that was killed has left at most a batch of versions and a tree head in the
    journal that the catalog lacks.

    Raises:
        StoreError: the journal cannot be read.
        CatalogError: the catalog cannot be read.
    """
    said = _Said()
    for entry in LocalJournal(root).read():
        if not isinstance(entry, Damage):
            said.take(entry)
    known = {row.mv for row in catalog.versions.all_rows()}
    lacking = [line for mv, line in said.versions.items() if mv not in known]
    if lacking and min(lacking) <= said.lines - ROWS:
        return False
    return all(_has_head(catalog, *each) for each in said.heads.items())


def _has_head(catalog: Catalog, name: str, sizes: list[int]) -> bool:
    note = catalog.heads.get(name)
    trusted = _size_of(note.decode("utf-8", "surrogateescape")) if note else 0
    before = sorted(set(sizes))[:-1]  # the newest may have been about to be trusted
    return trusted >= max(before, default=0)


def _size_of(note: str) -> int:
    """Return the size of the tree that a signed head is of, 0 for no head."""
    text = note.partition("\n\n")[0] + "\n"
    try:
        return parse_tree(text.encode("utf-8", "surrogateescape")).n
    except MalformedError:
        return 0
