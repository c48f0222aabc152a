"""What an audit outside found goes along with what it is of.

Inside nobody can ask upstreams, so people hear of a rewritten tag, a retraction or a
vanished module by the bundles: each carries every finding of its selection that is
not over. Taking one in, a site has exactly these; what is no longer said is resolved,
and what was *accepted* outside is so inside. They stand open like any other until an
operator settles them, and decide nothing: what is served was proven.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from gosync.bundle.manifest import FindingEntry
from gosync.catalog.db import Catalog
from gosync.catalog.findings import Finding, FindingState, Sighting

SEEN_OUTSIDE: Final = "seen_outside"


def findings_of(
    catalog: Catalog, selected: Iterable[tuple[str, str]]
) -> tuple[FindingEntry, ...]:
    """Return what stands of these versions and of their modules.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    keys = set(selected)
    keys |= {(path, "") for path, _ in keys}
    found = (
        _entry(finding)
        for finding in catalog.findings.all()
        if finding.state is not FindingState.RESOLVED
        and (finding.path, finding.version) in keys
    )
    return tuple(sorted(found, key=lambda each: each.key))


def _entry(finding: Finding) -> FindingEntry:
    return FindingEntry(
        kind=finding.kind,
        path=finding.path,
        version=finding.version,
        source=finding.source,
        summary=finding.summary,
        ours=dict(finding.ours),
        theirs=dict(finding.theirs),
        first_seen=finding.first_seen,
        accepted=finding.state is FindingState.ACCEPTED,
    )


def take_findings(
    catalog: Catalog, entries: Iterable[FindingEntry], now: datetime
) -> list[Finding]:
    """Make these the site's findings; return those whose state was set by that.

    Raises:
        CatalogError: the catalog cannot be written.
    """
    told = {each.key: each for each in entries}
    findings = catalog.findings
    over = [
        findings.settle(each.id, now)
        for each in findings.all()
        if each.state is not FindingState.RESOLVED
        and (each.path, each.version, each.kind.value, each.source) not in told
    ]
    seen = (
        findings.see(_sighting(each), now, accept={each.kind} if each.accepted else ())
        for each in told.values()
    )
    return [*over, *(finding for finding in seen if finding is not None)]


def _sighting(entry: FindingEntry) -> Sighting:
    return Sighting(
        kind=entry.kind,
        path=entry.path,
        version=entry.version,
        source=entry.source,
        summary=entry.summary,
        ours={**entry.ours, SEEN_OUTSIDE: entry.first_seen},
        theirs=entry.theirs,
    )
