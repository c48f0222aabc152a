"""What the catalog knows of how the mirror is, gathered once for all who show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from gosync.catalog.census import Census
from gosync.catalog.db import Catalog
from gosync.catalog.findings import FindingKind
from gosync.catalog.jobs import JobRow
from gosync.errors import SecurityError
from gosync.site.options import SiteOptions
from gosync.site.volume import MonthVolume, month_volume
from gosync.sync.completeness import Completeness, CompletenessReader
from gosync.sync.freshness import Freshness, freshness_of
from gosync.upstream.kept import UpstreamState, decode_kept, state_of
from gosync.upstream.source import breaker_policy
from gosync.upstream.urls import strip_secrets


class MirrorFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How the mirror is.

    Attributes:
        now: When this was gathered.
        freshness: How old what it knows is.
        modules: Modules that are followed.
        versions: How many versions there are, by state.
        completeness: How much of what is selected is here.
        failures: What stands open, by class of error.
        security: How much of that is evidence of misbehaviour.
        findings: What stands open of what audits found, by kind.
        vulnerable: How many modules of the tree have versions with known
            vulnerabilities.
        carried_bytes: Sizes of all that is carried.
        jobs: The daemon's jobs by name.
        upstreams: How each upstream has answered of late.
        volume: What came from these this month.
    """

    now: datetime
    freshness: Freshness
    modules: int
    versions: Census
    completeness: Completeness
    failures: Mapping[str, int]
    security: int
    findings: Mapping[FindingKind, int]
    vulnerable: int
    carried_bytes: int
    jobs: Mapping[str, JobRow]
    upstreams: tuple[UpstreamState, ...] = ()
    volume: MonthVolume


def gather_facts(catalog: Catalog, options: SiteOptions, now: datetime) -> MirrorFacts:
    """Return how the mirror is.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    completeness = CompletenessReader(catalog, options, now).read()
    failures = completeness.failures
    counts: dict[str, int] = {}
    for failure in failures:
        counts[failure.error] = counts.get(failure.error, 0) + 1
    code = SecurityError.exit_code
    return MirrorFacts(
        now=now,
        freshness=freshness_of(options, catalog, now),
        modules=catalog.modules.count(),
        versions=catalog.census(),
        completeness=completeness,
        failures=counts,
        security=sum(failure.exit_code == code for failure in failures),
        findings=catalog.findings.counts(),
        vulnerable=len(catalog.shown.vulnerable(str(options.tree_path))),
        carried_bytes=catalog.carried_bytes(),
        jobs={row.name: row for row in catalog.jobs.all()},
        upstreams=upstream_states(catalog, options, now),
        volume=month_volume(catalog, options.volume, now),
    )


def upstream_states(
    catalog: Catalog, options: SiteOptions, now: datetime
) -> tuple[UpstreamState, ...]:
    """Return how each upstream has answered of late, by their URLs.

    One that is no longer configured is left out: nobody asks it.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    asked = set(_asked_urls(options))
    return tuple(
        state_of(url, decode_kept(kept), now, breaker_policy(options.http))
        for url, kept in catalog.upstreams.all().items()
        if url in asked
    )


def _asked_urls(options: SiteOptions) -> Iterator[str]:
    """Yield what the configuration lets a site ask, as it is kept."""
    own = (each.entry for each in options.routing.own)
    for each in (*options.proxies.entries, *own):
        yield strip_secrets(each.url.rstrip("/"))
    if options.database is not None:
        yield strip_secrets(options.database.url or f"https://{options.database.name}")
