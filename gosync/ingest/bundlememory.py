"""Bundles in the journal, so that a rebuilt catalog goes on counting them.

    {"kind": "bundle", "what": its kind, and the columns of its row in the ledger}
    {"kind": "import", "what": its kind, and the columns of its row}

Each line replaces the one before of the same bundle. What a site holds is not
journaled: the next bundle for it carries everything and goes on from the same
number. An applied bundle is known again, so that an older one is still refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, TypeVar

import msgspec
from msgspec.structs import asdict

from gosync.catalog.bundles import BundleRow
from gosync.catalog.db import Catalog
from gosync.catalog.imports import ImportRow, ImportState
from gosync.clock import parse_time
from gosync.errors import MalformedError
from gosync.store.journal import EntryValue

_MADE, _CAME = "bundle", "import"
_Row = TypeVar("_Row", BundleRow, ImportRow)


def bundle_entry(row: BundleRow) -> dict[str, EntryValue]:
    """Return the entry of a bundle that was made here, as it will stand."""
    return {**asdict(row), "kind": _MADE, "what": row.kind.value}


def import_entry(row: ImportRow) -> dict[str, EntryValue]:
    """Return the entry of a bundle that is about to be applied here."""
    return {**asdict(row), "kind": _CAME, "what": row.kind.value}


class BundleMemory(msgspec.Struct):
    """The bundles that a journal names."""

    KINDS: ClassVar = frozenset({_MADE, _CAME})

    _made: dict[tuple[str, int], BundleRow] = msgspec.field(default_factory=dict)
    _came: dict[tuple[str, int], ImportRow] = msgspec.field(default_factory=dict)

    def take(self, entry: Mapping[str, EntryValue]) -> None:
        """Take an entry, if it is one of a bundle.

        Raises:
            MalformedError: It is none that this module wrote.
        """
        if entry.get("kind") == _MADE:
            made = _parse(entry, BundleRow, times=("planned_at",))
            self._made[made.target, made.sequence] = made
        elif entry.get("kind") == _CAME:
            came = _parse(entry, ImportRow, times=("created_at", "moved_at"))
            self._came[came.target, came.sequence] = came

    def write(self, catalog: Catalog) -> int:
        """Put the bundles into a new catalog; return how many there are.

        Raises:
            CatalogError: The catalog cannot be written.
        """
        with catalog.transaction():
            for made in self._made.values():
                catalog.bundles.restore(made)
            for came in self._came.values():
                catalog.imports.put(
                    came, ImportState.APPLIED, now=parse_time(came.moved_at)
                )
        return len(self._made) + len(self._came)


def _parse(
    entry: Mapping[str, EntryValue], kind: type[_Row], *, times: Iterable[str]
) -> _Row:
    try:
        row = msgspec.convert({**entry, "kind": entry.get("what")}, kind)
        for name in times:
            parse_time(getattr(row, name))
    except (msgspec.ValidationError, ValueError) as error:
        raise MalformedError("journal bundle", entry, f"{error}") from error
    return row
