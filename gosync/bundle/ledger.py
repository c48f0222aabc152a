"""What becomes of a bundle after it left: acknowledged by a receipt, or revoked.

A receipt is taken at its word only for a bundle that was sealed here under the id
that it names. A second one of the same bundle changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gosync.catalog.bundles import BundleRow, Bundles, BundleState
from gosync.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from gosync.bundle.receipt import Receipt

MIN_PREFIX = 4
_SEE_LIST = "`gosync bundle list` shows all"
_DELIVERABLE = (BundleState.SEALED, BundleState.ACKED)


def acknowledge(bundles: Bundles, receipt: Receipt, *, now: datetime) -> BundleRow:
    """Take a site's receipt; return the bundle as it stands then.

    Raises:
        UsageError: No bundle of that id was sealed here for that site.
        CatalogError: The catalog cannot be written.
    """
    row = bundles.get(receipt.target, receipt.sequence)
    if row is None or row.bundle_id != receipt.bundle_id:
        raise UsageError(
            f"no bundle {receipt.bundle_id[:8]} was made here as number"
            f" {receipt.sequence} for {receipt.target}",
            hint=f"is this the store that made it? {_SEE_LIST}",
        )
    if row.state not in _DELIVERABLE:
        raise UsageError(
            f"bundle {receipt.bundle_id[:8]} is {row.state}, not sealed", hint=_SEE_LIST
        )
    if row.state is BundleState.SEALED:
        bundles.ack(row, now=now)
    return bundles.get(row.target, row.sequence) or row


def find_bundle(bundles: Bundles, name: str) -> BundleRow:
    """Return the bundle that the beginning of an id names.

    Raises:
        UsageError: None or several are named so, or it is too short to tell.
    """
    if len(name) < MIN_PREFIX:
        raise UsageError(f"{name!r}: want {MIN_PREFIX} digits of its id at least")
    found = bundles.find(name)
    if len(found) != 1:
        count = "several bundles" if found else "no bundle"
        raise UsageError(f"{count} here with an id like {name!r}", hint=_SEE_LIST)
    return found[0]


def revoke(bundles: Bundles, row: BundleRow) -> BundleRow:
    """Make a bundle one that never arrived; what it brought travels again.

    Raises:
        CatalogError: The catalog cannot be written.
    """
    bundles.revoke(row)
    return bundles.get(row.target, row.sequence) or row
