"""Jobs: what each does, as an async function of the open site.

A job returns how it ended, or raises one of our errors; the runner sees to leases,
the time limit and all that is told of it. To add one: write its function, put it into
JOBS and its leases into _LEASES, give it a schedule in gosync.config.daemon and a key
in JobsSection.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

from msgspec.structs import asdict, replace

from gosync.audit.engine import run_audit
from gosync.audit.report import AuditReport
from gosync.catalog import leases
from gosync.catalog.failures import Failure
from gosync.catalog.findings import STANDS_OPEN
from gosync.daemon import bundlejobs
from gosync.daemon.outcome import Job, JobOutcome, JobWork
from gosync.errors import IncompleteError, SecurityError, UnavailableError
from gosync.folder.layouts import TargetKind
from gosync.hint import command
from gosync.publish.limit import DeleteLimit
from gosync.publish.report import TreeReport
from gosync.site.opening import Opening
from gosync.site.options import TreePlace
from gosync.site.standing import Trouble
from gosync.site.tree import publish_tree, refresh_head
from gosync.site.upstreams import connect
from gosync.sync.adopt import bring_up_whole
from gosync.sync.completeness import SOME_MISSING
from gosync.sync.engine import PassOptions
from gosync.sync.projects import read_projects
from gosync.sync.prune import allow_deletes, plan_prune
from gosync.sync.prune import prune as carry_out
from gosync.sync.report import PassReport, sync_report
from gosync.sync.running import run_pass
from gosync.text import shown
from gosync.verify.report import VerifyReport, verified_report
from gosync.verify.request import Limits, VerifyRequest
from gosync.verify.session import open_session

_SHOWN_FAILURES = 3
_PROOF_AGE = timedelta(days=7)
_MOST_OF_IT = 0.9  # of the time limit: the rest is for telling what was found


async def sync(work: JobWork) -> JobOutcome:
    """Follow the index, ask the lists that are due, fetch, publish."""
    return await _pass(work, refresh=False)


async def lists(work: JobWork) -> JobOutcome:
    """Do the same, and ask every list: what an index forgot is found here."""
    return await _pass(work, refresh=True)


async def _pass(work: JobWork, *, refresh: bool) -> JobOutcome:
    options = PassOptions(
        refresh=refresh,
        projects=read_projects(work.site.options.projects),
        stop=work.stop,
    )
    report = await run_pass(work.site, options, work.progress)
    return JobOutcome(
        report.exit_code,
        _why(report),
        asdict(sync_report(report)),
        troubles=(
            *report.completeness.troubles(),
            *(["the index's end"] if report.tally.index_unread else []),
        ),
    )


def _why(report: PassReport) -> str:
    """Return why a pass is not complete, by its first failures."""
    code = SecurityError.exit_code
    gravest = sorted(
        report.missing, key=lambda f: (f.exit_code != code, f.path, f.version)
    )
    reasons = [f"{_name(each)}: {each.reason}" for each in gravest]
    reasons += [f"{e.path}: {e.reason}" for e in report.empty_modules if e.is_missing]
    reasons += [f"{name}: {why}" for name, why in _unpublished(report)]
    more = len(reasons) - _SHOWN_FAILURES
    shown = reasons[:_SHOWN_FAILURES] + ([f"and {more} more"] if more > 0 else [])
    missing = report.completeness.missing
    return "; ".join(shown) or (f"{missing} are missing" if missing else "")


def _unpublished(report: PassReport) -> tuple[tuple[str, str], ...]:
    return report.published.refused if report.published is not None else ()


def _name(failure: Failure) -> str:
    if not failure.path:
        return failure.version
    return f"{failure.path}@{failure.version}" if failure.version else failure.path


async def publish(work: JobWork) -> JobOutcome:
    """Bring the tree up to the store, with the newest tree head if it is behind."""
    with work.stop.at_once():
        await bring_up_whole(work.site, work.progress)
    async with connect(work.site) as upstreams:
        with work.stop.at_once():
            error = await refresh_head(work.site, upstreams.sums)
            report = await publish_tree(work.site, upstreams.sums, work.progress)
    document = asdict(TreeReport.of(report))
    if error is not None:
        return JobOutcome(error.exit_code, str(error), document)
    if report.unserved:
        return JobOutcome(report.unserved_exit_code, report.unserved, document)
    if report.unpublished:
        names = tuple(name for name, _ in report.refused)
        why = f"no tree can name {', '.join(names[:_SHOWN_FAILURES])}"
        return JobOutcome(SOME_MISSING, why, document, troubles=names)
    return JobOutcome(summary=document)


async def prune(work: JobWork) -> JobOutcome:
    """Forget what nothing has selected for a time of grace."""
    site, options = work.site, work.site.options
    projects = read_projects(options.projects)
    try:
        plan = plan_prune(site, projects, grace_days=options.grace_days)
    except IncompleteError as exc:
        return JobOutcome(summary={"waits_for": str(exc)})
    most = work.config.sections.daemon.max_delete
    if most is not None:
        site = replace(site, options=replace(options, deletes=DeleteLimit(most)))
    site = allow_deletes(site, plan)
    pruned = await carry_out(site, plan, work.progress)
    swept = pruned.swept
    return JobOutcome(
        summary={
            "forgotten": len(plan.forgotten),
            "narrowed": len(plan.narrowed),
            "waiting": plan.waiting,
            "blobs_removed": swept.blobs,
            "bytes_freed": swept.bytes,
            "blobs_unexplained": swept.unexplained,
            "published": TreeReport.of(pruned.published),
        }
    )


async def audit(work: JobWork) -> JobOutcome:
    """Ask upstreams what became of what is held, as far as the hour's budget goes."""
    with work.stop.at_once():
        report = await run_audit(work.site, work.config.audit_options(), work.progress)
    return JobOutcome(
        report.exit_code,
        _audit_error(report),
        asdict(report),
        stands_open=report.exit_code == STANDS_OPEN,
        troubles=(
            *(f"{rest.source} rests" for rest in report.resting),
            *(["unanswered"] if report.failed else []),
        ),
    )


