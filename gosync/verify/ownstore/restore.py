"""Restore of gosync's own store: what was moved aside, and the rows with it.

Blobs come first, durable, then the journal, then the rows (I1), under leases of their
versions. A row comes back as it was if it still is what the action made of it, and if
its blobs are there: all of them, but for those that were missing even then.
"""

from __future__ import annotations

from collections.abc import Mapping

from gosync.catalog.versions import VersionRow
from gosync.clock import Clock
from gosync.errors import MalformedError
from gosync.folder.tree import FileTree
from gosync.gomod.module import ModuleVersion
from gosync.ingest.entries import parse_version_entry, version_entry
from gosync.site.site import Site
from gosync.store.digest import Digest
from gosync.store.journal import parse_entry
from gosync.verify.act.quarantine import ChangedRow, TargetQuarantine
from gosync.verify.act.restore import put_all_back
from gosync.verify.ownstore.checking import digests_in, digests_of
from gosync.verify.ownstore.holding import hold_tree, hold_versions, open_to_act
from gosync.verify.ownstore.moves import moves_of
from gosync.verify.request import VerifyRequest


def restore_store(
    request: VerifyRequest, tree: FileTree, quarantine: TargetQuarantine, clock: Clock
) -> list[tuple[str, str]]:
    """Put all back from a quarantine; return each thing, and why it could not be.

    Args:
        request: What is asked for.
        tree: The store.
        quarantine: What was moved aside.
        clock: What time it is.

    Raises:
        UsageError: if there is no such quarantine, or it is another target's.
        LockedError: if another gosync publishes the tree, or has the whole store.
        StoreError: if the store cannot be written.
    """
    rows = [_parsed(changed) for changed in quarantine.read().rows]
    known = [row for row in rows if isinstance(row, VersionRow)]
    with open_to_act(request, clock) as site:
        versions = [row.mv for row in known]
        site.holder.announce({d for row in known for d in digests_of(row).values()})
        with hold_versions(site, versions) as others, hold_tree(site):
            put = moves_of(tree, site.blobs).put_back
            results = put_all_back(tree, quarantine, guard=site.writing, put=put)
            return [*results, *_put_rows_back(site, quarantine, others)]


def _put_rows_back(
    site: Site, quarantine: TargetQuarantine, others: Mapping[ModuleVersion, str]
) -> list[tuple[str, str]]:
    """Put rows back whose blobs are there; return each, and why it could not be."""
    results, good, replaced = [], [], []
    with site.writing(), site.catalog.transaction():
        for changed in quarantine.read().rows:
            row, failed = _look_at(site, changed, others)
            name = f"{row.path}@{row.version}" if row else changed.was
            results.append((name, failed))
            if row is not None and not failed:
                good.append(row)
                if any(changed.now):  # of a withdrawn one the journal has its line
                    replaced.append(row)
        site.journal.append(version_entry(row) for row in replaced)
        if good:
            site.catalog.versions.put_back(good)
    return results


def _parsed(changed: ChangedRow) -> VersionRow | str:
    """Return a row as it was, or why it cannot be read."""
    try:
        return parse_version_entry(parse_entry(changed.was.encode()))
    except MalformedError as exc:
        return str(exc)


def _look_at(
    site: Site, changed: ChangedRow, others: Mapping[ModuleVersion, str]
) -> tuple[VersionRow | None, str]:
    """Return a row as it was, and why it cannot be that again, "" if it can."""
    row = _parsed(changed)
    if isinstance(row, str):
        return None, row
    if reason := others.get(row.mv):
        return row, reason
    present = site.catalog.versions.get(row.mv)
    if present is None or digests_in(present) != changed.now:
        return row, "its row has changed since"
    for digest in digests_of(row).values():
        if digest not in changed.lacked and not site.blobs.exists(Digest(digest)):
            return row, f"its blob {digest} is not there any more"
    return row, ""
