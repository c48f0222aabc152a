"""Report of ``gosync status``: its fields are the keys of the ``--json`` document.

What status.json (``mirror``) has in common with it comes from the same facts and the
same models: Freshness, Census, CompletenessReport, JobReport.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from signal import SIGTERM
from typing import Final

import msgspec
from msgspec.structs import asdict

from gosync.audit.options import AuditOptions
from gosync.audit.state import AuditState, audit_state
from gosync.catalog.db import Catalog
from gosync.catalog.failures import Failure
from gosync.catalog.findings import STANDS_OPEN, Finding
from gosync.catalog.holders import HolderRow
from gosync.catalog.imports import ImportRow
from gosync.catalog.jobs import JobRow
from gosync.catalog.runs import Run
from gosync.catalog.selection_notes import SelectionNote
from gosync.catalog.withdrawn import Withdrawal
from gosync.errors import InterruptedRunError, StoreError
from gosync.osv.vulnerable import NewestVulnerable
from gosync.publish.marker import read_marker
from gosync.publish.newestvulns import NewestVulns
from gosync.site.options import SiteOptions
from gosync.site.policyreport import PolicyReport, read_policy
from gosync.site.storeparts import store_blobs
from gosync.site.treestorage import tree_storage
from gosync.site.volume import MonthVolume
from gosync.status.facts import MirrorFacts, gather_facts
from gosync.status.late import Late, late_data
from gosync.status.mirror import JobReport
from gosync.sumdb.tlog import parse_tree
from gosync.sync.completeness import SOME_MISSING, CompletenessReport
from gosync.sync.freshness import Freshness
from gosync.sync.index import NAMED
from gosync.sync.keptindex import KEPT
from gosync.upstream.kept import UpstreamState

_VULNERABLE_SHOWN: Final = 5
_STOPPED: Final = InterruptedRunError(SIGTERM).exit_code  # of a job


class RunReport(Run, frozen=True):
    """The last run.

    Attributes:
        stopped: Whether it ended because it was asked to.
        killed: Whether it did not end, and nobody who is at work began it.
    """

    stopped: bool
    killed: bool


class JobState(JobReport, frozen=True, kw_only=True):
    """A job of the daemon; ``stopped`` and ``killed`` are as in RunReport."""

    stopped: bool
    killed: bool


class KeptSelection(CompletenessReport, frozen=True, kw_only=True):
    """The selection, and how many versions are kept though it has them no more."""

    unselected: int


class NewestBundle(ImportRow, frozen=True, kw_only=True):
    """The bundle that the selection came with, and how many others wait."""

    waiting: int


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh, how complete and how proven a mirror is.

    Attributes:
        store: The store's folder.
        tree: The tree's folder.
        tree_unknown: Versions in the tree that the store does not know.
        modules_followed: How many there are.
        versions: How many versions there are, by state.
        selection: How much of what is selected is here.
        bundle: The bundle that it came with; None where syncs make it.
        freshness: How old what is known is.
        oldest_list_at: As in ``freshness``.
        lists_never_asked: As ``lists_never_had`` there.
        index_cursors: Up to when the index was read, by pattern.
        tree_heads: Sizes of the trusted heads, by database.
        unproven: How many versions from caches wait for their proof.
        at_work: Who has the store open to work on it, None for nobody.
        last_run: The last run, None before the first.
        jobs: The daemon's jobs by name.
        upstreams: How each upstream has answered of late.
        volume: What came from these this month, and may come.
        withdrawn: What operators withdrew.
        policy: What the policy keeps out, lets in for a while, and tells of.
        notes: What the selection could not know, and took instead.
        audit: How audits stand.
        failures: What stands open, by class of error.
        findings: What stands open of what audits found.
        vulnerable: How many modules of the tree have versions with known
            vulnerabilities.
        vulnerable_newest: What became known of these last, newest first, a few.
        late: What is older than it may be.
        exit_code: The process's.
    """

    store: str
    tree: str
    tree_unknown: int
    modules_followed: int
    versions: dict[str, int]
    selection: KeptSelection
    bundle: NewestBundle | None
    freshness: Freshness
    oldest_list_at: str | None
    lists_never_asked: int
    index_cursors: dict[str, str | None]
    tree_heads: dict[str, int]
    unproven: int
    at_work: str | None
    last_run: RunReport | None
    jobs: dict[str, JobState]
    upstreams: tuple[UpstreamState, ...]
    volume: MonthVolume
    withdrawn: list[Withdrawal]
    policy: PolicyReport
    notes: list[SelectionNote]
    audit: AuditState
    failures: tuple[Failure, ...]
    findings: list[Finding]
    vulnerable: int
    vulnerable_newest: list[NewestVulnerable]
    late: list[Late]
    exit_code: int


