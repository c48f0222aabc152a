"""``gosync audit``: ask upstreams what became of what is held, and settle findings."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import click

from gosync.audit.report import AuditReport
from gosync.audit.spent import SpentBudget
from gosync.catalog.findings import (
    STANDS_OPEN,
    Finding,
    FindingsReport,
    FindingState,
)
from gosync.cli.ages import ago
from gosync.cli.interruptible import run_interruptible
from gosync.cli.options import CommonOptions, common_options, wait_lock_option
from gosync.cli.progress import progress
from gosync.cli.tables import finding_lines
from gosync.config.config import Config
from gosync.config.sizes import format_size
from gosync.errors import UsageError
from gosync.ingest.entries import finding_entry
from gosync.site.site import open_site, read_catalog
from gosync.text import printable

_STATES = click.Choice([state.value for state in FindingState])


@click.command()
@click.option(
    "--set",
    "decisions",
    type=(int, _STATES),
    multiple=True,
    metavar="ID STATE",
    help="Ask nobody; set a finding to new, known, accepted or resolved.",
)
@click.option("--note", metavar="TEXT", help="With --set: why.")
@click.option("--list", "listing", is_flag=True, help="Ask nobody; show findings.")
@click.option(
    "--all", "everything", is_flag=True, help="With --list: settled ones too."
)
@click.option("--refresh", is_flag=True, help="Ask everything, however fresh.")
@wait_lock_option
@common_options
def audit(
    options: CommonOptions,
    decisions: tuple[tuple[int, str], ...],
    note: str | None,
    listing: bool,
    everything: bool,
    refresh: bool,
    wait_lock: float,
) -> int:
    """Ask upstreams what became of what is held: rewritten, vanished, stale ...

    Asks what is due within the budget of an hour; run it again to go on. Exits 4
    while findings stand open, those that are new or known. What is held stays
    served, whatever is found.
    """
    config = options.load_config()
    if listing and decisions:
        raise UsageError("--list and --set exclude each other")
    if note is not None and not decisions:
        raise UsageError("--note needs --set")
    if listing:
        return _list(options, config, everything=everything)
    if decisions:
        chosen = [(number, FindingState(state)) for number, state in decisions]
        return _decide(options, config, chosen, note, wait_lock)
    return _ask(options, config, wait_lock, refresh=refresh)


def _ask(
    options: CommonOptions, config: Config, wait_lock: float, *, refresh: bool
) -> int:
    from gosync.audit.engine import run_audit  # noqa: PLC0415 - --list asks nobody

    wish = config.audit_options()
    with (
        open_site(
            config.site_options(),
            command="gosync audit",
            wait_lock_seconds=wait_lock,
        ) as site,
        progress(show=options.show_progress) as watcher,
    ):
        report = run_interruptible(
            lambda: run_audit(site, wish, watcher, refresh=refresh)
        )
    options.output.result("audit", report, _lines(report))
    return report.exit_code


def _lines(report: AuditReport) -> Iterator[str]:
    yield (
        f"audited: {report.answered} answers, {report.unchanged} of them unchanged;"
        f" {report.requests} requests, {report.seconds:.1f} s"
    )
    if report.failed:
        why = printable(report.last_error or "")
        yield f"{report.failed} questions got no answer: {why}"
    for rest in report.resting:
        why = printable(rest.reason)
        yield f"{rest.source} is left alone until {rest.until}: {why}"
    for spent in report.budget_spent:
        yield budget_line(spent)
    if report.waiting:
        yield f"not done: {report.waiting} questions wait; run it again"
    yield from finding_lines(report.news)
    opened = ", ".join(f"{n} {kind}" for kind, n in report.open.items() if n)
    yield f"findings that stand open: {opened or 'none'}"


def budget_line(spent: SpentBudget) -> str:
    """Return why a source is not asked any more for now."""
    return (
        f"{spent.source}: this hour's budget is spent, {spent.requests} of"
        f" {spent.requests_per_hour} requests and {format_size(spent.bytes)} of"
        f" {format_size(spent.bytes_per_hour)}; {spent.waiting} questions wait, asked"
        f" {ago(spent.again_at)}"
    )


def _list(options: CommonOptions, config: Config, *, everything: bool) -> int:
    with read_catalog(config.site_options()) as catalog:
        found = catalog.findings.all() if everything else catalog.findings.open()
    _show(options, found)
    return STANDS_OPEN if any(finding.is_open for finding in found) else 0


def _decide(
    options: CommonOptions,
    config: Config,
    chosen: list[tuple[int, FindingState]],
    note: str | None,
    wait_lock: float,
) -> int:
    """Set findings to what the operator chose, all or none."""
    from gosync.site.tree import refresh_feed  # noqa: PLC0415 - --list asks nobody

    with open_site(
        config.site_options(), command="gosync audit --set", wait_lock_seconds=wait_lock
    ) as site:
        findings, now = site.catalog.findings, site.clock.now()
        decided = []
        with site.catalog.transaction():
            for number, state in chosen:
                finding = findings.decide(number, state, now, note=note)
                if finding is None:
                    raise UsageError(
                        f"there is no finding {number}",
                        hint="gosync audit --list --all",
                    )
                decided.append(finding)
            site.journal.append(map(finding_entry, decided))  # outlives the catalog
        anyio.run(refresh_feed, site)
    _show(options, decided)
    return 0


def _show(options: CommonOptions, findings: list[Finding]) -> None:
    lines = list(finding_lines(findings)) or ["no finding stands open"]
    options.output.result("findings", FindingsReport(findings), lines)
