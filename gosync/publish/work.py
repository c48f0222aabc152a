"""What a publish has to do: the catalog's state against the tree's own marker.

Nothing, when the tree has followed the catalog's last change, its pages were made
with the same options and the same vulnerability database, its own files are there, and
it serves the clients that it is to serve; a newer tree head alone is no reason, since
it says nothing new about what is there. The changed modules, and those of which another
database says something else, when the marker is whole and agrees with what the catalog
remembers of this tree. Everything otherwise: a first publish, one that was killed, a
tree that was restored or moved between stores, another checksum database, other
languages or another pkgsite, which each module's page names, an older format, versions
that the store does not know.
"""

from __future__ import annotations

import hashlib

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.shown import ShownSums
from gosync.catalog.trees import TreeState
from gosync.publish.marker import FORMAT, Marker, read_marker
from gosync.publish.ownfiles import OwnFiles
from gosync.publish.pages.pageoptions import PageOptions
from gosync.publish.storage.tree import TreeStorage
from gosync.publish.vulnreader import VulnReader
from gosync.sumdb.names import Database
from gosync.sumdb.oldheads import OldHeads
from gosync.sumdb.spans import unite

_PAGES = 7  # grows when the tree's own pages say something else of the same


class TreeTarget(msgspec.Struct, frozen=True):
    """A tree to publish.

    Attributes:
        storage: Its place.
        id: What the catalog calls it.
    """

    storage: TreeStorage
    id: str

    def marker(self) -> Marker | None:
        """Return its marker, None where there is no tree yet; see read_marker."""
        return read_marker(self.storage.reader())


class PublishOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalog does not say: how the pages are, and for which clients.

    Attributes:
        url: The address that the tree is served at; "" when it is not known.
        private: GOPRIVATE patterns of modules that no database vouches for.
        explained: Where a page explains why ``go`` fails, "" for nowhere.
        contact: Whom to ask for more, "" for nobody.
        vulndb: Whether the tree has a vulnerability database.
        pages: What concerns modules' pages.
        docs: Where gosync's documentation begins, "" for nowhere.
        requests: The pages of what was asked for, in English and Chinese; those that
            there are.
        house_verifier: The verifier key of that database.
        modules_per_page: How many modules one page lists.
        modules_per_index: How many one file of the search index has at most, before
            there are several; a multiple of ``modules_per_page``.
        house_log: The name of a checksum database of the site's own, "" for none.
        old_heads: Older tree heads, up to the trusted one, whose clients are served.
        at_least: How many records the tree's own head must have for them.
        every_file: Whether every file is looked at, whatever the catalog says of it.
    """

    url: str = ""
    private: tuple[str, ...] = ()
    explained: str = ""
    contact: str = ""
    vulndb: bool = False
    modules_per_page: int = 250
    modules_per_index: int = 20_000
    house_log: str = ""
    old_heads: OldHeads = OldHeads()
    pages: PageOptions = PageOptions()
    docs: str = ""
    requests: tuple[str, ...] = ()
    house_verifier: str = ""
    at_least: int = 0
    every_file: bool = False

    def digest(self, database: Database | None) -> str:
        """Return a short text that changes when the pages must."""
        parts = (
            _PAGES,
            self.url,
            self.private,
            self.explained,
            self.contact,
            self.vulndb,
            self.modules_per_page,
            self.modules_per_index,
            self.pages,
            self.docs,
            self.requests,
            self.house_verifier,
            database,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


class Work(msgspec.Struct, frozen=True):
    """What is to be done.

    Attributes:
        marker: What the tree says of itself; an empty one for a new tree.
        full: Whether every file is looked at, not only what changed.
        seq: The catalog's last change.
        after: The last change that the tree shows, -1 when every file is due.
        paths: The modules to write, sorted.
        sizes: Sizes of all heads that clients of the tree may know.
        options: The options' digest.
        old_heads: Older tree heads whose clients are served, once it is done.
        tells_withdrawn: Whether something was withdrawn or brought back since.
        vulndb: Digest of the vulnerability database, "" for none.
        mends: Whether some of the tree's own files are not there, so that all of these
            are written.
    """

    marker: Marker
    full: bool
    seq: int
    after: int
    paths: tuple[str, ...]
    sizes: tuple[int, ...]
    options: str
    old_heads: OldHeads
    tells_withdrawn: bool
    vulndb: str = ""
    mends: bool = False

    @property
    def unproven_sizes(self) -> tuple[int, ...]:
        """Sizes of the heads that are to be proven in the new one.

        What proves those before the tree's present head in it is there already, and
        proves them in a newer one together with what proves that one
        (``gosync.sumdb.mixedheads``).
        """
        if self.full:
            return self.sizes
        return tuple(size for size in self.sizes if size >= self.marker.head)


def find_work(
    catalog: Catalog,
    tree: TreeTarget,
    database: Database | None,
    options: PublishOptions,
    vulns: VulnReader,
) -> Work | None:
    """Return what is to be done, or None when the tree is up to date.

    Raises:
        StoreError: if the folder is somebody else's, or cannot be read.
        CatalogError: if the catalog cannot be read.
    """
    marker = tree.marker() or Marker()
    name = "" if database is None else database.name
    seq = catalog.versions.last_change()
    digest = options.digest(database)
    state = catalog.trees.get(tree.id) or TreeState(tree.id, 0, "", "")
    shown = catalog.shown.sums(tree.id)
    others = marker.sumdb != name or marker.pages != options.pages
    full = others or options.every_file or not _follows(state, marker, shown)
    vulndb = vulns.state()
    told = (marker.options, marker.vulndb)
    is_same = state.published_seq == seq and told == (digest, vulndb)
    looks = not (full or tree.storage.is_remote)
    mends = looks and _own_files(catalog, tree, options).lack(
        tree.storage.reader(), name if marker.head else ""
    )
    if not (full or mends) and is_same and _serves(marker, name, options):
        return None
    full = full or marker.unknown > 0
    after = -1 if full else state.published_seq
    promise, wanted = marker.promise(name), options.old_heads
    paths = set(catalog.versions.carried_paths(changed_after=after))
    if marker.vulndb != vulndb and not full:
        paths.update(vulns.changed(tree.id))
    known = catalog.heads.published(name, tree.id)
    return Work(
        marker=marker,
        full=full,
        seq=seq,
        after=after,
        paths=tuple(sorted(paths)),
        sizes=tuple(sorted({*known, *marker.heads.get(name, ())})),
        options=digest,
        old_heads=OldHeads(wanted.upper, unite(wanted.leaves, promise.leaves)),
        tells_withdrawn=full or catalog.withdrawn.changed_after(after),
        vulndb=vulndb if vulns.is_whole else "",
        mends=mends,
    )


def _own_files(catalog: Catalog, tree: TreeTarget, options: PublishOptions) -> OwnFiles:
    return OwnFiles(
        catalog.shown,
        tree.id,
        options.pages.languages,
        modules_per_page=options.modules_per_page,
        modules_per_index=options.modules_per_index,
    )


def _serves(marker: Marker, name: str, options: PublishOptions) -> bool:
    """Return whether a tree with a head serves all clients that it is to serve."""
    if not marker.head:
        return True
    kept = marker.promise(name).keeps(options.old_heads, marker.head)
    return kept and marker.head >= options.at_least


def _follows(state: TreeState, marker: Marker, shown: ShownSums) -> bool:
    """Return whether marker and catalog agree about a tree that is whole."""
    whole = marker.complete and marker.format == FORMAT
    counts = ShownSums(marker.modules, marker.versions, marker.go_mods, shown.proven)
    # A catalog of before it had the modules that trees show has no counts of them.
    return whole and state.contents == marker.contents != "" and counts == shown
