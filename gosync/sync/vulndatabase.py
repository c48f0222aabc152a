"""Vulnerability database of a pass: here before anything is ruled on, and refreshed.

Where its source is the module golang.org/x/vulndb, rules of vulnerabilities need that
module's zip before they can look at any other. So it is brought first, through the gate
as any version, and the database is made of it; a pass that was killed on the way is
gone on with by the next one. A database that is here and cannot be refreshed holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gosync.catalog.failures import Failure
from gosync.catalog.leases import SELECT
from gosync.catalog.modules import Module
from gosync.catalog.versions import Need
from gosync.errors import (
    GosyncError,
    NotFoundError,
    SecurityError,
    StoreError,
    UnavailableError,
)
from gosync.gomod.module import ModuleVersion
from gosync.ingest.storedvulns import StoredVulns
from gosync.osv.files import DATABASE_MODULE, SOURCE_MODULE
from gosync.site.configured import VULNDB, vulndb_item
from gosync.site.site import Site
from gosync.site.upstreams import connect
from gosync.sync.arriving import Arriving, Fetch
from gosync.sync.choosing import Chooser
from gosync.sync.fetch import VersionFetcher
from gosync.sync.lists import Lister
from gosync.sync.tally import Tally
from gosync.vulndb.keeping import VulndbChange
from gosync.vulndb.refreshing import refresh_database
from gosync.work.progress import NoProgress

if TYPE_CHECKING:
    from gosync.sync.engine import Pass


class DatabaseModule:
    """Brings the module that the database is read from, as the configuration has it."""

    def __init__(self, site: Site, lister: Lister, fetch: Fetch) -> None:
        """Take what brings it.

        Args:
            site: The site, with the configuration's own policy.
            lister: Asks its list.
            fetch: Brings versions through the gate.
        """
        self._site = site
        self._lister = lister
        self._fetch = fetch

    async def bring(self, *, at_once: bool = False) -> Failure | None:
        """Bring the versions that are selected of it.

        Args:
            at_once: Whether to ask its list, however fresh, and to try again what
                failed before its time.

        Returns:
            What that failed with, None where it did not.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        is_fed = self._site.catalog.imports.newest() is not None  # by bundles alone
        if is_fed or self._site.options.vulndb != SOURCE_MODULE:
            return None
        await self._ask_list(at_once=at_once)
        site = self._site
        lacking = [each for each in self._chosen() if not self._is_here(each)]
        arriving = Arriving(site, self._fetch, Need.ZIP, retry=at_once)
        await arriving.bring(lacking)
        items = (*lacking, ModuleVersion(DATABASE_MODULE, ""))
        return next(filter(None, map(site.catalog.failures.get, items)), None)

    def _chosen(self) -> Iterator[ModuleVersion]:
        site = self._site
        chooser = Chooser(site.catalog, site.options.policy, now=site.clock.now())
        for each in chooser.choose_of(DATABASE_MODULE).choices:
            if each.need is Need.ZIP:
                yield ModuleVersion(DATABASE_MODULE, each.version)

    async def _ask_list(self, *, at_once: bool) -> None:
        modules, policy = self._site.catalog.modules, self._site.options.policy
        if not policy.follows(DATABASE_MODULE):
            return
        private = policy.is_private(DATABASE_MODULE)
        modules.track([Module(DATABASE_MODULE, private=private)])
        seconds = 0 if at_once else self._site.options.list_interval_seconds
        due = modules.due(self._site.clock.now(), interval_seconds=seconds)
        mine = (each for each in due if each.path == DATABASE_MODULE)
        await self._lister.refresh(mine, progress=NoProgress())

    def _is_here(self, mv: ModuleVersion) -> bool:
        row = self._site.catalog.versions.get(mv)
        return row is not None and row.carried is Need.ZIP


async def bring_database(this: Pass) -> None:
    """Have the database that rules look at, brought up to its source.

    Raises:
        GosyncError: what it failed with, where there is none at all.
        StoreError: if the store or the catalog cannot be read or written.
    """
    site = this.site
    is_here = StoredVulns(site.catalog, site.blobs).is_there
    failure: Failure | None = None
    if not (is_here and this.follows_plan):
        at_once = this.tries_at_once or not is_here
        failure = await this.database_module().bring(at_once=at_once)
    error = await refresh_vulndb(this)
    if error is not None and not is_here:
        raise error if failure is None else _error(failure)


def _error(failure: Failure) -> GosyncError:
    """Return the error that a failure was, as far as it is known who can act on it."""
    kinds: tuple[type[GosyncError], ...] = (SecurityError, UnavailableError)
    by_code = {each.exit_code: each for each in kinds}
    kind = by_code.get(failure.exit_code, NotFoundError)
    return kind(f"{failure.mv}: {failure.reason}; the vulnerability database is in it")


async def update_database(
    site: Site, *, accept_loss: bool = False
) -> VulndbChange | None:
    """Bring the database up to its source, outside of a pass.

    Raises:
        GosyncError: what it failed with.
        LockedError: if another run selects.
        StoreError: if the store or the catalog cannot be read or written.
    """
    tally, progress = Tally(), NoProgress()
    async with site.holding(SELECT), connect(site) as upstreams:
        fetcher = VersionFetcher(site, upstreams, tally, progress)
        lister = Lister(site, upstreams.proxy, tally, progress)
        module = DatabaseModule(site, lister, fetcher.fetch_all)
        if (failure := await module.bring(at_once=True)) is not None:
            raise _error(failure)
        return await refresh_database(site, upstreams.fetcher, accept_loss=accept_loss)


async def refresh_vulndb(this: Pass) -> GosyncError | None:
    """Bring the vulnerability database up to its source; what fails is noted.

    Returns:
        What it failed with.

    Raises:
        StoreError: store or catalog cannot be read or written.
    """
    source = this.site.options.vulndb
    if not source:
        return None
    error: GosyncError | None = None
    try:
        await refresh_database(this.site, this.upstreams.fetcher)
    except StoreError:
        raise
    except GosyncError as exc:
        error = exc
    this.note(ModuleVersion("", vulndb_item(source)), VULNDB, error)
    return error
