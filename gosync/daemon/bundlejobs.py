"""Jobs of bundles: made into outboxes outside, taken in from an inbox inside.

What is done with each folder is told in the job's summary. A bundle that waits for
others, or that is refused, is news once; the others go on (``gosync.bundle.delivery``).
"""

from __future__ import annotations

from collections.abc import Iterator

from anyio import to_thread
from msgspec.structs import asdict, replace

from gosync.bundle.delivery.inside import DeliveredBundle, Inbox, InboxReport
from gosync.bundle.delivery.outside import Outbox, OutboxReport
from gosync.bundle.make.news import TargetNews
from gosync.bundle.make.packedparts import PackedParts
from gosync.catalog import leases
from gosync.daemon.outcome import JobOutcome, JobWork
from gosync.errors import ConfigError, GosyncError, SecurityError, StoreError
from gosync.sbom.bundled import BundleSbom
from gosync.signing.files import read_trust
from gosync.sync.adopt import bring_up_whole

_SHOWN = 3
_PATIENCE_SECONDS = 600.0  # for a pass that somebody else makes
_REFUSED = ConfigError.exit_code
_NO_OUTBOX = "set [[target]] outbox to the folder that the gateway takes from"
_NO_INBOX = "set bundle.inbox to the folder that the gateway delivers into"


async def bundle(work: JobWork) -> JobOutcome:
    """Make the bundles that are due, each into its target's outbox."""
    targets = [each for each in work.config.targets.values() if each.outbox]
    if not targets:
        raise ConfigError("no target has an outbox", hint=_NO_OUTBOX)
    site = replace(work.site, wait_lock_seconds=_PATIENCE_SECONDS)
    reports: list[OutboxReport] = []
    failed: dict[str, GosyncError] = {}
    news = TargetNews(site)
    with PackedParts(site.blobs) as kept:
        packed = kept if len(targets) > 1 else None
        for target in targets:
            work.stop.check()
            try:
                documents = tuple(map(BundleSbom, target.sbom))
                outbox = Outbox(site, target, work.progress, documents, news, packed)
                reports.append(await to_thread.run_sync(outbox.run))
            except StoreError:
                raise
            except GosyncError as error:  # of this target; others are served
                failed[target.name] = error
    return _bundled(reports, failed)


def _bundled(reports: list[OutboxReport], failed: dict[str, GosyncError]) -> JobOutcome:
    reasons = [f"{name}: {_told(error)}" for name, error in failed.items()]
    reasons += [f"{each.target}: {why}" for each in reports for why in each.refused]
    code = max((error.exit_code for error in failed.values()), default=0)
    return JobOutcome(
        code or (_REFUSED if reasons else 0),
        _first(reasons),
        {"targets": [asdict(each) for each in reports]},
        troubles=tuple(reasons),
    )


async def import_(work: JobWork) -> JobOutcome:
    """Take in what was delivered into the inbox, and put replies into the outbox."""
    inside = work.config.inside
    if inside.inbox is None:
        raise ConfigError("there is no inbox", hint=_NO_INBOX)
    trust = read_trust(inside.trust)
    if work.site.standing.tree_knows_more:
        async with work.site.holding_at_last(leases.SELECT):
            with work.stop.at_once():
                await bring_up_whole(work.site, work.progress)
    inbox = Inbox(
        work.site, inside, trust=trust, progress=work.progress, stop=work.stop
    )
    return _imported(await inbox.run())


def _imported(report: InboxReport) -> JobOutcome:
    reasons = tuple(_reasons(report.bundles))
    codes = [each.exit_code for each in report.bundles]
    grave = SecurityError.exit_code
    code = grave if grave in codes else max(codes, default=0)
    return JobOutcome(code, _first(reasons), asdict(report), troubles=reasons)


def _reasons(bundles: tuple[DeliveredBundle, ...]) -> Iterator[str]:
    for each in bundles:
        if each.exit_code:
            yield f"{each.folder}: {each.reason}"


def _told(error: GosyncError) -> str:
    return f"{error} ({error.hint})" if error.hint else str(error)


def _first(reasons: list[str] | tuple[str, ...]) -> str:
    more = len(reasons) - _SHOWN
    shown = [*reasons[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    return "; ".join(shown)
