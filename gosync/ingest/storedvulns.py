"""Vulnerabilities by the database that the store has; asks nobody.

Of one module only its own entries are read, as ``index/modules.json`` names them. Both
are kept by their digests, so that rules may ask for each version.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from gosync.artifact import VULNDB, Artifact
from gosync.catalog.db import Catalog
from gosync.errors import BlobCorruptError, MalformedError
from gosync.hint import advise, command
from gosync.osv.affected import modules_of
from gosync.osv.entry import AffectedModule, VulnEntry, parse_entry
from gosync.osv.files import ENTRIES, MODULES, ModuleVulns, entry_file
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest

_ENTRIES_KEPT: Final = 4096

Read = Callable[[Digest], bytes]


class StoredVulns:
    """The database of a store, asked by module."""

    def __init__(self, catalog: Catalog, blobs: BlobReader) -> None:
        self._artifacts = catalog.artifacts
        self._blobs = blobs

    @property
    def is_there(self) -> bool:
        """Whether there is a database.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._artifacts.get(VULNDB, MODULES) is not None

    def paths(self) -> Collection[str]:
        """Return the modules that entries name.

        Raises:
            StoreError: as ``of``.
        """
        index = self._artifacts.get(VULNDB, MODULES)
        return () if index is None else _index(self._blobs.read, index).keys()

    def of(self, path: str) -> Iterator[tuple[VulnEntry, AffectedModule]]:
        """Yield the entries that affect versions of a module, withdrawn ones apart.

        Raises:
            StoreError: store or catalog cannot be read, or what it has is no database.
        """
        for identifier in self.times(path):
            yield from self.named(path, identifier)

    def times(self, path: str) -> Mapping[str, str]:
        """Return which entries are about a module, and when each one changed last.

        Raises:
            StoreError: as ``of``.
        """
        index = self._artifacts.get(VULNDB, MODULES)
        return {} if index is None else _index(self._blobs.read, index).get(path, {})

    def named(
        self, path: str, identifier: str, *, digest: str = ""
    ) -> Iterator[tuple[VulnEntry, AffectedModule]]:
        """Yield what an entry says of a module, nothing where it is withdrawn.

        Args:
            path: The module.
            identifier: The entry's.
            digest: That of an earlier form of the entry; "" for the one of now.

        Raises:
            StoreError: as ``of``.
        """
        name = entry_file(identifier)
        kept = self._artifacts.get(VULNDB, name)
        if digest:
            kept = Artifact(kind=VULNDB, name=name, digest=digest, size_bytes=0)
        if kept is None:
            return  # between two waves of a bundle
        entry = _entry(self._blobs.read, kept)
        if entry.withdrawn is None:
            named = (e for e in modules_of(entry) if e.package.name == path)
            yield from ((entry, each) for each in named)


def stored_entries(catalog: Catalog, blobs: BlobReader) -> dict[str, bytes]:
    """Return the entries that the store has, by their ids.

    Raises:
        StoreError: Store or catalog cannot be read.
    """
    found = {}
    for each in catalog.artifacts.all():
        folder, _, name = each.name.partition("/")
        if each.kind == VULNDB and folder == ENTRIES:
            data = blobs.read(Digest(each.digest), limit_bytes=each.size_bytes)
            found[name.removesuffix(".json")] = data
    return found


@lru_cache(maxsize=2)
def _index(read: Read, artifact: Artifact) -> Mapping[str, Mapping[str, str]]:
    try:
        data = read(Digest(artifact.digest))
        modules = msgspec.json.decode(data, type=list[ModuleVulns])
    except msgspec.DecodeError as exc:
        raise _broken(artifact, exc) from exc
    # An entry that names the module twice has two lines.
    return {each.path: {v.id: v.modified for v in each.vulns} for each in modules}


@lru_cache(maxsize=_ENTRIES_KEPT)
def _entry(read: Read, artifact: Artifact) -> VulnEntry:
    try:
        return parse_entry(read(Digest(artifact.digest)))
    except MalformedError as exc:
        raise _broken(artifact, exc) from exc


def _broken(artifact: Artifact, error: Exception) -> BlobCorruptError:
    return BlobCorruptError(
        f"{artifact}: not of a vulnerability database: {error}",
        hint=advise("{} brings it anew", command("vulns", "--update")),
    )