def read_status(
    catalog: Catalog,
    options: SiteOptions,
    audit: AuditOptions,
    now: datetime,
    *,
    max_age: timedelta | None = None,
) -> tuple[MirrorFacts, StatusReport]:
    """Return how the mirror is: the facts, and their report.

    Args:
        catalog: What is known.
        options: What is configured.
        audit: How audits ask.
        now: What time it is.
        max_age: How old what is known may be; None for any age.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    facts = gather_facts(catalog, options, now)
    fresh, holders = facts.freshness, catalog.holders.alive(now)
    late = late_data(catalog, options, fresh, now, max_age=max_age)
    findings, runs = catalog.findings.open(), catalog.runs.latest()
    heads = catalog.heads
    report = StatusReport(
        store=options.store_name,
        tree=str(options.tree_path),
        tree_unknown=_unknown(options),
        modules_followed=facts.modules,
        versions=facts.versions.document(),
        selection=_selection(catalog, facts),
        bundle=_bundle(catalog),
        freshness=fresh,
        oldest_list_at=fresh.oldest_list_at,
        lists_never_asked=fresh.lists_never_had,
        index_cursors=_cursors(catalog, options),
        tree_heads={name: _head_size(heads.get(name)) for name in heads.names()},
        unproven=catalog.unproven.count(),
        at_work=", ".join(map(str, holders)) or None,
        last_run=_run(runs[0], holders) if runs else None,
        jobs={name: _job(row, holders) for name, row in facts.jobs.items()},
        upstreams=facts.upstreams,
        volume=facts.volume,
        withdrawn=catalog.withdrawn.all(),
        policy=read_policy(catalog, now),
        notes=catalog.selection_notes.all(),
        audit=audit_state(catalog, audit, now, cursor=fresh.index_cursor),
        failures=facts.completeness.failures,
        findings=findings,
        vulnerable=facts.vulnerable,
        vulnerable_newest=_newest_vulnerable(catalog, options, facts),
        late=late,
        exit_code=_exit_code(facts.completeness.exit_code, late, findings),
    )
    return facts, report


def _exit_code(
    completeness: int, late: Sequence[Late], findings: Sequence[Finding]
) -> int:
    if completeness == SOME_MISSING or (late and not completeness):
        return SOME_MISSING
    return STANDS_OPEN if findings else completeness


def _newest_vulnerable(
    catalog: Catalog, options: SiteOptions, facts: MirrorFacts
) -> list[NewestVulnerable]:
    if not facts.vulnerable:
        return []
    found = NewestVulns(catalog, store_blobs(options), facts.now)
    return found.of(str(options.tree_path), limit=_VULNERABLE_SHOWN)


def _unknown(options: SiteOptions) -> int:
    """Return how many versions the tree has that the store does not know."""
    try:
        marker = read_marker(tree_storage(options).reader())
    except StoreError:  # the tree is no part of what this command reads
        return 0
    return 0 if marker is None else marker.unknown


def _selection(catalog: Catalog, facts: MirrorFacts) -> KeptSelection:
    found = asdict(facts.completeness.report())
    return KeptSelection(**found, unselected=catalog.selected.count_unselected())


def _bundle(catalog: Catalog) -> NewestBundle | None:
    newest = catalog.imports.newest()
    if newest is None:
        return None
    return NewestBundle(**asdict(newest), waiting=len(catalog.imports.staged()))


def _cursors(catalog: Catalog, options: SiteOptions) -> dict[str, str | None]:
    if not options.index_url:
        return {}
    kept = [KEPT] if options.keeps_index else []
    return {
        pattern or "(named modules)": catalog.cursors.get(options.index_url, pattern)
        for pattern in [*options.policy.patterns, NAMED, *kept]
    }


def _head_size(note: bytes) -> int:
    return parse_tree(note.partition(b"\n\n")[0] + b"\n").n


def _run(run: Run, holders: Sequence[HolderRow]) -> RunReport:
    killed = run.ended_at is None and not _is_of(holders, run.started_at)
    return RunReport(**asdict(run), stopped=run.was_stopped, killed=killed)


def _job(row: JobRow, holders: Sequence[HolderRow]) -> JobState:
    killed = row.ended_at is None and not _is_of(holders, row.started_at)
    stopped = row.exit_code == _STOPPED
    return JobState(**asdict(JobReport.of(row)), stopped=stopped, killed=killed)


def _is_of(holders: Sequence[HolderRow], started_at: str) -> bool:
    """Whether somebody who is at work may have begun this run."""
    return any(holder.since <= started_at for holder in holders)
