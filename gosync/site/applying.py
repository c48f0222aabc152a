"""Application of the policy to what is selected and here: rulings for the catalog.

Made anew whenever a selection was made, as rows are committed, and before a tree is
published: so a rule that was changed, and an exception that ended, concern what is here
already. What is not here yet is denied by the licences of the next lower version that
was read; else its own tell, as the gate reads them, in the transaction that commits it.

Less knowledge than before is no reason: while the licences of a version that is here
cannot be read, what was said of it stands.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Final

from gosync.catalog.rulings import Ruling
from gosync.catalog.versions import Need, State, VersionRow
from gosync.errors import BlobCorruptError, BlobMissingError
from gosync.gomod.semver import version_key
from gosync.ingest.storedlicences import StoredLicences, has_licences
from gosync.licence.found import ModuleLicences
from gosync.site.decisions import read_decisions, with_decisions
from gosync.site.policyrules import UNREAD, PolicyRules, VersionFacts, rule_on
from gosync.site.site import Site

_BATCH: Final = 100


def rules_of(site: Site) -> PolicyRules:
    """Return the rules of the configuration, with what was decided beside them.

    Raises:
        StoreError: a decision cannot be read.
    """
    decisions = read_decisions(site.catalog, site.blobs)
    return with_decisions(site.options.rules, decisions)


def apply_policy(site: Site) -> None:
    """Bring the catalog's rulings up to the rules and to what is known.

    Raises:
        StoreError: the catalog cannot be read or written.
    """
    rules = rules_of(site)
    if rules.says_nothing:
        if site.catalog.rulings.any():
            site.catalog.rulings.replace((), site.clock.now())
        return
    rows = [row for row in site.catalog.versions.all_rows() if _is_concerned(row)]
    if rules.licences is not None:
        _read_what_lacks(site, rows)
    by_path = groupby(rows, attrgetter("path"))
    found = [each for _, some in by_path for each in _rulings(site, rules, list(some))]
    site.catalog.rulings.replace(found, site.clock.now())


def rule_on_admitted(site: Site, rows: Iterable[VersionRow]) -> None:
    """Rule on what is being committed, in the transaction that does.

    Raises:
        StoreError: the catalog cannot be read or written.
    """
    rule_on_modules(site, sorted({row.path for row in rows}))


def rule_on_modules(site: Site, paths: Iterable[str]) -> None:
    """Bring the rulings of some modules up to date, where there are rules.

    Raises:
        StoreError: the catalog cannot be read or written.
    """
    rules = rules_of(site)
    if rules.says_nothing:
        return
    for path in paths:
        some = [row for row in site.catalog.versions.of(path) if _is_concerned(row)]
        found = _rulings(site, rules, some)
        site.catalog.rulings.replace(found, site.clock.now(), paths=[path])


def is_denied_before(site: Site, row: VersionRow) -> bool:
    """Return whether a version is denied before its zip is here.

    Raises:
        StoreError: the catalog cannot be read.
    """
    ruling = rule_before(site, row)
    return ruling is not None and ruling.is_denied


def rule_before(site: Site, row: VersionRow) -> Ruling | None:
    """Return what is said of a version whose zip is not here, by what is known.

    Raises:
        StoreError: the catalog cannot be read.
    """
    rules = rules_of(site)
    if rules.says_nothing:
        return None
    known = _Licences(site, rules, [*site.catalog.versions.of(row.path), row])
    return rule_on(rules, _facts(row, known, rules), site.clock.now())


def denied_of(site: Site, path: str, versions: Iterable[str]) -> dict[str, str]:
    """Return which of a module's versions are denied, and why, whom to ask included.

    Args:
        site: The site.
        path: The module.
        versions: The versions, here or not.

    Raises:
        StoreError: the catalog cannot be read.
    """
    rules = rules_of(site)
    if rules.says_nothing:
        return {}
    rows = {row.version: row for row in site.catalog.versions.of(path)}
    known = _Licences(site, rules, rows.values())
    found: dict[str, str] = {}
    for version in versions:
        row = rows.get(version) or VersionRow(path, version)
        ruling = rule_on(rules, _facts(row, known, rules), site.clock.now())
        if ruling is not None and ruling.is_denied:
            asks = f"; ask {rules.contact}" if rules.contact else ""
            found[version] = f"{ruling.rule}: {ruling.reason}{asks}"
    return found


def _is_concerned(row: VersionRow) -> bool:
    is_whole = Need.ZIP in (row.selected, row.carried)
    return is_whole and not row.withdrawn and row.state is not State.FORGOTTEN


def _rulings(
    site: Site, rules: PolicyRules, rows: Sequence[VersionRow]
) -> Iterator[Ruling]:
    others = site.catalog.versions.of(rows[0].path) if rows else []
    known = _Licences(site, rules, others)
    now = site.clock.now()
    for row in rows:
        facts = _facts(row, known, rules)
        before = site.catalog.rulings.get(row.mv) if facts.is_unread else None
        stands = before is not None and before.rule.startswith(UNREAD)
        ruling = before if stands else rule_on(rules, facts, now)
        if ruling is not None:
            yield ruling


class _Licences:
    """The licences of one module's versions, as far as they are known."""

    def __init__(
        self, site: Site, rules: PolicyRules, rows: Iterable[VersionRow]
    ) -> None:
        self._stored = StoredLicences(site.catalog, site.blobs)
        self._rows = {row.version: row for row in rows} if rules.licences else {}
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


def _facts(row: VersionRow, known: _Licences, rules: PolicyRules) -> VersionFacts:
    own, source = known.of(row.version), ""
    is_here = row.carried is Need.ZIP
    if own is None and not is_here:
        source = known.next_lower(row.version)
        own = known.of(source) if source else None
    return VersionFacts(
        mv=row.mv,
        known_at=row.index_time or row.version_time,
        zip_bytes=row.zip_bytes,
        licences=own,
        known_from=source,
        is_unread=own is None and is_here and rules.licences is not None,
    )


def _read_what_lacks(site: Site, rows: Iterable[VersionRow]) -> None:
    """Read the zips of which the catalog has no licences, once; damaged ones wait."""
    stored = StoredLicences(site.catalog, site.blobs)
    lacking = [r for r in rows if has_licences(r) and stored.known(r) is None]
    for start in range(0, len(lacking), _BATCH):
        some = lacking[start : start + _BATCH]
        try:
            list(stored.fill(some))
        except (BlobCorruptError, BlobMissingError):
            for row in some:
                _read_one(stored, row)


def _read_one(stored: StoredLicences, row: VersionRow) -> None:
    try:
        list(stored.fill([row]))
    except (BlobCorruptError, BlobMissingError):
        return  # verify tells of it