def _audit_error(report: AuditReport) -> str:
    """Return why an audit is not all well: what was not answered, what was found."""
    reasons = [f"{rest.source} rests: {rest.reason}" for rest in report.resting]
    if report.last_error is not None:
        reasons.append(report.last_error)
    if opened := sum(report.open.values()):
        reasons.append(f"{opened} findings stand open")
    return "; ".join(reasons) if report.exit_code else ""


async def verify(work: JobWork) -> JobOutcome:
    """Prove what is stored, the oldest proof first, as far as the time limit goes.

    Nobody is asked: what the store holds must prove itself. A proof counts for a
    week; what is left for the next run is no failure.
    """
    site = work.site.options
    longest = timedelta(seconds=work.time_limit_seconds * _MOST_OF_IT)
    request = VerifyRequest(
        path=site.store_path,
        kind=TargetKind.STORE,
        site=site,
        private=site.policy.private,
        offline=True,
        limits=Limits(max_age=_PROOF_AGE, max_duration=longest),
    )
    async with open_session(request, work.site.clock) as session:
        report = await session.run(
            work.site.clock, work.progress, lambda: work.stop.requested
        )
    work.stop.check()
    summary = asdict(verified_report(report))
    return JobOutcome(report.exit_code, _verify_error(report), summary)


def _verify_error(report: VerifyReport) -> str:
    """Return what a verify found, by its gravest."""
    found = report.remaining
    if not found:
        return "some of it could not be read" if report.exit_code else ""
    first = f"{shown(found[0].path)}: {found[0].verdict.value}, {found[0].reason}"
    more = f"; and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{first}{more}; next: {command('verify', '--repair')}"


# What a job needs for itself, beside its name. All but verify change what the others
# read, so they are done in the order in which they are due; verify only reads.
_LEASES: Mapping[str, tuple[str, ...]] = {
    "sync": (leases.SELECT,),
    "lists": (leases.SELECT,),
    "audit": (leases.SELECT, leases.AUDIT),
    "verify": (),
    "publish": (leases.SELECT,),
    "prune": (leases.IMPORT, leases.SELECT, leases.PRUNE),
    "bundle": (leases.BUNDLE,),
    "import": (leases.IMPORT,),
    "health": (),
}
# What these take for a while of their run.
_MIDWAY: Mapping[str, tuple[str, ...]] = {
    "bundle": (leases.SELECT,),
    "import": (leases.SELECT, leases.PRUNE),
}


def leases_of(name: str, tree: TreePlace) -> tuple[str, ...]:
    """Return the leases that a job holds from its beginning to its end."""
    own = (leases.job_lease(name), *_LEASES[name])
    return (*own, leases.publish_lease(tree)) if name == "publish" else own


def can_be_side_by_side(name: str, others: Collection[str]) -> bool:
    """Return whether a job excludes none of the others."""
    held = {lease for other in others for lease in _taken(other)}
    return name not in others and held.isdisjoint(_taken(name))


def _taken(name: str) -> tuple[str, ...]:
    return (*_LEASES[name], *_MIDWAY.get(name, ()))


# These take in what a tree shows and a restored store lacks, before they change it.
_TAKES_IN = frozenset({"sync", "lists", "publish", "import"})


def opening_of(name: str) -> Opening:
    """Return how a job opens the site; its store was made before the first job."""
    tolerate = {Trouble.TREE_AHEAD} if name in _TAKES_IN else frozenset[Trouble]()
    return Opening(create=False, tolerate=tolerate)


async def health(work: JobWork) -> JobOutcome:
    """Ask each upstream a cheap question: is it there, and how far is it behind."""
    # Only this job waits for an HTTP client to be imported.
    from gosync.mirrors.health import check_health  # noqa: PLC0415

    site = work.site
    async with connect(site) as upstreams:
        with work.stop.at_once():
            failed = await check_health(upstreams, site.options, site.clock)
    reasons = [f"{name}: {why}" for name, why in sorted(failed.items())]
    code = UnavailableError.exit_code if failed else 0
    return JobOutcome(
        code, "; ".join(reasons), {"unanswered": failed}, troubles=tuple(sorted(failed))
    )


JOBS: Mapping[str, Job] = {
    "sync": sync,
    "lists": lists,
    "audit": audit,
    "verify": verify,
    "publish": publish,
    "prune": prune,
    "bundle": bundlejobs.bundle,
    "import": bundlejobs.import_,
    "health": health,
}
