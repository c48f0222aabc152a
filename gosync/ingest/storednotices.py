"""What authors say of their versions: deprecated, retracted; asks nobody.

The go.mod of the highest version that the store has says it, as ``go`` reads it of
``@latest``; so do findings of an audit, which asked upstream and may know a newer one.
What was looked at and accepted there counts no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.findings import Finding, FindingKind
from gosync.catalog.versions import VersionRow
from gosync.errors import RejectedError
from gosync.gomod import semver
from gosync.gomod.latest import GoModFacts, latest_of
from gosync.gomod.modfile import Retraction, parse_lax, synthesize
from gosync.gomod.pseudo import is_pseudo_version
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest

_KEPT: Final = 16_384
_NO_REASON: Final = "no reason given"


class Notices(msgspec.Struct, frozen=True):
    """What the author says of a module.

    Attributes:
        deprecated: Why it should not be used, "" where it may.
        intervals: The versions that are retracted, by go.mod.
        versions: Those that are retracted by findings, with the reason.
    """

    deprecated: str = ""
    intervals: tuple[Retraction, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()

    def retracted(self, version: str) -> str:
        """Return why a version is retracted, "" where it is not."""
        for each in self.intervals:
            at_least = semver.compare(each.low, version) <= 0
            if at_least and semver.compare(each.high, version) >= 0:
                return each.rationale or _NO_REASON
        return dict(self.versions).get(version, "")


class StoredNotices:
    """The notices of modules in the store."""

    def __init__(self, catalog: Catalog, blobs: BlobReader) -> None:
        self._findings = catalog.findings
        self._blobs = blobs

    def of(self, path: str, rows: Iterable[VersionRow]) -> Notices:
        """Return what is said of a module.

        Args:
            path: The module.
            rows: Its versions.

        Raises:
            StoreError: store or catalog cannot be read.
        """
        said = self._by_go_mod(path, rows)
        found = [f for f in self._findings.of_module(path) if f.is_open]
        advice = (f for f in found if f.kind is FindingKind.DEPRECATED)
        return Notices(
            said.deprecated or next((_reason(each) for each in advice), ""),
            said.intervals,
            tuple(
                (each.version, _reason(each))
                for each in found
                if each.kind is FindingKind.RETRACTED
            ),
        )

    def _by_go_mod(self, path: str, rows: Iterable[VersionRow]) -> Notices:
        here = {
            row.version: row.mod_digest
            for row in rows
            if row.mod_digest is not None and not row.withdrawn
        }
        read = self._blobs.read
        tagged = [each for each in here if not is_pseudo_version(each)]
        top = latest_of(tagged, lambda version: _facts(read, path, here[version])).top
        if top is None:
            top = max(here, key=semver.version_key, default=None)
        return Notices() if top is None else _notices(read, here[top])


def _reason(finding: Finding) -> str:
    _, _, reason = finding.summary.partition(": ")
    return reason or _NO_REASON


def _facts(read: Callable[[Digest], bytes], path: str, digest: str) -> GoModFacts:
    retracted = _notices(read, digest).intervals
    return GoModFacts(read(Digest(digest)) != synthesize(path), retracted)


@lru_cache(maxsize=_KEPT)
def _notices(read: Callable[[Digest], bytes], digest: str) -> Notices:
    data = read(Digest(digest))
    if b"retract" not in data and b"Deprecated:" not in data:
        return Notices()  # nearly always, and parsing costs
    try:
        parsed = parse_lax(data)
    except RejectedError:  # a broken one says nothing: so go takes it, too
        return Notices()
    return Notices(parsed.deprecated, parsed.retract)
