"""What a pass did: as a value, and as the document of ``gosync sync --json``."""

from __future__ import annotations

import msgspec

from gosync.catalog.failures import Failure
from gosync.catalog.withdrawn import Withdrawal
from gosync.publish.report import PublishReport, TreeReport
from gosync.site.policyreport import PolicyReport
from gosync.sync.completeness import Completeness, CompletenessReport
from gosync.sync.emptymodules import EmptyModule
from gosync.sync.freshness import Freshness
from gosync.sync.tally import Tally


class PassReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass did and how it ended.

    Attributes:
        tally: Its counts.
        published: What publishing did; None when it was not done.
        missing: Failures of what is still selected; of a pass that a command named
            modules for, of these.
        withdrawn: What is selected and withdrawn.
        policy: What the policy keeps out, lets in for a while, and tells of.
        empty_modules: Modules that were named for it, and of which there is nothing.
        completeness: How much is here of what the configuration selects.
        is_named: Whether a command named modules for it.
        freshness: How old what is known is.
        exit_code: The process's.
        requests: Requests sent.
        received_bytes: Bytes of bodies.
        seconds: Wall time.
    """

    tally: Tally
    published: PublishReport | None
    missing: tuple[Failure, ...]
    withdrawn: tuple[Withdrawal, ...]
    policy: PolicyReport
    empty_modules: tuple[EmptyModule, ...]
    completeness: Completeness
    is_named: bool
    freshness: Freshness
    exit_code: int
    requests: int
    received_bytes: int
    seconds: float


class SyncReport(msgspec.Struct, frozen=True, kw_only=True):
    """A pass as a document; its fields are the document's keys.

    Attributes:
        exit_code: The process's.
        seconds: Wall time.
        requests: Requests sent.
        received_bytes: Bytes of bodies.
        modules_listed: Modules whose list was asked for.
        index_events: Lines of the index that were read.
        index_skipped: Lines that make no sense, by what is wrong with them.
        index_unread: Whether the index's end was not reached.
        index_overtaken: Whether another run moved its cursor meanwhile.
        list_skipped: Lines of lists that make no sense, by what is wrong with them.
        versions_found: Versions that were newly selected.
        versions_unselected: Versions that no rule selects any more.
        versions_admitted: Versions that were fetched and proven.
        versions_omitted: Versions whose zip is too large to be wanted.
        go_mods_admitted: Versions of which the ``.mod`` alone was fetched.
        bytes_admitted: Sizes of what was fetched.
        freshness: How old what is known is.
        failed: Failures of what is still selected.
        withdrawn: What is selected and withdrawn.
        policy: What the policy keeps out, lets in for a while, and tells of.
        empty_modules: Modules that were named, and of which there is nothing.
        selection: How much of what is selected is here.
        published: What publishing did; None when it was not done.
    """

    exit_code: int
    seconds: float
    requests: int
    received_bytes: int
    modules_listed: int
    index_events: int
    index_skipped: dict[str, int]
    index_unread: bool
    index_overtaken: bool
    list_skipped: dict[str, int]
    versions_found: int
    versions_unselected: int
    versions_admitted: int
    versions_omitted: int
    go_mods_admitted: int
    bytes_admitted: int
    freshness: Freshness
    failed: tuple[Failure, ...]
    withdrawn: tuple[Withdrawal, ...]
    policy: PolicyReport
    empty_modules: tuple[EmptyModule, ...]
    selection: CompletenessReport
    published: TreeReport | None


def sync_report(report: PassReport) -> SyncReport:
    """Return a pass as a document."""
    tally, published = report.tally, report.published
    return SyncReport(
        exit_code=report.exit_code,
        seconds=round(report.seconds, 3),
        requests=report.requests,
        received_bytes=report.received_bytes,
        modules_listed=tally.listed,
        index_events=tally.index_events,
        index_skipped=tally.index_skipped,
        index_unread=tally.index_unread,
        index_overtaken=tally.index_overtaken,
        list_skipped=tally.list_skipped,
        versions_found=tally.wanted,
        versions_unselected=tally.unselected,
        versions_admitted=tally.admitted,
        versions_omitted=tally.omitted,
        go_mods_admitted=tally.go_mods,
        bytes_admitted=tally.admitted_bytes,
        freshness=report.freshness,
        failed=report.missing,
        withdrawn=report.withdrawn,
        policy=report.policy,
        empty_modules=report.empty_modules,
        selection=report.completeness.report(),
        published=TreeReport.of(published) if published else None,
    )
