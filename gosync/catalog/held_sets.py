"""Sets of versions that bundles' targets hold, each kept once however many hold it.

A set is one document, ``{path: {version: need}}`` as JSON in the order of both, named
by its digest and deflated: of 100 000 versions half a megabyte. What a catalog had
before is not deflated and has no digest. All of a set is written and read at once,
whoever asks for it; targets that have the same share it, and one that nobody holds any
more goes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import groupby
from typing import Final

import msgspec

from gosync.catalog.connection import Connection
from gosync.catalog.sqlite_errors import reading_row
from gosync.catalog.versions import Need
from gosync.gomod.module import ModuleVersion

_DEFLATED: Final = b"\x78"  # how zlib's streams begin, and JSON never
_LEVEL: Final = 1
_DOCUMENT: Final = msgspec.json.Decoder(dict[str, dict[str, Need]])


def format_set(holds: Iterable[tuple[ModuleVersion, Need]]) -> bytes:
    """Return the document of a set, the same for the same versions."""
    ordered = sorted(holds)
    document = {
        path: {mv.version: need.value for mv, need in some}
        for path, some in groupby(ordered, key=lambda pair: pair[0].path)
    }
    return msgspec.json.encode(document)


def digest_of_set(holds: Iterable[tuple[ModuleVersion, Need]]) -> str:
    """Return what names a set: sha256 in hex."""
    return sha256(format_set(holds)).hexdigest()


@reading_row
def _parse(packed: bytes) -> dict[ModuleVersion, Need]:
    try:
        data = zlib.decompress(packed) if packed.startswith(_DEFLATED) else packed
    except zlib.error as error:
        raise ValueError(str(error)) from error
    return {
        ModuleVersion(path, version): need
        for path, versions in _DOCUMENT.decode(data).items()
        for version, need in versions.items()
    }


class HeldSets:
    """The tables of these sets, and of who holds which."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(
        self, target: str, sequence: int, holds: Iterable[tuple[ModuleVersion, Need]]
    ) -> None:
        """Say what a target has once it took a bundle in.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        data = format_set(holds)
        digest = sha256(data).hexdigest()
        with self._connection.transaction():
            self._connection.write(
                "INSERT INTO held_sets (digest, packed) SELECT ?, ?"
                " WHERE NOT EXISTS (SELECT 1 FROM held_sets WHERE digest = ?)",
                (digest, zlib.compress(data, _LEVEL), digest),
            )
            self._connection.write(
                "INSERT INTO bundle_held"
                " SELECT ?, ?, id FROM held_sets WHERE digest = ?",
                (target, sequence, digest),
            )

    def get(self, target: str, sequence: int) -> Mapping[ModuleVersion, Need]:
        """Return what a target has with a bundle; nothing where that is unknown.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT packed FROM bundle_held JOIN held_sets ON id = held"
            " WHERE target = ? AND sequence = ?",
            (target, sequence),
        )
        return {} if row is None else _parse(row[0])

    def digest(self, target: str, sequence: int) -> str | None:
        """Return what names that set, None where nothing does.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT digest FROM bundle_held JOIN held_sets ON id = held"
            " WHERE target = ? AND sequence = ?",
            (target, sequence),
        )
        return None if row is None else row[0]

    def sweep(self) -> None:
        """Remove the sets that no target holds any more.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "DELETE FROM held_sets WHERE id NOT IN (SELECT held FROM bundle_held)"
        )
