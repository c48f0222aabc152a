"""``gosync bundle ack``, ``revoke`` and ``list``: what became of bundles."""

from __future__ import annotations

from pathlib import Path

import click

from gosync.bundle.format.receipt import MAX_RECEIPT_BYTES, parse_receipt
from gosync.bundle.make.ledger import (
    MIN_PREFIX,
    Ledger,
    LedgerReport,
    MadeBundle,
    shown_states,
)
from gosync.catalog import leases
from gosync.catalog.bundles import BundleRow
from gosync.catalog.imports import ImportRow
from gosync.cli.ages import ago
from gosync.cli.options import CommonOptions, common_options, wait_lock_option
from gosync.errors import UsageError
from gosync.site.site import open_site, read_catalog


@click.command()
@click.argument(
    "receipt_file",
    metavar="RECEIPT",
    type=click.Path(path_type=Path, dir_okay=False),
)
@click.option(
    "--adopt",
    is_flag=True,
    help="Go on from a bundle of another store, which is lost.",
)
@wait_lock_option
@common_options
def ack(
    options: CommonOptions, receipt_file: Path, adopt: bool, wait_lock: float
) -> None:
    """Take a site's receipt.json: the next bundle builds on what it says."""
    site_options = options.load_config().site_options()
    receipt = parse_receipt(_read(receipt_file))
    with open_site(
        site_options,
        command="gosync bundle ack",
        leases=[leases.BUNDLE],
        wait_lock_seconds=wait_lock,
    ) as site:
        ledger = Ledger(site)
        row = ledger.adopt(receipt) if adopt else ledger.acknowledge(receipt)
    line = f"{_name(row)}: {row.target} has it; the next bundle builds on it"
    options.output.result("bundle ack", row, [line])


@click.command()
@click.argument("bundle_id", metavar="ID")
@wait_lock_option
@common_options
def revoke(options: CommonOptions, bundle_id: str, wait_lock: float) -> None:
    """Say that a bundle never arrived: what it brought travels again.

    Inside, drop one that waits and will not be taken in. ID is how its id begins, as
    `gosync bundle list` shows it.
    """
    # Reading bundles takes what publishes and unpacks; `list` and `ack` do not.
    from gosync.bundle.take.waiting import drop_waiting  # noqa: PLC0415

    site_options = options.load_config().site_options()
    with open_site(
        site_options,
        command="gosync bundle revoke",
        leases=(leases.IMPORT, leases.BUNDLE),
        wait_lock_seconds=wait_lock,
    ) as site:
        ledger = Ledger(site)
        waited = drop_waiting(site, bundle_id) if len(bundle_id) >= MIN_PREFIX else None
        row = None if waited else ledger.revoke(ledger.find(bundle_id))
    if row is None:
        assert waited is not None
        line = f"bundle {waited.bundle_id[:8]}, number {waited.sequence}: waits no more"
        options.output.result("bundle revoke", waited, [line])
        return
    line = f"{_name(row)}: revoked; no bundle builds on it any more"
    options.output.result("bundle revoke", row, [line])


@click.command("list")
@click.argument("target", required=False)
@common_options
def list_(options: CommonOptions, target: str | None) -> None:
    """Show the bundles that were made here, and those that came in.

    One made here is sealed until the site's receipt says that it came, or a later
    one: acked then, or lost. A revoked one is no base any more.
    """
    with read_catalog(options.load_config().site_options()) as catalog:
        made = catalog.bundles.all(target)
        came = [r for r in catalog.imports.all() if target in (None, r.target)]
    states = shown_states(made)
    sealed = zip(made, states, strict=True)
    report = LedgerReport([MadeBundle.of(*each) for each in sealed], came)
    options.output.result("bundle list", report)
    columns = ["target", "number", "id", "kind", "state", "since"]
    rows = [*map(_made_cells, made, states), *map(_came_cells, came)]
    if rows:
        options.output.table(columns, rows)
    else:
        options.output.note("no bundle was made here, and none came in")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_RECEIPT_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from exc


def _name(row: BundleRow) -> str:
    return f"bundle {(row.bundle_id or '')[:8]}, number {row.sequence}"


def _made_cells(row: BundleRow, state: str) -> list[str]:
    since = row.acked_at or row.sealed_at or row.planned_at
    number, name = str(row.sequence), (row.bundle_id or "")[:8]
    return [row.target, number, name, row.kind, f"made, {state}", ago(since)]


def _came_cells(row: ImportRow) -> list[str]:
    number, name = str(row.sequence), row.bundle_id[:8]
    state = f"came, {row.state}"
    return [row.target, number, name, row.kind, state, ago(row.moved_at)]
