"""Applying a bundle: its selection becomes the site's, in one transaction.

Everything that it names is in the store and proven by now, and so are the tiles that
the tree will need. The transaction selects, forgets what the bundle no longer
selects, and says that the bundle was applied: all of it or nothing. The journal is
told before, so that a rebuilt catalog has what the tree shows. A kill between the
transaction and the tree leaves the tree as it was; the next import brings it up.

What an audit outside found goes along: inside nobody can ask upstreams, so people
hear of a rewritten tag, a retraction or a vanished module by the bundles. Of what is
selected a site has exactly the findings that the bundle names; what is no longer said
is resolved, and what was *accepted* outside is so inside. They stand open like any
other until an operator settles them, and decide nothing: what is served was proven.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import chain, islice
from typing import Final

from msgspec.structs import replace

from gosync.bundle.format.manifest import FindingEntry, Manifest, WithdrawnEntry
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.take.artifacts import take_artifacts
from gosync.bundle.take.withdrawals import take_withdrawals
from gosync.catalog.db import Catalog
from gosync.catalog.findings import Finding, FindingState, Sighting
from gosync.catalog.imports import ImportRow, ImportState
from gosync.catalog.versions import FoundBy, Need, Want
from gosync.clock import format_time
from gosync.errors import MalformedError
from gosync.gomod.module import ModuleVersion
from gosync.ingest.bundlememory import import_entry
from gosync.ingest.entries import finding_entry, version_entry
from gosync.publish.sumdb import needed_tiles
from gosync.site.oldheads import take_old_head_tiles
from gosync.site.publisher import tree_target
from gosync.site.site import Site
from gosync.sumdb.client import SumClient
from gosync.sumdb.tile import Tile
from gosync.sync.prune import PrunePlan, forget

SEEN_OUTSIDE: Final = "seen_outside"
_JOURNALLED_AT_ONCE: Final = 5_000  # entries: some 5 MB, an object of a bucket


def import_row(bundle: BundleFolder) -> ImportRow:
    """Return what the catalog keeps of a bundle that came in."""
    header = bundle.header
    return ImportRow(
        bundle_id=bundle.id,
        target=header.target,
        sequence=header.sequence,
        kind=header.kind,
        created_at=format_time(header.created_at),
        tree_size=None if header.sumdb is None else header.sumdb.size,
    )


async def bring_tiles(
    site: Site, sums: SumClient, manifest: Manifest, carried: Iterable[Tile]
) -> None:
    """Prove and keep the tiles that the tree will need with this selection.

    Of what else the bundles carry for clients with older tree heads, what leads to
    the head is kept, too.

    Args:
        site: The site.
        sums: The checksum database as the bundles have it.
        manifest: The selection.
        carried: All tiles that the bundles have.

    Raises:
        BundleGapError: One is neither in a bundle nor in the store.
        SecurityError: One does not lead to the head.
    """
    head, database = sums.head, site.options.database
    assert head is not None
    assert database is not None
    ids = sorted({e.record_id for e in manifest.versions if e.record_id is not None})
    if ids and ids[-1] >= head.tree.n:
        raise MalformedError("manifest", ids[-1], "a record is newer than the head")
    sizes = site.catalog.heads.published(database.name, tree_target(site).id)
    needed = needed_tiles(head, ids, sizes)
    await sums.tiles(needed)
    await take_old_head_tiles(site, sums, set(carried) - set(needed))


def apply_selection(
    site: Site,
    chosen: BundleFolder,
    overtaken: Iterable[BundleFolder],
    ahead: Iterable[BundleFolder] = (),
) -> None:
    """Make a bundle's selection the site's.

    Args:
        site: The site; all that is selected is in its store.
        chosen: The bundle.
        overtaken: Those of lower numbers that came in and need not be applied.
        ahead: Those of higher numbers that wait; what they withdraw stays so.

    Raises:
        StoreError: Journal or catalog cannot be written; nothing has changed.
    """
    now = site.clock.now()
    wants = [
        Want(each.path, each.version, each.need, FoundBy.CONFIG, each.index_time)
        for each in chosen.manifest.versions
    ]
    came = [import_row(bundle) for bundle in (*overtaken, chosen)]
    with site.writing():
        _journal(site, wants, [replace(r, moved_at=format_time(now)) for r in came])
        _commit(site, wants, came, chosen, ahead, now)


def _commit(
    site: Site,
    wants: list[Want],
    came: list[ImportRow],
    chosen: BundleFolder,
    ahead: Iterable[BundleFolder],
    now: datetime,
) -> None:
    with site.catalog.transaction():
        take_withdrawals(site, _withdrawn(chosen, ahead))
        site.catalog.selected.select(wants, complete=True, now=now)
        forget(site, _unselected(site, now))
        take_artifacts(site, chosen.manifest.artifacts)
        for row in came:
            site.catalog.imports.put(row, ImportState.APPLIED, now=now)
        changed = take_findings(site.catalog, chosen.manifest.findings, now)
        site.journal.append(map(finding_entry, changed))


def _withdrawn(
    chosen: BundleFolder, ahead: Iterable[BundleFolder]
) -> list[WithdrawnEntry]:
    """Return what is withdrawn; of one version the newest bundle says why."""
    found: dict[ModuleVersion, WithdrawnEntry] = {}
    for bundle in (chosen, *sorted(ahead, key=lambda b: b.header.sequence)):
        found |= {each.mv: each for each in bundle.manifest.withdrawn}
    return list(found.values())


def _journal(site: Site, wants: list[Want], came: list[ImportRow]) -> None:
    """Say that versions which were only read are selected now, and by what."""
    chosen = {want.mv for want in wants}
    selected = (
        version_entry(replace(row, found_by=FoundBy.CONFIG))
        for row in site.catalog.versions.all_rows()
        if row.found_by is FoundBy.DEPENDENCY and row.mv in chosen
    )
    entries = chain(selected, map(import_entry, came))
    while some := list(islice(entries, _JOURNALLED_AT_ONCE)):
        site.journal.append(some)


def _unselected(site: Site, now: datetime) -> PrunePlan:
    """Return what the selection has no more; a site inside has no time of grace."""
    rows = site.catalog.selected.unselected(now)
    return PrunePlan(
        forgotten=tuple(row for row in rows if row.selected is None),
        narrowed=tuple(row for row in rows if row.selected is Need.MOD),
        waiting=0,
    )


def take_findings(
    catalog: Catalog, entries: Iterable[FindingEntry], now: datetime
) -> list[Finding]:
    """Make these the site's findings; return those whose state was set by that.

    Raises:
        CatalogError: the catalog cannot be written.
    """
    told = {each.key: each for each in entries}
    findings = catalog.findings
    over = [
        findings.settle(each.id, now)
        for each in findings.all()
        if each.state is not FindingState.RESOLVED
        and (each.path, each.version, each.kind.value, each.source) not in told
    ]
    seen = (
        findings.see(_sighting(each), now, accept={each.kind} if each.accepted else ())
        for each in told.values()
    )
    return [*over, *(finding for finding in seen if finding is not None)]


def _sighting(entry: FindingEntry) -> Sighting:
    return Sighting(
        kind=entry.kind,
        path=entry.path,
        version=entry.version,
        source=entry.source,
        summary=entry.summary,
        ours={**entry.ours, SEEN_OUTSIDE: entry.first_seen},
        theirs=entry.theirs,
    )
