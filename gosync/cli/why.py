"""``gosync why``: which select or project wants a version, and by which path."""

from __future__ import annotations

from collections.abc import Iterator

import click

from gosync.catalog.versions import FoundBy
from gosync.cli.ages import ago
from gosync.cli.carriedarg import carried_version
from gosync.cli.completing import complete_module
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.policylines import ruling_lines
from gosync.cli.tables import withdrawal_lines
from gosync.clock import SystemClock
from gosync.config.origins import ClaimReport, ConfigEntry, Origins, WhyReport
from gosync.errors import NotFoundError
from gosync.gomod.module import ModuleVersion
from gosync.site.site import read_store
from gosync.sync.choosing import Chooser
from gosync.sync.following import read_named
from gosync.sync.gomods import StoredGoMods
from gosync.sync.packages import StoredPackages
from gosync.sync.projects import read_projects
from gosync.sync.reasons import Reasons, SelectionReason
from gosync.text import printable

_PULLED = SelectionReason("pulled", "asked for through `gosync serve`")
_BY_COMMAND = SelectionReason("command", "asked for with `gosync sync MODULE@VERSION`")


@click.command()
@click.argument(
    "module_version", metavar="MODULE[@VERSION]", shell_complete=complete_module
)
@common_options
def why(options: CommonOptions, module_version: str) -> None:
    """Show why a version is selected: by which select or project, and how.

    Without @VERSION the newest one that is here. Asks nobody; it answers from what
    the last sync or plan learned.
    """
    config = options.load_config()
    site_options = config.site_options()
    projects = read_projects(site_options.projects)
    with read_store(site_options) as (catalog, blobs):
        mv = carried_version(catalog, module_version)
        row = catalog.versions.get(mv)
        withdrawal = catalog.withdrawn.get(mv)
        ruling = catalog.rulings.get(mv)
        gomods, packages = StoredGoMods(catalog, blobs), StoredPackages(catalog, blobs)
        chooser = Chooser(catalog, site_options.policy, now=SystemClock().now())
        finder = Reasons(
            chooser,
            gomods,
            packages,
            projects,
            site_options.toolchains,
            site_options.policy,
            read_named(site_options),
        )
        reasons = list(finder.of(mv))
        is_pulled = catalog.pulled.has(mv)
    if row is not None and row.found_by is FoundBy.COMMAND:
        reasons.append(_PULLED if is_pulled else _BY_COMMAND)
    if row is None and withdrawal is None and not reasons:
        raise NotFoundError(
            f"{mv}: not known here, and nothing selects it",
            hint=f"gosync list --all {mv.path}",
        )
    origins = Origins(config)
    report = WhyReport(
        path=mv.path,
        version=mv.version,
        selected=row.selected if row else None,
        unselected_at=row.unselected_at if row else None,
        claims=[ClaimReport.of(r, list(_origins_of(origins, r))) for r in reasons],
        withdrawn=withdrawal,
        ruling=ruling,
    )
    told = [] if withdrawal is None else [withdrawal]
    ruled = () if ruling is None else ruling_lines(ruling)
    lines = [*_lines(mv, report), *withdrawal_lines(told), *ruled]
    options.output.result("why", report, lines)


def _origins_of(origins: Origins, reason: SelectionReason) -> Iterator[ConfigEntry]:
    """Yield the entries of the configuration that a reason begins with."""
    if reason.root is not None:
        for number in reason.selects:
            yield from origins.of_select(number, reason.root)
    if reason.project:
        yield from origins.of_project(reason.project)
    if reason.tool is not None:
        yield from origins.of_tool(str(reason.tool))
    if reason.who == "toolchains":
        yield origins.of_toolchains()


def _lines(mv: ModuleVersion, report: WhyReport) -> Iterator[str]:
    if not report.claims:
        since = (
            f", unselected {ago(report.unselected_at)}" if report.unselected_at else ""
        )
        yield f"{mv} is not selected{since}"
        return
    yield f"{mv} is selected by"
    for claim in report.claims:
        yield f"  {claim.who}: {claim.kind}"
        yield from map(_origin_line, claim.named_by)
        yield from _path_lines(claim)
    meanings = {each.kind: each.meaning for each in report.claims if each.meaning}
    yield from (f"{kind}: {meaning}" for kind, meaning in meanings.items())


def _path_lines(claim: ClaimReport) -> Iterator[str]:
    """Yield the versions on the way, each below what led to it."""
    for number, each in enumerate(claim.path):
        indent = "    " + "  " * number
        if 0 < number <= len(claim.imports):
            step = claim.imports[number - 1]
            test = "a test of " if step.test else ""
            yield f"{indent}{test}{step.package} imports {step.path}, which is in"
        elif number and claim.imports:
            yield f"{indent}whose go.mod requires"
        yield f"{indent}{each}"


def _origin_line(origin: ConfigEntry) -> str:
    line = "" if origin.line is None else f":{origin.line}"
    at = f" ({origin.file}{line})" if origin.file else ""
    if origin.section == "toolchains":
        return f"    [toolchains] {printable(origin.entry)}{at}"
    header = f"[[{origin.section}]] {origin.number}"
    return f"    {header} names {printable(origin.entry)}{at}"
