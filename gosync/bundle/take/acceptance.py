"""Checks of a bundle's header against the bundles that came in before.

A bundle is for one site, and its sequence only grows. So a bundle that is older than
the one that made the present selection is refused, even with a good signature: who
holds an old medium could take the site back to versions with known holes. Nor may a
newer number come with an older time, which is what makes an exchanged key useless
to who stole it (``signing.trust``).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from gosync.catalog.imports import ImportRow, Imports, ImportState
from gosync.catalog.selections import CONFIGURED
from gosync.clock import parse_time
from gosync.errors import RollbackError, UsageError
from gosync.hint import Hint, advise, command
from gosync.sumdb.names import Database

if TYPE_CHECKING:
    from gosync.bundle.read.folder import BundleFolder
    from gosync.site.site import Site

_ASK_ANEW = "ask outside for a new bundle; this one brings nothing that is not here"
_ADOPT = advise(
    "find out why two bundles were made with one number; if outside lost its store, {}"
    " with the receipt of this site makes it count on",
    command("bundle ack", "RECEIPT", "--adopt"),
)


class BundleStatus(Enum):
    """What is known of a bundle already."""

    NEW = "new"
    STAGED = "staged"
    APPLIED = "applied"


def check_acceptable(
    bundle: BundleFolder, imports: Imports, *, target: str
) -> BundleStatus:
    """Check a bundle's header against what came in before.

    Args:
        bundle: The bundle; its signatures were checked.
        imports: What came in before.
        target: What this site is called; "" for what earlier bundles say.

    Raises:
        UsageError: It is for another site.
        RollbackError: It is older than what is here, or another bundle has its
            number.
        CatalogError: The catalog cannot be read.
    """
    rows = imports.all()
    _check_target(bundle, target or (rows[0].target if rows else ""))
    known = imports.get(bundle.id)
    if known is not None:
        applied = known.state is ImportState.APPLIED
        return BundleStatus.APPLIED if applied else BundleStatus.STAGED
    _check_number(bundle, rows)
    newest = imports.newest()
    if newest is not None:
        _check_newer(bundle, newest)
    return BundleStatus.NEW


def _check_target(bundle: BundleFolder, target: str) -> None:
    if target and bundle.header.target != target:
        raise UsageError(
            f"{bundle.name}: this bundle is for {bundle.header.target},"
            f" this site is {target}",
            hint=advise(
                "ask outside for one with {}", command("bundle create", target)
            ),
        )


def _check_number(bundle: BundleFolder, rows: list[ImportRow]) -> None:
    for row in rows:
        if row.sequence == bundle.header.sequence:
            waits = row.state is ImportState.STAGED
            raise RollbackError(
                f"bundle {bundle.id[:8]} has number {row.sequence}, which"
                f" {row.bundle_id[:8]} had before",
                hint=_drop_waiting(row) if waits else _ADOPT,
            )


def _drop_waiting(row: ImportRow) -> Hint:
    return advise(
        "find out which of the two is right; {} drops the other one, which waits",
        command("bundle revoke", row.bundle_id[:8]),
    )


def _check_newer(bundle: BundleFolder, newest: ImportRow) -> None:
    header = bundle.header
    if header.sequence < newest.sequence:
        raise RollbackError(
            f"bundle {bundle.id[:8]} is number {header.sequence}, this site is at"
            f" {newest.sequence} already",
            hint=_ASK_ANEW,
        )
    if header.created_at < parse_time(newest.created_at):
        raise RollbackError(
            f"bundle {bundle.id[:8]} has a newer number, {header.sequence}, but an"
            f" older time, {header.created}, than {newest.bundle_id[:8]} of"
            f" {newest.created_at}",
            hint="check the clock outside, and that nobody else holds a signing key",
        )


def check_store(site: Site) -> None:
    """Check that nothing but bundles feeds this store.

    Raises:
        UsageError: Syncs do.
        CatalogError: The catalog cannot be read.
    """
    if site.catalog.selections.get(CONFIGURED) is not None:
        raise UsageError(
            f"{site.options.store_path}: this store is fed by syncs;"
            " a bundle would unselect what they selected",
            hint="take bundles into a store of their own: another store.path",
        )


def check_database(
    ours: Database | None, bundle: BundleFolder, *, proves: Callable[[str], bool]
) -> None:
    """Check that a bundle speaks of the database that this site trusts.

    Args:
        ours: The site's database, None for none.
        bundle: The bundle.
        proves: Whether a module's versions need a record of it.

    Raises:
        UsageError: It does not.
        VolumeError: The manifest is missing or damaged.
    """
    theirs = bundle.header.sumdb
    if ours is None:
        return
    if theirs is None:
        if any(proves(entry.path) for entry in bundle.manifest.versions):
            raise UsageError(
                f"the bundle has no head of {ours.name}, which this site asks for",
                hint="switch `upstream.sumdb` on outside, sync, and make a new bundle",
            )
    elif theirs.name != ours.name:
        raise UsageError(
            f"the bundle is proven by {theirs.name}, this site trusts {ours.name}",
            hint="set upstream.sumdb inside to the database that outside uses",
        )
