"""``gosync vulns``: which carried versions have known vulnerabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import click
import msgspec
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow
from gosync.cli.interruptible import run_interruptible
from gosync.cli.modulepattern import (
    PathFilter,
    path_filter,
    path_prefix,
    pattern_argument,
    project_option,
)
from gosync.cli.options import CommonOptions, common_options, wait_lock_option
from gosync.cli.output import Output
from gosync.config import Config
from gosync.errors import ConfigError, NotFoundError
from gosync.hint import advise, command
from gosync.ingest.storedvulns import stored_entries
from gosync.site.site import open_site, read_store
from gosync.store.blobs import BlobReader
from gosync.sync.projectzips import zips_of_project
from gosync.text import printable
from gosync.vulndb.fixes import ProposedFix, propose_fixes
from gosync.vulndb.keeping import VulndbChange
from gosync.vulndb.report import Vulnerabilities, VulnerableVersion, is_asked

_STANDS_OPEN = 4


class VulnReport(msgspec.Struct, frozen=True):
    """Known vulnerabilities, as JSON.

    Attributes:
        entries: How many the database here has.
        versions: How many versions were looked at.
        changed: What an update did, None where none was asked for.
        vulnerable: Which of them are affected, and by what.
        fixes: What to select, None where nobody asked.
    """

    entries: int
    versions: int
    changed: VulndbChange | None
    vulnerable: list[VulnerableVersion]
    fixes: list[ProposedFix] | None = None


@click.command()
@pattern_argument
@project_option
@click.option(
    "--update", is_flag=True, help="First bring the database up to vulndb.source."
)
@click.option(
    "--accept-loss", is_flag=True, help="Take a database that has lost many entries."
)
@click.option(
    "--select-fixes",
    is_flag=True,
    help="Print a [[select]] of versions that fix what is here.",
)
@wait_lock_option
@common_options
def vulns(
    options: CommonOptions,
    pattern: str | None,
    project: Path | None,
    update: bool,
    accept_loss: bool,
    select_fixes: bool,
    wait_lock: float,
) -> int:
    """Show which carried versions have known vulnerabilities, and what fixes them.

    By the version ranges of Go's vulnerability database; `govulncheck -db` tells which
    of them a program calls. Exits 4 if there are any.
    """
    matches = path_filter(pattern)
    config = options.load_config()
    changed = None
    if update:
        changed = _update(config, wait_lock, accept_loss=accept_loss)
    with read_store(config.site_options()) as (catalog, blobs), catalog.snapshot():
        zips = None if project is None else zips_of_project(project, catalog, blobs)
        known = _known(catalog, blobs)
        rows = list(_rows(catalog, matches, path_prefix(pattern)))
    found = [
        each
        for _, of_module in groupby(rows, attrgetter("path"))
        for each in known.of(of_module, zips)
    ]
    looked_at = sum(zips is None or row.mv in zips for row in rows)
    report = VulnReport(known.count, looked_at, changed, found)
    if select_fixes:
        report = replace(report, fixes=list(propose_fixes(found, known)))
    options.output.result("vulns", report)
    _tell(options.output, report)
    return _STANDS_OPEN if found else 0


def _tell(output: Output, report: VulnReport) -> None:
    if report.fixes is not None:
        for line in _select_lines(report.fixes):
            output.say(line)
        return
    found = report.vulnerable
    columns = ("module", "version", "vulnerability", "fixed in", "what")
    output.table(columns, map(_cells, found))
    output.say(
        f"{report.versions} versions, {len({(e.module, e.version) for e in found})} of"
        f" them affected; {report.entries} entries in the database"
    )


def _select_lines(fixes: Sequence[ProposedFix]) -> Iterator[str]:
    """Yield lines for gosync.toml."""
    if not fixes:
        yield "# nothing to select: what is fixed anywhere is carried"
        return
    yield "[[select]]"
    yield "modules = ["
    for each in fixes:
        yield f'  "{each.module}@{each.version}", # {", ".join(each.ids)}'
    yield "]"
    yield 'deps = "build"'


def _update(
    config: Config, wait_lock: float, *, accept_loss: bool
) -> VulndbChange | None:
    from gosync.sync.vulndatabase import update_database  # noqa: PLC0415 - an upstream's

    options = config.site_options()
    if not options.vulndb:
        raise ConfigError(
            "no source of a vulnerability database",
            hint='set vulndb.source: "https://vuln.go.dev", "module", or a folder',
        )
    with open_site(
        options, command="gosync vulns --update", wait_lock_seconds=wait_lock
    ) as site:
        return run_interruptible(lambda: update_database(site, accept_loss=accept_loss))


def _known(catalog: Catalog, blobs: BlobReader) -> Vulnerabilities:
    entries = stored_entries(catalog, blobs)
    if not entries:
        raise NotFoundError(
            "there is no vulnerability database here",
            hint=advise("set vulndb.source, then {}", command("vulns", "--update")),
        )
    return Vulnerabilities(entries)


def _rows(
    catalog: Catalog,
    matches: PathFilter,
    prefix: str,
) -> Iterator[VersionRow]:
    for row in catalog.versions.all_rows(prefix):
        if is_asked(row) and matches(row.path):
            yield row


def _cells(found: VulnerableVersion) -> tuple[str, ...]:
    fixed = found.fixed or "nothing yet"
    if found.fixed and not found.fixed_is_carried:
        fixed = f"{fixed} (not carried)"
    return found.module, found.version, found.id, fixed, printable(found.summary)
