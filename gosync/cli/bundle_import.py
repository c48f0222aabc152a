"""``gosync bundle import``: take a bundle in, from a medium to the published tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from gosync.bundle.format.need import MAX_NEED_BYTES, NeedFile, format_need, parse_need
from gosync.bundle.format.receipt import format_receipt
from gosync.bundle.read.documents import write_report
from gosync.bundle.take.importing import Import
from gosync.bundle.take.outcome import ImportedBundle, ImportOutcome, ImportReport
from gosync.catalog import leases
from gosync.cli.bundle_lines import (
    artifacts_text,
    skipped_lines,
    vulnerable_lines,
    withdrawn_lines,
)
from gosync.cli.confirm import agreeing, with_delete_limit
from gosync.cli.interruptible import run_interruptible
from gosync.cli.options import (
    CommonOptions,
    common_options,
    new_store_option,
    versions_limit_option,
    wait_lock_option,
    yes_option,
)
from gosync.cli.progress import progress
from gosync.cli.tables import alone_text, tree_lines
from gosync.config.telling import telling_of
from gosync.errors import MalformedError
from gosync.signing.files import read_trust
from gosync.site.opening import Opening
from gosync.site.site import Site, open_site
from gosync.site.standing import Trouble
from gosync.status.files import tell_status
from gosync.store.durable import disk_errors, replace_file
from gosync.work.progress import Progress

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("import")
@click.argument(
    "medium", metavar="DIR", type=click.Path(path_type=Path, file_okay=False)
)
@click.option(
    "--trust",
    "trust_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Whose signatures count, instead of bundle.trust.",
)
@click.option(
    "--receipt",
    "receipt_file",
    type=_FILE,
    default="receipt.json",
    show_default=True,
    metavar="FILE",
    help="Where to write what goes back outside.",
)
@click.option(
    "--need",
    "need_file",
    type=_FILE,
    default="need.json",
    show_default=True,
    metavar="FILE",
    help="Where to write what is missing, if anything is.",
)
@click.option(
    "--report",
    "report_file",
    type=_FILE,
    metavar="FILE",
    help="Write the evidence there, as JSON.",
)
@click.option(
    "--accept-shrink",
    is_flag=True,
    help="Take in a selection that lost versions because the rules outside changed.",
)
@versions_limit_option
@yes_option
@new_store_option
@wait_lock_option
@common_options
def import_(
    options: CommonOptions,
    medium: Path,
    trust_file: Path | None,
    receipt_file: Path,
    need_file: Path,
    report_file: Path | None,
    accept_shrink: bool,
    max_delete: int | None,
    yes: bool,
    new_store: bool,
    wait_lock: float,
) -> int:
    """Prove the bundle in DIR, take it in, and bring the tree up to it.

    The medium is only read. A bundle that builds on one that has not come is kept,
    and need.json says what is missing: exit 13.
    """
    config = options.load_config()
    inside = config.inside
    trust = read_trust(trust_file or inside.trust)
    with open_site(
        with_delete_limit(config.site_options(), max_delete=max_delete, yes=yes),
        command="gosync bundle import",
        leases=[leases.IMPORT],
        wait_lock_seconds=wait_lock,
        opening=Opening(new_store=new_store, tolerate={Trouble.TREE_AHEAD}),
    ) as site:
        with progress(show=options.show_progress) as watcher:
            if site.standing.tree_knows_more:
                with site.hold(leases.SELECT):
                    _bring_up(site, watcher, trust_tree=new_store)
            importing = Import(
                site,
                trust=trust,
                target=inside.target,
                progress=watcher,
                ask=agreeing(yes=yes or accept_shrink),
            )
            report = run_interruptible(lambda: importing.run(medium))
            _write_files(report, receipt_file, need_file)
        told = ImportedBundle.of(report)
        if report_file is not None:
            write_report(report_file, told)
        lines = list(_lines(report, receipt_file, need_file))
        if report.published is not None:
            tell_status(site, telling_of(config))
    options.output.result("bundle import", told, lines)
    return report.exit_code


def _bring_up(site: Site, watcher: Progress, *, trust_tree: bool) -> None:
    """Take in what the tree shows first; it is read as upstreams are."""
    # Importing an HTTP client takes longer than a small import.
    from gosync.sync.adopt import bring_up_whole  # noqa: PLC0415

    run_interruptible(lambda: bring_up_whole(site, watcher, trust_tree=trust_tree))


def _write_files(report: ImportReport, receipt_file: Path, need_file: Path) -> None:
    if report.receipt is not None:
        _write(receipt_file, format_receipt(report.receipt))
    if report.need is not None:
        _write(need_file, format_need(report.need))
    else:
        _remove_answered(need_file, report)


def _write(path: Path, data: bytes) -> None:
    replace_file(path.absolute(), data, staging=path.absolute().parent)


def _remove_answered(need_file: Path, report: ImportReport) -> None:
    """Remove a need.json of ours whose gap is closed."""
    with disk_errors(need_file):
        if not need_file.is_file() or need_file.stat().st_size > MAX_NEED_BYTES:
            return
        try:
            found = parse_need(need_file.read_bytes())
        except MalformedError:
            return  # somebody else's
        if found.target == report.bundle.header.target:
            need_file.unlink()


def _lines(report: ImportReport, receipt_file: Path, need_file: Path) -> Iterator[str]:
    header = report.bundle.header
    names = ", ".join(f"{each.name} {each.fingerprint}" for each in report.signed_by)
    yield (
        f"bundle {report.bundle.id[:8]}, number {header.sequence} for"
        f" {header.target}, signed by {names}"
    )
    yield {
        ImportOutcome.APPLIED: f"taken in: {report.brought} versions proven and stored"
        f"{alone_text(report.brought_go_mods)}{artifacts_text(report.brought_artifacts)}",
        ImportOutcome.UNCHANGED: "it was taken in before; nothing to do",
        ImportOutcome.STAGED: "kept until what it builds on is here; nothing is"
        " published",
        ImportOutcome.DAMAGED: "taken in before, but the store has lost some of it"
        " since",
    }[report.outcome]
    yield from skipped_lines(report.bundle.manifest.artifacts)
    yield from withdrawn_lines(report.bundle.manifest.withdrawn)
    if report.published is not None:
        yield from tree_lines(report.published)
    yield from vulnerable_lines(report.vulnerable)
    if report.receipt is not None:
        now = report.receipt
        yield (
            f"this site has number {now.sequence} now, {now.versions} versions whole"
        )
        yield f"next: carry {receipt_file} outside, for `gosync bundle ack`"
    if report.need is not None:
        yield from _need_lines(report.need, need_file)


def _need_lines(need: NeedFile, need_file: Path) -> Iterator[str]:
    numbers = ", ".join(str(each.sequence) for each in need.staged)
    tiles = " and parts of the checksum database" if need.tiles else ""
    waits = f"number {numbers} waits; " if numbers else ""
    some = artifacts_text(len(need.artifacts))
    yield f"{waits}{len(need.versions)} versions{some}{tiles} are missing"
    before = "import the bundles before it; if one is lost, " if numbers else ""
    yield (
        f"next: {before}carry {need_file} outside, for"
        f" `gosync bundle create {need.target} --need`"
    )
