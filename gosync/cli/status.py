"""``gosync status``: fresh, complete, proven, at a glance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from signal import SIGTERM

import click
import msgspec
from msgspec.structs import asdict

from gosync.audit.answers import IndexAnswer, parse_answer
from gosync.audit.questions import INDEX_QUESTION
from gosync.audit.spent import spent_budgets, waiting_questions
from gosync.catalog.db import Catalog
from gosync.catalog.findings import STANDS_OPEN, Finding
from gosync.catalog.holders import HolderRow
from gosync.catalog.jobs import JobRow
from gosync.catalog.runs import Run
from gosync.cli.durations import Duration
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.tables import finding_lines, freshness_line, withdrawal_lines
from gosync.cli.troublelines import completeness_lines, selection_line
from gosync.clock import SystemClock
from gosync.config.config import Config
from gosync.errors import InterruptedRunError, StoreError
from gosync.publish.marker import read_marker
from gosync.site.site import read_catalog
from gosync.status.facts import MirrorFacts, gather_facts
from gosync.status.late import Late, late_data
from gosync.status.mirror import job_document
from gosync.sumdb.tlog import parse_tree
from gosync.sync.completeness import (
    SOME_MISSING,
    Completeness,
)
from gosync.sync.index import NAMED
from gosync.sync.selection import ANY_TIME as FAR
from gosync.sync.settling import is_read

_SHOWN = 20
_STATES = {
    "present": "whole",
    "go_mod_only": "go.mod only",
    "go_mod_read": "go.mod files read to select",
}
_STOPPED = InterruptedRunError(SIGTERM).exit_code  # of a job


@click.command()
@click.option(
    "--max-age",
    type=Duration(),
    metavar="TIME",
    help="Exit 3 if sync, lists, index or bundle are older: 90m, 36h, 2d.",
)
@common_options
def status(options: CommonOptions, max_age: timedelta | None) -> int:
    """Show how fresh, how complete and how proven the mirror is.

    For monitors, with --quiet and its exit code: 3 while something selected is
    missing or what is known is older than --max-age, 4 while a finding stands open, 6
    for evidence of misbehaviour that is no finding, 7 if the catalog cannot be read,
    else 0.
    """
    config = options.load_config()
    site, now = config.site_options(), SystemClock().now()
    with read_catalog(site, blobs=True) as catalog:
        facts = gather_facts(catalog, site, now)
        late = late_data(catalog, site, facts.freshness, now, max_age=max_age)
        document = _document(config, catalog, facts)
        findings = catalog.findings.open()
        withdrawn = catalog.withdrawn.all()
    code = _exit_code(facts.completeness.exit_code, late, findings)
    document["late"] = [msgspec.to_builtins(each) for each in late]
    document["exit_code"] = code
    options.output.result(
        "status",
        document,
        [
            *_lines(document, facts),
            *withdrawal_lines(withdrawn),
            *map(_late_line, late),
            *completeness_lines(facts.completeness),
            *_first_findings(findings),
        ],
    )
    return code


def _exit_code(
    completeness: int, late: Sequence[Late], findings: Sequence[Finding]
) -> int:
    if completeness == SOME_MISSING or (late and not completeness):
        return SOME_MISSING
    return STANDS_OPEN if findings else completeness


def _late_line(late: Late) -> str:
    if late.at is None:
        return f"late       {late.what}: never"
    return f"late       {late.what}: {late.at}, older than --max-age"


def _first_findings(findings: list[Finding]) -> Iterator[str]:
    yield from finding_lines(findings[:_SHOWN])
    if len(findings) > _SHOWN:
        more = len(findings) - _SHOWN
        yield f"... and {more} more; `gosync audit --list` shows all"


def _document(
    config: Config, catalog: Catalog, facts: MirrorFacts
) -> dict[str, object]:
    runs, fresh = catalog.runs.latest(), facts.freshness
    site = config.site_options()
    holders = catalog.holders.alive(facts.now)
    return {
        "store": str(config.store_path),
        "tree": str(config.tree_path),
        "tree_unknown": _unknown(config),
        "modules_followed": facts.modules,
        "versions": facts.versions.document(),
        "selection": _selection(catalog, facts.completeness),
        "bundle": _bundle(catalog),
        "freshness": msgspec.to_builtins(fresh),
        "oldest_list_at": fresh.oldest_list_at,
        "lists_never_asked": fresh.lists_never_had,
        "index_cursors": {
            pattern or "(named modules)": catalog.cursors.get(site.index_url, pattern)
            for pattern in [*site.policy.patterns, NAMED]
            if site.index_url
        },
        "tree_heads": {
            name: _head_size(catalog.heads.get(name)) for name in catalog.heads.names()
        },
        "at_work": ", ".join(map(str, holders)) or None,
        "last_run": _run(runs[0], holders) if runs else None,
        "jobs": {row.name: _job(row, holders) for row in catalog.jobs.all()},
        "withdrawn": msgspec.to_builtins(catalog.withdrawn.all()),
        "audit": _audit(config, catalog, facts),
        "failures": facts.completeness.failures,
        "findings": catalog.findings.open(),
    }


def _unknown(config: Config) -> int:
    """Return how many versions the tree has that the store does not know."""
    try:
        marker = read_marker(config.tree_path)
    except StoreError:  # the tree is no part of what this command reads
        return 0
    return 0 if marker is None else marker.unknown


def _unknown_words(count: object) -> str:
    if not count:
        return ""
    return f"; {count} versions in it are unknown here, next: gosync adopt"


def _run(run: Run, holders: list[HolderRow]) -> dict[str, object]:
    return {
        **msgspec.to_builtins(run),
        "stopped": run.was_stopped,
        "killed": run.ended_at is None and not _is_of(holders, run.started_at),
    }


def _job(row: JobRow, holders: list[HolderRow]) -> dict[str, object]:
    killed = row.ended_at is None and not _is_of(holders, row.started_at)
    stopped = row.exit_code == _STOPPED
    return {**job_document(row), "stopped": stopped, "killed": killed}


def _is_of(holders: list[HolderRow], started_at: str) -> bool:
    """Whether somebody who is at work may have begun this run."""
    return any(holder.since <= started_at for holder in holders)


def _audit(config: Config, catalog: Catalog, facts: MirrorFacts) -> dict[str, object]:
    options, cursor = config.audit_options(), facts.freshness.index_cursor
    counts = catalog.findings.counts()
    answers = [
        parse_answer(look, IndexAnswer) for look in catalog.looks.of(INDEX_QUESTION)
    ]
    unread = [a.unread for a in answers if a.unread and not is_read(a.unread, cursor)]
    return {
        "oldest_answer_at": catalog.looks.oldest(),
        "index_unread_since": next(iter(unread), None),
        "waiting": waiting_questions(catalog, options, facts.now),
        "budget_spent": [
            msgspec.to_builtins(each)
            for each in spent_budgets(catalog, options, facts.now)
        ],
        "open": {kind.value: count for kind, count in counts.items()},
    }


def _selection(catalog: Catalog, found: Completeness) -> dict[str, object]:
    unselected = [row for row in catalog.selected.unselected(FAR) if row.unselected_at]
    return {**asdict(found.report()), "unselected": len(unselected)}


def _bundle(catalog: Catalog) -> dict[str, object] | None:
    """Return the bundle that the selection came with, None where syncs make it."""
    newest = catalog.imports.newest()
    waiting = len(catalog.imports.staged())
    return {**asdict(newest), "waiting": waiting} if newest else None


def _head_size(note: bytes) -> int:
    return parse_tree(note.partition(b"\n\n")[0] + b"\n").n


def _kept_line(selection: object) -> Iterator[str]:
    assert isinstance(selection, dict)
    if left := selection["unselected"]:
        yield f"unselected {left} versions, kept for `gosync prune`"


def _bundle_line(bundle: object) -> str:
    """Return where the selection came from, "" where syncs make it."""
    if not isinstance(bundle, dict):
        return ""
    waits = f"; {bundle['waiting']} more wait" if bundle["waiting"] else ""
    return (
        f"bundle     selection of number {bundle['sequence']} for {bundle['target']},"
        f" made {bundle['created_at']}, taken in {bundle['moved_at']}{waits}"
    )


def _lines(document: dict[str, object], facts: MirrorFacts) -> list[str]:
    versions, fresh = document["versions"], facts.freshness
    run = document["last_run"]
    assert isinstance(versions, dict)
    counts = (
        ", ".join(f"{n} {_STATES.get(s, s)}" for s, n in versions.items() if n)
        or "none"
    )
    lines = [
        f"store      {document['store']}",
        f"tree       {document['tree']}{_unknown_words(document['tree_unknown'])}",
        f"modules    {document['modules_followed']} followed",
        *([] if document["bundle"] else [f"fresh      {freshness_line(fresh)}"]),
        f"versions   {counts}",
        *filter(None, [_bundle_line(document["bundle"])]),
        f"selection  {selection_line(facts.completeness)}",
        *_kept_line(document["selection"]),
    ]
    for name, value in (
        *_items(document, "index_cursors", "index"),
        *_items(document, "tree_heads", "tree head"),
    ):
        lines.append(f"{name}  {value}")
    if isinstance(run, dict):
        ended = f", {run['ended_at']}" if run["ended_at"] else ""
        how = f"{_how_it_ended(run)}{ended}"
        lines.append(f"last run   {run['command']} {run['started_at']}, {how}")
    if document["at_work"]:
        lines.append(f"at work    {document['at_work']}")
    lines.append(f"findings   {_findings_line(document['audit'])}")
    lines += _job_lines(document["jobs"])
    return lines


def _job_lines(jobs: object) -> Iterator[str]:
    assert isinstance(jobs, dict)
    for name, job in jobs.items():
        after = f", next {job['next_run_at'][:19]}Z" if job["next_run_at"] else ""
        yield f"job {name:8} {job['started_at'][:19]}Z {_how_it_ended(job)}{after}"


def _how_it_ended(run: dict[str, object]) -> str:
    if run["ended_at"] is None:
        return "killed" if run["killed"] else "at work"
    return (
        "stopped, as it was asked to" if run["stopped"] else f"exit {run['exit_code']}"
    )


def _findings_line(audit: object) -> str:
    assert isinstance(audit, dict)
    opened = ", ".join(f"{n} {kind}" for kind, n in audit["open"].items() if n)
    oldest = audit["oldest_answer_at"]
    if oldest is None:
        return f"{opened or 'none'}; nothing was audited yet"
    asked = f"oldest answer {oldest}" if oldest else "some questions are unanswered"
    due = f"; {audit['waiting']} questions are due" if audit["waiting"] else ""
    spent = ", ".join(each["source"] for each in audit["budget_spent"])
    ended = f"; this hour's budget is spent for {spent}" if spent else ""
    return f"{opened or 'none'}; {asked}{due}{ended}"


def _items(
    document: dict[str, object], key: str, label: str
) -> list[tuple[str, object]]:
    values = document[key]
    assert isinstance(values, dict)
    return [(f"{label} {name}", value) for name, value in values.items() if value]
