"""``gosync catalog rebuild``: the catalog again, from what the store holds."""

from __future__ import annotations

from contextlib import ExitStack

import click

from gosync.cli.options import CommonOptions, common_options
from gosync.cli.verbs import VerbGroup
from gosync.clock import SystemClock
from gosync.ingest.rebuild import rebuild as rebuild_catalog
from gosync.site.opening import check_before_rebuild
from gosync.site.storeparts import bring_journal, open_parts
from gosync.store.lock import claim_store
from gosync.store.root import open_store


@click.group(cls=VerbGroup)
def catalog() -> None:
    """Care for the catalog."""


@catalog.command()
@click.option("--rehash", is_flag=True, help="Read every blob and check its digest.")
@common_options
def rebuild(options: CommonOptions, rehash: bool) -> None:
    """Make the catalog anew from the journal and the blobs; the old one is kept."""
    config = options.load_config()
    root = config.store_path
    check_before_rebuild(root)
    open_store(root, create=False)
    clock = SystemClock()
    site, command = config.site_options(), "gosync catalog rebuild"
    with claim_store(root, command=command), ExitStack() as stack:
        parts = open_parts(site, command=command, clock=clock, stack=stack)
        stack.enter_context(parts.writer.held(wait_seconds=0))
        bring_journal(site, parts)
        report = rebuild_catalog(root, clock=clock, rehash=rehash, blobs=parts.blobs)
    counts = (
        f"{report.versions} versions from journal and blobs, {report.pins} pins,"
        f" {report.findings} findings, {report.bundles} bundles,"
        f" {report.artifacts} artifacts"
    )
    lines = [counts]
    lines += [f"tree head {name}  {size}" for name, size in report.heads.items()]
    if report.missing:
        lines.append(f"{len(report.missing)} lack a blob and are wanted again")
    if report.lost_artifacts:
        lines.append(f"{len(report.lost_artifacts)} artifacts lack their blob")
    if report.damaged:
        lines.append(f"{len(report.damaged)} journal lines say nothing")
    if report.unknown:
        kinds = ", ".join(f"{n} {kind}" for kind, n in report.unknown.items())
        lines.append(f"journal lines that only a newer gosync reads: {kinds}")
    lines += [f"not kept  {each}" for each in report.not_kept]
    if report.backup:
        lines.append(f"the old catalog is {report.backup}")
    lines.append("next: gosync sync")
    options.output.result("catalog rebuild", report, lines)
