"""``gosync import``: what caches have, proven and taken in."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from gosync.cli.interruptible import run_interruptible
from gosync.cli.options import CommonOptions, common_options, wait_lock_option
from gosync.cli.progress import progress
from gosync.cli.scheduler import scheduler_option, sharing
from gosync.config.telling import telling_of
from gosync.folder.layouts import TargetKind
from gosync.scale.options import SchedulerAddress
from gosync.site.opening import Opening
from gosync.site.site import open_site
from gosync.status.files import tell_status
from gosync.sync.projects import read_projects
from gosync.takein.importing import (
    CacheImportReport,
    CacheVersion,
    CacheVersionState,
    import_sources,
)
from gosync.takein.opening import KINDS, open_source
from gosync.text import printable

_SHOWN = 100


@click.command("import")
@click.argument(
    "sources",
    metavar="SOURCE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
@click.option(
    "--kind",
    type=click.Choice([each.value for each in KINDS]),
    help="What SOURCE is, where it does not say so itself.",
)
@click.option("--no-publish", is_flag=True, help="Leave the tree as it is.")
@scheduler_option
@wait_lock_option
@common_options
def import_(
    options: CommonOptions,
    sources: tuple[Path, ...],
    kind: str | None,
    no_publish: bool,
    scheduler: SchedulerAddress | None,
    wait_lock: float,
) -> int:
    """Take in what caches have: GOMODCACHE, an Athens store, a tree, a zip of one.

    Also another store of gosync. Every version goes through the gate: proven by the
    checksum database, or by the part of it that SOURCE has; a private one by a pin or a
    project's go.sum. SOURCE is only read. What nobody can prove now is kept and not
    published: the next sync asks for its proof alone. Exits 4 if some are bad, 3 if
    some wait.
    """
    config = options.load_config()
    site_options = config.site_options()
    target = None if kind is None else TargetKind(kind)
    with (
        ExitStack() as stack,
        sharing(scheduler, config) as sweep,
        open_site(
            site_options,
            command="gosync import",
            wait_lock_seconds=wait_lock,
            opening=Opening(),
        ) as site,
    ):
        own = site_options.store_path
        opened = [
            stack.enter_context(open_source(each, target, own_store=own))
            for each in sources
        ]
        projects = read_projects(site_options.projects)
        with progress(show=options.show_progress) as watcher:
            report = run_interruptible(
                lambda: import_sources(
                    site,
                    opened,
                    watcher,
                    projects=projects,
                    publish=not no_publish,
                    sweep=sweep,
                )
            )
        if report.published is not None:
            tell_status(site, telling_of(config))
    _show(options, report)
    return report.exit_code


def _show(options: CommonOptions, report: CacheImportReport) -> None:
    options.output.result("import", report)
    told = [e for e in report.versions if e.state in _TOLD]
    if told:
        columns = ("module", "version", "state", "why")
        options.output.table(columns, map(_cells, told[:_SHOWN]))
        if len(told) > _SHOWN:
            options.output.note(f"... and {len(told) - _SHOWN} more; --json shows all")
    counts = ", ".join(f"{n} {state}" for state, n in report.counts.items() if n)
    options.output.say(f"{len(report.versions)} versions: {counts or 'none'}")
    if report.counts[CacheVersionState.WAITING]:
        options.output.note("waiting: kept; `gosync sync` asks for the proofs alone")


_TOLD = (CacheVersionState.BAD, CacheVersionState.WAITING)


def _cells(found: CacheVersion) -> tuple[str, ...]:
    reason = printable(found.reason)
    return printable(found.module), printable(found.version), found.state, reason
