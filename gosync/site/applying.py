"""Application of the policy to what is selected and here: rulings for the catalog.

Made anew whenever a selection was made, as rows are committed, and before a tree is
published: so a rule that was changed, and an exception that ended, concern what is here
already. What is not here yet is denied by the licences of the next lower version that
was read; else its own tell, as the gate reads them, in the transaction that commits it.

Less knowledge than before is no reason: while the licences of a version that is here
cannot be read, what was said of it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final

from gosync.catalog.rulings import Ruling
from gosync.catalog.versions import Need, State, VersionRow
from gosync.errors import (
    BlobCorruptError,
    BlobMissingError,
    ConfigError,
    UnavailableError,
)
from gosync.hint import advise, command
from gosync.ingest.storedfacts import has_zip
from gosync.ingest.storedlicences import StoredLicences
from gosync.ingest.storedvulns import StoredVulns
from gosync.osv.files import DATABASE_MODULE
from gosync.signing.files import read_public_keys
from gosync.site.decisions import read_decisions, with_decisions
from gosync.site.knownfacts import KnownFacts
from gosync.site.policyrules import UNREAD, PolicyRules, rule_on
from gosync.site.site import Site

_BATCH: Final = 100
_NO_DATABASE: Final = "policy.vulnerabilities: there is no vulnerability database here"
_HOW: Final = advise("set vulndb.source, then {}", command("vulns", "--update"))


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
        ConfigError: a rule asks for what is not here: keys, or the vulnerability
            database.
        StoreError: the catalog cannot be read or written.
    """
    rules = rules_of(site)
    if rules.says_nothing:
        if site.catalog.rulings.any():
            site.catalog.rulings.replace((), site.clock.now())
        return
    _check_database(site, rules)
    rows = [row for row in site.catalog.versions.all_rows() if _is_concerned(row)]
    if rules.licences is not None:
        _read_what_lacks(site, rows)
    judge = _Judge(site, rules)
    by_path = groupby(rows, attrgetter("path"))
    found = [each for path, some in by_path for each in judge.rulings(path, some)]
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
    judge = _Judge(site, rules)
    for path in paths:
        some = [row for row in site.catalog.versions.of(path) if _is_concerned(row)]
        found = judge.rulings(path, some)
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
    judge = _Judge(site, rules)
    facts = judge.facts(row.path, [*site.catalog.versions.of(row.path), row])
    return rule_on(rules, facts.of(row), site.clock.now())


def denied_of(site: Site, path: str, versions: Iterable[str]) -> dict[str, str]:
    """Return which of a module's versions are denied, and why, whom to ask included.

    Args:
        site: The site.
        path: The module.
        versions: The versions, here or not.

    Raises:
        UnavailableError: a rule asks for the vulnerability database, and there is none.
        StoreError: the catalog cannot be read.
    """
    rules = rules_of(site)
    if rules.says_nothing:
        return {}
    if _lacks_database(site, rules) and path != DATABASE_MODULE:
        raise UnavailableError(_NO_DATABASE, hint=_HOW)
    rows = {row.version: row for row in site.catalog.versions.of(path)}
    facts = _Judge(site, rules).facts(path, rows.values())
    found: dict[str, str] = {}
    for version in versions:
        row = rows.get(version) or VersionRow(path, version)
        ruling = rule_on(rules, facts.of(row), site.clock.now())
        if ruling is not None and ruling.is_denied:
            asks = f"; ask {rules.contact}" if rules.contact else ""
            found[version] = f"{ruling.rule}: {ruling.reason}{asks}"
    return found


def _is_concerned(row: VersionRow) -> bool:
    is_whole = Need.ZIP in (row.selected, row.carried)
    return is_whole and not row.withdrawn and row.state is not State.FORGOTTEN


class _Judge:
    """The rules held against what is known; keys are read once, as each use begins."""

    def __init__(self, site: Site, rules: PolicyRules) -> None:
        self._site = site
        self._rules = rules
        self._keys = {
            each.keys: read_public_keys(map(Path, each.keys))
            for each in rules.signatures
        }

    def facts(self, path: str, rows: Iterable[VersionRow]) -> KnownFacts:
        return KnownFacts(self._site, self._rules, self._keys, path, rows)

    def rulings(self, path: str, rows: Iterable[VersionRow]) -> Iterator[Ruling]:
        """Yield what is said of some versions of a module."""
        site = self._site
        known = self.facts(path, site.catalog.versions.of(path))
        now = site.clock.now()
        for row in rows:
            facts = known.of(row)
            before = site.catalog.rulings.get(row.mv) if facts.is_unread else None
            stands = before is not None and before.rule.startswith(UNREAD)
            ruling = before if stands else rule_on(self._rules, facts, now)
            if ruling is not None:
                yield ruling


def _check_database(site: Site, rules: PolicyRules) -> None:
    """Refuse to rule on vulnerabilities where nobody knows any."""
    if _lacks_database(site, rules):
        raise ConfigError(_NO_DATABASE, hint=_HOW)


def _lacks_database(site: Site, rules: PolicyRules) -> bool:
    asks = rules.vulnerabilities is not None
    return asks and not StoredVulns(site.catalog, site.blobs).is_there


def _read_what_lacks(site: Site, rows: Iterable[VersionRow]) -> None:
    """Read the zips of which the catalog has no licences, once; damaged ones wait."""
    stored = StoredLicences(site.catalog, site.blobs)
    lacking = [r for r in rows if has_zip(r) and stored.known(r) is None]
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
