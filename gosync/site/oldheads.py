"""Clients that remember a tree head from elsewhere: which are served, and with what.

Heads come from four sides: those that came along with answers of the checksum database
(``note_seen``), those of the configuration, those that a command named, and those that
a web server's log asks for (``asked``). What serves them is gosync.sumdb.oldheads's to
say. It is more than the lookups need: a proxy that cannot give it keeps no tree from
being published. What is lacking is a failure of its own, and is tried again in time.

A store that bundles feed asks nobody. It serves what they brought tiles for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import anyio
import msgspec

from gosync.catalog.old_heads import HeadSource
from gosync.clock import format_time
from gosync.errors import (
    BundleGapError,
    GosyncError,
    StoreError,
    UsageError,
)
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.site.configured import OLD_HEADS, old_heads_item
from gosync.site.site import Site
from gosync.sumdb.client import SumClient
from gosync.sumdb.note import MAX_NOTE_BYTES
from gosync.sumdb.oldheads import (
    OldHeads,
    leaf_of,
    leaf_tiles,
    records_before,
    upper_tiles,
)
from gosync.sumdb.spans import Spans, count, spans_of, subtract, unite
from gosync.sumdb.tile import FULL_TILE_BYTES, TILE_HEIGHT, Tile
from gosync.sumdb.treehead import SignedHead, open_head
from gosync.work.progress import Progress

_log = logging.getLogger(__name__)
_TILES_AT_ONCE = 64


class ServedHeads(msgspec.Struct, frozen=True):
    """Which older heads the tree is to serve.

    Attributes:
        old_heads: They, up to the trusted head.
        newest: The size of the newest known head up to it, 0 for none.
        ahead: Sizes of known heads that are beyond it; no tile helps their clients.
        lacking: Level-0 tiles of known heads that only a bundle can bring.
        error: Why some of the known ones cannot be served, or None.
        is_due: Whether this is all, and not nothing because it failed a moment ago.
    """

    old_heads: OldHeads = OldHeads()
    newest: int = 0
    ahead: tuple[int, ...] = ()
    lacking: Spans = ()
    error: GosyncError | None = None
    is_due: bool = False


def note_seen(site: Site, sums: SumClient | None) -> None:
    """Remember the heads that the checksum database's answers came with.

    Raises:
        CatalogError: the catalog cannot be written.
    """
    database = site.options.database
    if sums is not None and database is not None and sums.seen_sizes:
        site.catalog.old_heads.add(
            database.name, sums.seen_sizes, HeadSource.SEEN, now=site.clock.now()
        )


def served_heads(
    site: Site, head: SignedHead | None, *, retry: bool = False
) -> ServedHeads:
    """Return which older heads the tree is to serve with this one.

    None where asking for tiles failed a moment ago, unless it is to be tried again.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    database = site.options.database
    fed = is_fed(site)
    if database is None or head is None or not (retry or fed or _is_due(site)):
        return ServedHeads()
    n, spec = head.tree.n, site.options.old_heads
    sizes = {*site.catalog.old_heads.sizes(database.name), *spec.sizes}
    noted, error = _noted(site, spec.notes)
    span: Spans = ()
    if spec.since and not fed:
        span, later = _span_since(site, spec.since, n)
        error = error or later
    inside = [size for size in sizes | noted if size <= n]
    found = map(leaf_of, inside)
    leaves = unite(spans_of(leaf for leaf in found if leaf is not None), span)
    wanted = OldHeads(spec.upper, leaves)
    served = _at_hand(site, wanted, n) if fed else wanted
    lacking = subtract(wanted.leaves, served.leaves)
    if lacking:
        error = error or _only_by_bundle(lacking)
    return ServedHeads(
        served,
        newest=max(inside, default=0),
        ahead=tuple(sorted(size for size in sizes | noted if size > n)),
        lacking=lacking,
        error=error,
        is_due=True,
    )


def _only_by_bundle(lacking: Spans) -> BundleGapError:
    return BundleGapError(
        f"{count(lacking)} tiles of level 0 are not here; only a bundle brings them",
        hint=advise(
            "{}; outside, {}",
            command("publish", "--request", "FILE"),
            command("publish", "--missing", "FILE"),
        ),
    )


