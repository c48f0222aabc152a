"""What the catalog knows of how the mirror is, gathered once for all who show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gosync.catalog.db import Catalog
from gosync.catalog.findings import Kind
from gosync.catalog.jobs import JobRow
from gosync.catalog.versions import State
from gosync.clock import parse_time
from gosync.errors import SecurityError
from gosync.sync.index import NAMED
from gosync.sync.options import SiteOptions


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old what we know is.

    Attributes:
        cursor_at: Up to which time the index was read by whoever is furthest
            behind; None without an index, or before its first page.
        oldest_list_at: When the list was asked that was asked longest ago.
        never_listed: How many followed modules were never asked about.
    """

    cursor_at: datetime | None
    oldest_list_at: datetime | None
    never_listed: int

    def cursor_behind_seconds(self, now: datetime) -> float | None:
        """Return how far the cursor is behind the time."""
        return _age(self.cursor_at, now)

    def oldest_list_seconds(self, now: datetime) -> float | None:
        """Return how old the oldest list is."""
        return _age(self.oldest_list_at, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How the mirror is.

    Attributes:
        now: When this was gathered.
        freshness: How old what it knows is.
        modules: Modules that are followed.
        versions: How many versions are in each state.
        missing: Selected versions that are not here.
        failures: What stands open, by class of error.
        security: How much of that is evidence of misbehaviour.
        findings: What stands open of what audits found, by kind.
        carried_bytes: Sizes of all that is carried.
        jobs: The daemon's jobs by name.
    """

    now: datetime
    freshness: Freshness
    modules: int
    versions: Mapping[State, int]
    missing: int
    failures: Mapping[str, int]
    security: int
    findings: Mapping[Kind, int]
    carried_bytes: int
    jobs: Mapping[str, JobRow]


def gather_facts(catalog: Catalog, options: SiteOptions, now: datetime) -> Facts:
    """Return how the mirror is.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    failures = catalog.failures.open()
    counts: dict[str, int] = {}
    for failure in failures:
        counts[failure.error] = counts.get(failure.error, 0) + 1
    code = SecurityError.exit_code
    return Facts(
        now=now,
        freshness=read_freshness(catalog, options),
        modules=len(catalog.modules.all()),
        versions=catalog.versions.counts(),
        missing=catalog.selected.missing(),
        failures=counts,
        security=sum(failure.exit_code == code for failure in failures),
        findings=catalog.findings.counts(),
        carried_bytes=catalog.versions.carried_bytes(),
        jobs={row.name: row for row in catalog.jobs.all()},
    )


def read_freshness(catalog: Catalog, options: SiteOptions) -> Freshness:
    """Return how old what the catalog knows is.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    listed = [module.listed_at for module in catalog.modules.all()]
    url = options.index_url
    names = (*options.policy.patterns, NAMED) if url else ()
    cursors = [since for name in names if (since := catalog.cursors.get(url, name))]
    return Freshness(
        cursor_at=min(map(parse_time, cursors), default=None),
        oldest_list_at=min((parse_time(at) for at in listed if at), default=None),
        never_listed=listed.count(None),
    )


def _age(moment: datetime | None, now: datetime) -> float | None:
    """Return how long ago a moment was; one that lies ahead is now."""
    return None if moment is None else max(0.0, (now - moment).total_seconds())
