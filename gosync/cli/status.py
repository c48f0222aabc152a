"""``gosync status``: fresh, complete, proven, at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click
import msgspec

from gosync.audit.engine import STANDS_OPEN, finding_document
from gosync.catalog.db import Catalog
from gosync.catalog.selections import CONFIGURED
from gosync.catalog.versions import State
from gosync.cli.options import Options, common_options
from gosync.cli.tables import failure_lines, finding_lines
from gosync.clock import SystemClock
from gosync.config.schema import Config
from gosync.status.facts import read_freshness
from gosync.status.mirror import freshness_document, job_document
from gosync.sumdb.tlog import parse_tree
from gosync.sync.engine import failure_document
from gosync.sync.index import NAMED
from gosync.sync.selection import ANY_TIME as FAR
from gosync.sync.site import read_catalog


@click.command()
@common_options
def status(options: Options) -> int:
    """Show how fresh, how complete and how proven the mirror is.

    Exits 4 while a finding stands open.
    """
    config = options.load_config()
    with read_catalog(config.site_options()) as catalog:
        document = _document(config, catalog)
        failures = catalog.failures.open()
        findings = catalog.findings.open()
    options.output.result(
        "status",
        document,
        [*_lines(document), *failure_lines(failures), *finding_lines(findings)],
    )
    return STANDS_OPEN if findings else 0


def _document(config: Config, catalog: Catalog) -> dict[str, object]:
    modules = catalog.modules.all()
    listed = [module.listed_at for module in modules]
    runs = catalog.runs.latest()
    counts = catalog.versions.counts()
    site = config.site_options()
    return {
        "store": str(config.store_path),
        "tree": str(config.tree_path),
        "modules_followed": len(modules),
        "versions": {state.value: counts[state] for state in State},
        "selection": _selection(catalog),
        "bundle": _bundle(catalog),
        "oldest_list_at": min((at for at in listed if at), default=None),
        "lists_never_asked": listed.count(None),
        "index_cursors": {
            pattern or "(named modules)": catalog.cursors.get(site.index_url, pattern)
            for pattern in [*site.policy.patterns, NAMED]
            if site.index_url
        },
        "tree_heads": {
            name: _head_size(catalog.heads.get(name)) for name in catalog.heads.names()
        },
        "last_run": msgspec.to_builtins(runs[0]) if runs else None,
        "freshness": freshness_document(
            read_freshness(catalog, site), SystemClock().now()
        ),
        "jobs": {row.name: job_document(row) for row in catalog.jobs.all()},
        "audit": _audit(catalog),
        "failures": [failure_document(f) for f in catalog.failures.open()],
        "findings": [finding_document(f) for f in catalog.findings.open()],
    }


def _audit(catalog: Catalog) -> dict[str, object]:
    counts = catalog.findings.counts()
    return {
        "oldest_answer_at": catalog.looks.oldest(),
        "open": {kind.value: count for kind, count in counts.items()},
    }


def _selection(catalog: Catalog) -> dict[str, object]:
    state = catalog.selections.get(CONFIGURED)
    unselected = [row for row in catalog.selected.unselected(FAR) if row.unselected_at]
    return {
        "complete": state is not None and state.complete,
        "computed_at": state.computed_at if state else None,
        "reconsider_at": state.reconsider_at if state else None,
        "missing": catalog.selected.missing(),
        "unselected": len(unselected),
    }


def _bundle(catalog: Catalog) -> dict[str, object] | None:
    """Return the bundle that the selection came with, None where syncs make it."""
    newest = catalog.imports.newest()
    waiting = len(catalog.imports.staged())
    return {**asdict(newest), "waiting": waiting} if newest else None


def _head_size(note: bytes) -> int:
    return parse_tree(note.partition(b"\n\n")[0] + b"\n").n


def _selection_line(selection: object) -> str:
    assert isinstance(selection, dict)
    made = selection["computed_at"]
    if made is None:
        return "never made; run `gosync sync`"
    whole = "complete" if selection["complete"] else "incomplete"
    cool_down = selection["reconsider_at"]
    waits = f", a cool-down ends {cool_down}" if cool_down else ""
    left = selection["unselected"]
    kept = f"; {left} no longer selected, kept for `gosync prune`" if left else ""
    return f"{whole}, {selection['missing']} missing{waits}{kept}"


def _bundle_line(bundle: object) -> str:
    """Return where the selection came from, "" where syncs make it."""
    if not isinstance(bundle, dict):
        return ""
    waits = f"; {bundle['waiting']} more wait" if bundle["waiting"] else ""
    return (
        f"selection  that of bundle {bundle['sequence']} for {bundle['target']},"
        f" made {bundle['created_at']}, taken in {bundle['moved_at']}{waits}"
    )


def _lines(document: dict[str, object]) -> list[str]:
    versions = document["versions"]
    run = document["last_run"]
    assert isinstance(versions, dict)
    counts = ", ".join(f"{n} {state}" for state, n in versions.items() if n) or "none"
    oldest = document["oldest_list_at"] or "never asked"
    lines = [
        f"store      {document['store']}",
        f"tree       {document['tree']}",
        f"modules    {document['modules_followed']} followed, oldest list {oldest}",
        f"fresh      {_fresh_line(document['freshness'])}",
        f"versions   {counts}",
        _bundle_line(document["bundle"])
        or f"selection  {_selection_line(document['selection'])}",
    ]
    for name, value in (
        *_items(document, "index_cursors", "index"),
        *_items(document, "tree_heads", "tree head"),
    ):
        lines.append(f"{name}  {value}")
    if isinstance(run, dict):
        ended = run["ended_at"] or "it was killed"
        code = run["exit_code"]
        lines.append(
            f"last run   {run['command']} {run['started_at']}, exit {code}, {ended}"
        )
    lines.append(f"findings   {_findings_line(document['audit'])}")
    lines += _job_lines(document["jobs"])
    return lines


def _fresh_line(freshness: object) -> str:
    """Return how old the data is: a run that learned nothing made nothing fresh."""
    assert isinstance(freshness, dict)
    cursor, oldest = (
        freshness["cursor_behind_seconds"],
        freshness["oldest_list_seconds"],
    )
    parts = [] if cursor is None else [f"index read up to {_ago(cursor)} ago"]
    parts.append("no list asked" if oldest is None else f"oldest list {_ago(oldest)}")
    if never := freshness["lists_never_asked"]:
        parts.append(f"{never} lists never asked")
    return ", ".join(parts)


def _ago(seconds: float) -> str:
    """Return an age in its largest unit, as durations are configured."""
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f}{unit}"
    return f"{seconds:.0f}s"


def _job_lines(jobs: object) -> Iterator[str]:
    assert isinstance(jobs, dict)
    for name, job in jobs.items():
        code = job["exit_code"]
        ended = "at work, or killed" if code is None else f"exit {code}"
        after = f", next {job['next_run_at'][:19]}Z" if job["next_run_at"] else ""
        yield f"job {name:8} {job['started_at'][:19]}Z {ended}{after}"


def _findings_line(audit: object) -> str:
    assert isinstance(audit, dict)
    opened = ", ".join(f"{n} {kind}" for kind, n in audit["open"].items() if n)
    oldest = audit["oldest_answer_at"]
    if oldest is None:
        return f"{opened or 'none'}; nothing was audited yet"
    asked = f"oldest answer {oldest}" if oldest else "some questions are unanswered"
    return f"{opened or 'none'}; {asked}"


def _items(
    document: dict[str, object], key: str, label: str
) -> list[tuple[str, object]]:
    values = document[key]
    assert isinstance(values, dict)
    return [(f"{label} {name}", value) for name, value in values.items() if value]
