"""``gosync licences``: the licences of what is carried, and the texts to hand on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import click
import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow
from gosync.cli.modulepattern import (
    PathFilter,
    path_filter,
    path_prefix,
    pattern_argument,
    project_option,
)
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.progress import progress
from gosync.cli.scheduler import scheduler_option, sharing
from gosync.config import Config
from gosync.gomod.module import ModuleVersion
from gosync.gomod.semver import version_key
from gosync.ingest.licencereport import LicenceReport, report_of
from gosync.ingest.notices import write_notices
from gosync.ingest.storedfacts import has_zip
from gosync.ingest.storedlicences import StoredLicences
from gosync.scale.options import SchedulerAddress
from gosync.site.site import open_site, read_store
from gosync.site.storeparts import shared_store
from gosync.sync.projectzips import zips_of_project
from gosync.text import printable
from gosync.work.progress import Progress

_Filter = Callable[[VersionRow], bool]


class LicenceList(msgspec.Struct, frozen=True):
    """The licences of carried versions, as JSON.

    Attributes:
        versions: How many there are.
        unknown: How many of them have a licence file that is not recognised, or none.
        notices: The file that the texts were written to.
        licences: Each version's.
    """

    versions: int
    unknown: int
    notices: str | None
    licences: list[LicenceReport]


@click.command()
@pattern_argument
@project_option
@click.option(
    "--notices",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write every licence text and notice once, with who has it, to FILE.",
)
@scheduler_option
@common_options
def licences(
    options: CommonOptions,
    pattern: str | None,
    project: Path | None,
    notices: Path | None,
    scheduler: SchedulerAddress | None,
) -> None:
    """Show the licences of what is carried; PATTERN is a path or a GOPRIVATE glob.

    Told from the licence files of each zip as pkg.go.dev tells them. What is not
    recognised is "unknown".
    """
    matches, prefix = path_filter(pattern), path_prefix(pattern)
    config = options.load_config()
    with progress(show=options.show_progress) as watcher:
        _read_what_lacks(config, prefix, watcher, scheduler)
    found = _found(config, matches, prefix, project, notices)
    unknown = sum(not each.is_known for each in found)
    written = None if notices is None else str(notices)
    document = LicenceList(len(found), unknown, written, found)
    options.output.result("licences", document)
    options.output.table(("module", "version", "licence", "from"), map(_cells, found))
    options.output.say(
        f"{len(found)} versions, {unknown} with a licence that is not known"
    )
    if notices is not None:
        options.output.say(f"texts and notices are in {notices}")


def _found(
    config: Config,
    matches: PathFilter,
    prefix: str,
    project: Path | None,
    notices: Path | None,
) -> list[LicenceReport]:
    """Return the licences that are asked for, and write their texts."""
    site = config.site_options()
    with read_store(site) as (catalog, blobs), catalog.snapshot():
        zips = None if project is None else zips_of_project(project, catalog, blobs)
        stored = StoredLicences(catalog, blobs)
        rows = list(_rows(catalog, prefix, _filter(matches, zips)))
        if notices is not None:
            write_notices(notices, stored, rows)
        rulings = {each.mv: each for each in catalog.rulings.all()}
        return [report_of(r, stored.of(r), rulings.get(r.mv)) for r in rows]


def _read_what_lacks(
    config: Config, prefix: str, watcher: Progress, scheduler: SchedulerAddress | None
) -> None:
    """Read the zips that were admitted before licences were, once."""
    with read_store(config.site_options()) as (catalog, blobs):
        stored = StoredLicences(catalog, blobs)
        rows = _rows(catalog, prefix, has_zip)
        lacking = [row for row in rows if stored.known(row) is None]
    if not lacking:
        return
    watcher.phase("reading licences", len(lacking))
    options = config.site_options()
    with (
        sharing(scheduler, config) as sweep,
        open_site(options, command="gosync licences") as site,
    ):
        stored = StoredLicences(site.catalog, site.blobs)
        counts = (
            stored.fill(lacking)
            if sweep is None
            else stored.share(lacking, sweep, shared_store(options))
        )
        before = 0
        for done in counts:
            watcher.advance(done - before)
            before = done


def _rows(catalog: Catalog, prefix: str, chosen: _Filter) -> Iterator[VersionRow]:
    """Yield what is asked for, by module and version, read a module at a time."""
    for _, rows in groupby(catalog.versions.all_rows(prefix), attrgetter("path")):
        found = [row for row in rows if has_zip(row) and chosen(row)]
        yield from sorted(found, key=lambda row: version_key(row.version))


def _filter(matches: PathFilter, zips: frozenset[ModuleVersion] | None) -> _Filter:
    def is_chosen(row: VersionRow) -> bool:
        return matches(row.path) and (zips is None or row.mv in zips)

    return is_chosen


def _cells(found: LicenceReport) -> tuple[str, ...]:
    licence = found.expression
    if not found.is_known and found.licences:
        licence = f"{licence}, and unknown"
    if found.also:
        licence = f"{licence} (also {', '.join(found.also)})"
    if found.ruling:
        licence = f"{licence}, {found.ruling}"
    if found.readme:
        licence = f"{licence} (README: {found.readme})"
    files = ", ".join(map(printable, found.files[:3]))
    return found.module, found.version, licence, files or "no licence file"
