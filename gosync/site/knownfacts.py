"""Facts that rules of the policy look at, of one module's versions.

All come from catalog and store. Of a version that is not here yet the licences are
those of the next lower version that was read. What no rule asks for is not looked up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property

from gosync.catalog.versions import Need, VersionRow
from gosync.gomod.semver import version_key
from gosync.ingest.storedlicences import StoredLicences
from gosync.ingest.storednotices import Notices, StoredNotices
from gosync.ingest.storedvulns import StoredVulns
from gosync.licence.found import ModuleLicences
from gosync.osv.entry import AffectedModule, VulnEntry
from gosync.signing.keys import PublicKey
from gosync.site.attestations import StoredAttestations
from gosync.site.policyrules import PolicyRules, VersionFacts
from gosync.site.signaturerules import SignatureCount
from gosync.site.site import Site
from gosync.site.vulnrules import Vulnerability, vulnerability

Keys = dict[tuple[str, ...], tuple[PublicKey, ...]]


class KnownFacts:
    """What is known of one module's versions."""

    def __init__(
        self,
        site: Site,
        rules: PolicyRules,
        keys: Keys,
        path: str,
        rows: Iterable[VersionRow],
    ) -> None:
        """Take what is asked for.

        Args:
            site: Whose catalog and store.
            rules: The rules that will look.
            keys: The keys of each signature rule, by its files.
            path: The module.
            rows: All of its versions that have rows, and those that are to have.
        """
        self._rules = rules
        self._keys = keys
        self._path = path
        self._site = site
        self._rows = list(rows)
        self._licences = _Licences(site, self._rows if rules.licences else ())
        self._signed = StoredAttestations(site.catalog, site.blobs)

    def of(self, row: VersionRow) -> VersionFacts:
        """Return what is known of a version.

        Raises:
            StoreError: catalog or store cannot be read.
        """
        own, source = self._licences.of(row.version), ""
        is_here = row.carried is Need.ZIP
        if own is None and not is_here:
            source = self._licences.next_lower(row.version)
            own = self._licences.of(source) if source else None
        return VersionFacts(
            mv=row.mv,
            known_at=row.index_time or row.version_time,
            zip_bytes=row.zip_bytes,
            licences=own,
            known_from=source,
            is_unread=own is None and is_here and self._rules.licences is not None,
            deprecated=self._notices.deprecated,
            retracted=self._notices.retracted(row.version),
            vulnerabilities=tuple(self._vulnerabilities(row.version)),
            signatures=tuple(self._signatures(row)),
        )

    @cached_property
    def _notices(self) -> Notices:
        if not self._rules.asks_authors:
            return Notices()
        site = self._site
        return StoredNotices(site.catalog, site.blobs).of(self._path, self._rows)

    def _vulnerabilities(self, version: str) -> Iterator[Vulnerability]:
        for entry, module in self._entries:
            found = vulnerability(entry, module, version)
            if found is not None:
                yield found

    @cached_property
    def _entries(self) -> tuple[tuple[VulnEntry, AffectedModule], ...]:
        if self._rules.vulnerabilities is None:
            return ()
        return tuple(StoredVulns(self._site.catalog, self._site.blobs).of(self._path))

    def _signatures(self, row: VersionRow) -> Iterator[SignatureCount]:
        for rule in self._rules.signatures:
            if rule.concerns(self._path):
                keys = self._keys[rule.keys]
                yield self._signed.count(row, keys, rule.threshold)


class _Licences:
    """The licences of one module's versions, as far as they are known."""

    def __init__(self, site: Site, rows: Iterable[VersionRow]) -> None:
        self._stored = StoredLicences(site.catalog, site.blobs)
        self._rows = {row.version: row for row in rows}
        self._known: dict[str, ModuleLicences | None] = {}

    def of(self, version: str) -> ModuleLicences | None:
        """Return those of a version, None where nobody has read them."""
        if version not in self._known:
            row = self._rows.get(version)
            self._known[version] = None if row is None else self._stored.known(row)
        return self._known[version]

    def next_lower(self, version: str) -> str:
        """Return the highest lower version whose licences are known, "" for none."""
        at = bisect_left(self._ascending, version_key(version), key=version_key)
        lower = reversed(self._ascending[:at])
        return next((each for each in lower if self.of(each) is not None), "")

    @cached_property
    def _ascending(self) -> list[str]:
        return sorted(self._rows, key=version_key)