def read_head_file(site: Site, path: Path) -> SignedHead:
    """Return the head in a copy of a client's ``latest`` file.

    Raises:
        UsageError: there is no such file, or no checksum database.
        MalformedError: it is no signed tree head.
        SignatureError: the database's key did not sign it.
    """
    database = site.options.database
    if database is None:
        raise UsageError("there is no checksum database", hint="see upstream.sumdb")
    try:
        with path.open("rb") as file:
            note = file.read(MAX_NOTE_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from exc
    return open_head(note, database.verifier())


async def remember_heads(
    site: Site,
    sums: SumClient | None,
    named: Sequence[SignedHead],
    asked: Sequence[int],
) -> None:
    """Remember heads that an operator named, and sizes that a server's log asks for.

    A named one is proven to be in the log first, or to follow the trusted head, which
    it then becomes. A store that bundles feed has nobody to ask for that.

    Raises:
        SecurityError: a head contradicts the trusted one.
        UnavailableError: a tile that proves it could not be had.
        CatalogError: the catalog cannot be written.
    """
    database = site.options.database
    if database is None:
        return
    if sums is not None and not is_fed(site):
        for head in named:
            await sums.place(head.note)
    trusted = sums.head.tree.n if sums is not None and sums.head is not None else 0
    # Anybody may have asked for what is beyond: no such head need ever have been.
    asked = [size for size in asked if size <= trusted]
    table, now = site.catalog.old_heads, site.clock.now()
    table.add(database.name, (h.tree.n for h in named), HeadSource.NAMED, now=now)
    table.add(database.name, asked, HeadSource.ASKED, now=now)


def is_fed(site: Site) -> bool:
    """Return whether bundles feed the store: what it lacks only they can bring.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    return site.catalog.imports.newest() is not None


async def bring_tiles(
    site: Site, sums: SumClient, tiles: Sequence[Tile], progress: Progress
) -> GosyncError | None:
    """Fetch and prove what of these tiles the store lacks; return why some are not had.

    A tile that does not lead to the head is such a reason: its evidence is kept, and
    the tree does without it.

    Raises:
        StoreError: the store cannot be written.
    """
    store = site.tiles
    assert store is not None
    lacking = await anyio.to_thread.run_sync(
        lambda: [tile for tile in tiles if not store.exists(tile)]
    )
    size_bytes = sum(tile.size_bytes for tile in lacking)
    if lacking:
        _log.info("older tree heads: %d tiles, %d bytes", len(lacking), size_bytes)
        progress.phase("tiles for older tree heads", len(lacking))
    try:
        for start in range(0, len(lacking), _TILES_AT_ONCE):
            some = lacking[start : start + _TILES_AT_ONCE]
            await sums.tiles(some)
            progress.advance(len(some), size_bytes=sum(t.size_bytes for t in some))
    except StoreError:
        raise
    except GosyncError as exc:
        return exc
    return None


async def take_old_head_tiles(
    site: Site, sums: SumClient, tiles: Iterable[Tile]
) -> None:
    """Prove and keep full tiles that came in a bundle, as far as they lead to the head.

    Their clients are served from now on. What does not lead there is left: its parents
    are in a bundle that was lost, or the head is older.

    Raises:
        SecurityError: a tile does not lead to the head.
        StoreError: the store or the catalog cannot be written.
    """
    head, database, store = sums.head, site.options.database, site.tiles
    if head is None or database is None or store is None:
        return
    n = head.tree.n
    inside = [t for t in tiles if t.is_full and (t.n + 1) << 8 * (t.l + 1) <= n]
    with suppress(BundleGapError):
        await sums.tiles(inside)
    leaves = [t.n for t in inside if not t.l and store.exists(t)]
    sizes = (((number + 1) << TILE_HEIGHT) - 1 for number in leaves)
    site.catalog.old_heads.add(
        database.name, sizes, HeadSource.BUNDLED, now=site.clock.now()
    )


def settle(site: Site, served: ServedHeads, error: GosyncError | None) -> None:
    """Write down why clients with older heads are not served, or that they are.

    Raises:
        CatalogError: the catalog cannot be written.
    """
    failures, item = site.catalog.failures, _item(site)
    if error is not None:
        failures.record(item, kind=OLD_HEADS, error=error, now=site.clock.now())
    elif served.is_due:
        failures.clear([item])


def _item(site: Site) -> ModuleVersion:
    database = site.options.database
    name = database.name if database else ""
    return ModuleVersion("", old_heads_item(name))


def _is_due(site: Site) -> bool:
    """Return whether nothing failed before, or it is time to try again."""
    failure = site.catalog.failures.get(_item(site))
    return failure is None or failure.next_try_at <= format_time(site.clock.now())


def _at_hand(site: Site, wanted: OldHeads, n: int) -> OldHeads:
    """Return what the store has all tiles for."""
    store = site.tiles
    if store is None:
        return OldHeads()
    leaves = leaf_tiles(wanted.leaves, n)
    return OldHeads(
        wanted.upper and all(map(store.exists, upper_tiles(n))),
        spans_of(tile.n for tile in leaves if store.exists(tile)),
    )


def _noted(
    site: Site, notes: Iterable[Path]
) -> tuple[frozenset[int], GosyncError | None]:
    """Return the sizes of the heads in files, and what is wrong with one of them."""
    sizes, error = set(), None
    for path in notes:
        try:
            sizes.add(read_head_file(site, path).tree.n)
        except GosyncError as exc:
            error = error or exc
    return frozenset(sizes), error


def _span_since(site: Site, since: str, n: int) -> tuple[Spans, GosyncError | None]:
    """Return the level-0 tiles of all heads since a time, or why nobody can say."""
    first = records_before(site.catalog.old_heads.records_since(since))
    if first is None:
        return (), UsageError(
            f"publish.heads_since: nothing that is carried has a record from before"
            f" {since}, so how large the log was then is not known",
            hint="name a later time, or sizes in publish.heads",
        )
    span = ((first >> TILE_HEIGHT, (n - 1) >> TILE_HEIGHT),)
    _log.info(
        "heads since %s: from record %d on, %d tiles of level 0, %d bytes",
        *(since, first, count(span), count(span) * FULL_TILE_BYTES),
    )
    return span, None
