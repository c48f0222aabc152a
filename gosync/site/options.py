"""What a pass needs to know, as the configuration says it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Protocol, Self, TypeAlias

import msgspec
from msgspec.structs import replace

from gosync.admit.verdict import ScannerSpec
from gosync.catalog.findings import FindingKind
from gosync.gomod.deps import Deps
from gosync.publish.limit import DeleteLimit
from gosync.publish.pages.pageoptions import PageOptions
from gosync.site.policy import Policy
from gosync.site.policyrules import PolicyRules
from gosync.store.objects.location import BucketLocation
from gosync.store.objects.options import BucketOptions
from gosync.sumdb.names import Database
from gosync.upstream.address import Address, Logins
from gosync.upstream.goproxy import ProxyList
from gosync.upstream.options import HttpOptions
from gosync.upstream.route import Routing
from gosync.upstream.volume import VolumeLimit


class ProjectSpec(msgspec.Struct, frozen=True):
    """A project that is built inside.

    Attributes:
        path: Its folder, absolute; it need not be there yet.
        deps: Which dependencies come along.
    """

    path: Path
    deps: Deps = Deps.BUILD


class ToolchainSpec(msgspec.Struct, frozen=True):
    """Which Go toolchains are carried: each version for each platform.

    Attributes:
        versions: Versions of Go, without the ``go``.
        platforms: Platforms, as GOOS-GOARCH.
        archives: Whether the tree has Go's own archives of those that are carried.
    """

    versions: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    archives: bool = True


class IndexBound(msgspec.Struct, frozen=True):
    """How much of the index one pass reads at most; the next one goes on.

    A whole index is read in some dozen passes; one that never ends keeps none busy.

    Attributes:
        pages: Pages, of 2000 events each.
        seconds: Time, measured after each page.
    """

    pages: int = 500
    seconds: float = 120.0


class OldHeadSpec(msgspec.Struct, frozen=True):
    """Which clients are served that remember a tree head from elsewhere.

    Attributes:
        upper: Whether the tree has every tile above level 0.
        sizes: Sizes of such heads.
        notes: Files with such a head, signed: copies of clients' ``latest``.
        since: Every head from this time on, "" for none; see sync.rules.parse_since.
    """

    upper: bool = False
    sizes: tuple[int, ...] = ()
    notes: tuple[Path, ...] = ()
    since: str = ""


class HouseLogSpec(msgspec.Struct, frozen=True):
    """A checksum database of the site's own.

    Attributes:
        verifier: Its verifier key, ``NAME+HASH+KEY``.
        key: The file of its signer key; None where another site signs.
        witnesses: Trees, or files with a signed head, that the log must extend.
        noted: Where the newest head that was let out is noted; None for nowhere.
    """

    verifier: str
    key: Path | None = None
    witnesses: tuple[Path, ...] = ()
    noted: Path | None = None

    @property
    def name(self) -> str:
        """The database's name."""
        return self.verifier.partition("+")[0]


TreePlace: TypeAlias = Path | BucketLocation


class TreePages(Protocol):
    """Pages that a tree has whatever its store has.

    Each side of an air gap makes its own: no store keeps them, no bundle brings them.
    """

    @property
    def folder(self) -> str:
        """Their folder in the tree, of a name of its own."""

    @property
    def names(self) -> Collection[str]:
        """Their names in it; the first is the one to begin with."""

    def state(self) -> str:
        """Return a text that is another one when the pages are; quick."""

    def files(self) -> Mapping[str, bytes]:
        """Return the pages by name."""


class SiteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a pass needs to know.

    Attributes:
        store_path: The store's root.
        min_free_bytes: Space that must stay free on its disk.
        bucket: Where the store's blobs, journal and quarantine are, None for below its
            root; the rest is there.
        tree_path: The published tree's folder, or where in a bucket it is.
        buckets: How buckets are reached.
        policy: What is selected.
        rules: What of that may come in.
        proxies: Where modules come from.
        routing: Who of them is asked what.
        vulndb: Where Go's vulnerability database comes from, "" for none.
        index_url: The module index, "" for none.
        follow_url: The gosync whose tree or server is followed, "" for none; its index
            is below it.
        notes_changes: Whether it is noted which files of the tree change, for hooks.
        index_since: Where a pattern begins to read the index, "" for its start.
        index_bound: How much of the index one pass reads at most.
        keeps_index: Whether all of the index is kept in the catalog.
        database: The checksum database, None for none.
        http: Time-outs, retries and the like.
        volume: How much may come in a month.
        concurrency: How many requests are under way at once.
        list_interval_seconds: Age at which a module's list is asked again.
        probe_versions: Whether versions are asked for that nobody lists.
        projects: The projects whose needs are carried.
        recorded: The records of builds that are carried.
        toolchains: The toolchains that are carried.
        grace_days: How long what is no longer selected is kept from pruning.
        records: Where it is noted which store lay where; the first is beside the
            configuration.
        accept: Kinds of findings that are accepted from their first sight on.
        deletes: How many versions may go at once.
        every_file: Whether a publish looks at every file of the tree.
        old_heads: Which clients with a tree head from elsewhere are served.
        contact: Whom the tree's pages tell people to ask, "" for nobody.
        public_url: The address that the tree is served at, "" when it is not known.
        bundle_pulled: Whether bundles bring what only a server was asked for.
        scanners: Who is shown new versions before they are committed.
        house_log: The site's own checksum database, None for none.
        pages: Pages that the tree has besides.
        page_options: What concerns modules' pages.
        attest_keys: Secret keys that attest what is published, files or folders.
    """

    store_path: Path
    min_free_bytes: int
    tree_path: TreePlace
    policy: Policy
    proxies: ProxyList
    index_url: str
    index_since: str
    database: Database | None
    http: HttpOptions
    concurrency: int
    list_interval_seconds: float
    projects: tuple[ProjectSpec, ...] = ()
    recorded: tuple[Path, ...] = ()
    toolchains: ToolchainSpec = ToolchainSpec()
    grace_days: float = 30
    records: tuple[Path, ...] = ()
    accept: frozenset[FindingKind] = frozenset()
    deletes: DeleteLimit = DeleteLimit()
    every_file: bool = False
    index_bound: IndexBound = IndexBound()
    keeps_index: bool = False
    old_heads: OldHeadSpec = OldHeadSpec()
    routing: Routing = Routing()
    volume: VolumeLimit = VolumeLimit()
    probe_versions: bool = False
    vulndb: str = ""
    rules: PolicyRules = PolicyRules()
    contact: str = ""
    public_url: str = ""
    bundle_pulled: bool = False
    house_log: HouseLogSpec | None = None
    scanners: tuple[ScannerSpec, ...] = ()
    pages: tuple[TreePages, ...] = ()
    page_options: PageOptions = PageOptions()
    attest_keys: tuple[Path, ...] = ()
    follow_url: str = ""
    notes_changes: bool = False
    buckets: BucketOptions = BucketOptions()
    bucket: BucketLocation | None = None

    @property
    def store_name(self) -> str:
        """What messages call the store."""
        return str(self.bucket or self.store_path)

    @property
    def mirrors_all(self) -> bool:
        """Whether all that the followed gosync has is wanted: nothing is selected."""
        selects = self.policy.selects or self.projects or self.recorded
        return bool(self.follow_url) and not (selects or self.toolchains.versions)

    def with_addresses(self, addresses: Iterable[Address]) -> Self:
        """Return these options with the secrets of further upstreams, which win."""
        new = {each.url: each for each in addresses}
        old = (each for each in self.http.logins.addresses if each.url not in new)
        logins = Logins((*new.values(), *old))
        return replace(self, http=replace(self.http, logins=logins))


def needs_whole(options: SiteOptions, path: str) -> bool:
    """Return whether a module's versions come with their zips, whoever needs these.

    A record of the house log has the h1 of both files; of a private version nobody
    else knows them.
    """
    return options.house_log is not None and options.policy.is_private(path)
