"""``gosync catalog rebuild``: the catalog again, from what the store holds."""

from __future__ import annotations

import click

from gosync.cli.options import Options, common_options
from gosync.clock import SystemClock
from gosync.ingest.rebuild import rebuild as rebuild_catalog
from gosync.store.lock import StoreLock
from gosync.store.root import open_store


@click.group()
def catalog() -> None:
    """Care for the catalog."""


@catalog.command()
@click.option("--rehash", is_flag=True, help="Read every blob and check its digest.")
@common_options
def rebuild(options: Options, rehash: bool) -> None:
    """Make the catalog anew from the journal and the blobs; the old one is kept."""
    config = options.load_config()
    root = config.store_path
    open_store(root, create=False)
    clock = SystemClock()
    with StoreLock(root, command="gosync catalog rebuild").acquire():
        report = rebuild_catalog(root, clock=clock, rehash=rehash)
    document = {
        "versions": report.versions,
        "missing": report.missing,
        "heads": report.heads,
        "damaged": report.damaged,
        "unreferenced": report.unreferenced,
        "backup": str(report.backup) if report.backup else None,
    }
    lines = [f"{report.versions} versions from journal and blobs"]
    if report.missing:
        lines.append(f"{len(report.missing)} lack a blob and are wanted again")
    if report.damaged:
        lines.append(f"{len(report.damaged)} journal lines say nothing")
    if report.backup:
        lines.append(f"the old catalog is {report.backup}")
    lines.append("next: gosync sync")
    options.output.result("catalog rebuild", document, lines)
