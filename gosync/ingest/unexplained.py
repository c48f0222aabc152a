"""Unexplained blobs: named by the journal, not by the catalog, and never freed.

A blob without a row is left over from a killed run, or was given up; then a line of the
journal or a tombstone says so. Where the journal says that a version was admitted, and
the catalog has never heard of that, it is the catalog that lost something: it was made
anew, or came back from an older copy.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple, TypeAlias

from gosync.catalog.db import Catalog
from gosync.catalog.versions import State
from gosync.gomod.module import ModuleVersion
from gosync.store.digest import Digest
from gosync.store.journal import Damage, EntryValue, Journal

_ARTIFACTS = frozenset({"artifact", "forget-artifact"})
_DIGESTS = ("info_digest", "mod_digest", "zip_digest")


class _ArtifactKey(NamedTuple):
    kind: str
    name: str


_Named: TypeAlias = dict[ModuleVersion | _ArtifactKey, dict[str, str]]


def unexplained(
    journal: Journal, catalog: Catalog, blobs: Mapping[Digest, int]
) -> set[str]:
    """Return those of some blobs that must stay.

    The journal is read once, line by line; what is remembered of it is of these blobs
    alone. It is not read where there are none.

    Args:
        journal: What was admitted and given up.
        catalog: What is known of it.
        blobs: Blobs that no row names, with their sizes.

    Raises:
        StoreError: if journal or catalog cannot be read.
    """
    if not blobs:
        return set()
    named: _Named = {}
    for entry in journal.read():
        if not isinstance(entry, Damage):
            _follow(named, entry, blobs)
    return {
        digest
        for key, digests in named.items()
        if digests and not _explains(catalog, key)
        for digest in digests.values()
    }


def _follow(
    named: _Named,
    entry: Mapping[str, EntryValue],
    blobs: Container[object],
) -> None:
    """Let an entry say which of the blobs its version has from now on."""
    path, version, kind = entry.get("path"), entry.get("version"), entry.get("kind")
    if kind in _ARTIFACTS:
        _follow_artifact(named, entry, blobs)
        return
    if not isinstance(path, str) or not isinstance(version, str):
        return
    key = ModuleVersion(path, version)
    if kind == "version":
        found = {name: entry.get(name) for name in _DIGESTS}
        ours = {n: d for n, d in found.items() if isinstance(d, str) and d in blobs}
        if ours:
            named[key] = ours
        else:
            named.pop(key, None)
    elif kind == "forget":
        named.pop(key, None)
    elif kind == "narrow" and key in named:
        named[key].pop("zip_digest", None)


def _follow_artifact(
    named: _Named,
    entry: Mapping[str, EntryValue],
    blobs: Container[object],
) -> None:
    """Let an entry say which blob its artifact has."""
    key = _ArtifactKey(str(entry.get("what")), str(entry.get("name")))
    digest = entry.get("digest")
    named.pop(key, None)
    if isinstance(digest, str) and digest in blobs:
        named[key] = {"digest": digest}


def _explains(catalog: Catalog, key: ModuleVersion | _ArtifactKey) -> bool:
    """Return whether the catalog has carried this, or gave it up."""
    if isinstance(key, _ArtifactKey):
        return catalog.artifacts.get(key.kind, key.name) is not None
    row = catalog.versions.get(key)
    if row is not None and (row.changed > 0 or row.state is State.FORGOTTEN):
        return True
    return key.version in catalog.tombstones.of(key.path)
