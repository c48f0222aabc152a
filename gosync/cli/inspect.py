"""``gosync show``: all that is known of one version, and how it was proven."""

from __future__ import annotations

from collections.abc import Iterator

import click
import msgspec

from gosync.audit.answers import FileAnswer, parse_answer
from gosync.catalog.looks import Look
from gosync.catalog.version_report import KnownVersion, VersionReport, read_version
from gosync.cli.ages import ago
from gosync.cli.carriedarg import carried_version
from gosync.cli.completing import complete_module
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.policylines import ruling_lines
from gosync.cli.tables import finding_lines, withdrawal_lines
from gosync.errors import NotFoundError
from gosync.site.site import read_catalog


@click.command()
@click.argument(
    "module_version", metavar="MODULE[@VERSION]", shell_complete=complete_module
)
@common_options
def show(options: CommonOptions, module_version: str) -> None:
    """Show all that is known of one version: files, hashes, proof, findings.

    Without @VERSION the newest one that is here.
    """
    config = options.load_config()
    with read_catalog(config.site_options()) as catalog:
        mv = carried_version(catalog, module_version)
        known = read_version(catalog, mv)
    if known is None:
        raise NotFoundError(
            f"{mv}: not known here", hint=f"gosync list --all {mv.path}"
        )
    report, looks = known
    withdrawn = [] if report.withdrawal is None else [report.withdrawal]
    options.output.result(
        "show",
        report,
        [
            *_facts(report),
            *withdrawal_lines(withdrawn),
            *(() if report.ruling is None else ruling_lines(report.ruling)),
            *map(_look_line, looks),
            *finding_lines(report.findings),
        ],
    )


def _facts(report: KnownVersion) -> Iterator[str]:
    for key in (*VersionReport.__struct_fields__, "failure", "pin"):
        value = getattr(report, key)
        if value is not None:
            yield f"{key:<14}{msgspec.to_builtins(value)}"


def _look_line(look: Look) -> str:
    if look.looked_at is None:
        return f"{'audit':<14}{look.what} at {look.source}: no answer yet"
    said = parse_answer(look, FileAnswer)
    what = "not found" if said.no else said.value or "no commit"
    return f"{'audit':<14}{look.what} at {look.source}: {what}, {ago(look.looked_at)}"
