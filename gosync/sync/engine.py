"""Parts of one pass: discover, select, fetch through the gate.

Each phase commits what it learned, so a pass that ends anywhere, by a kill, a
full disk or an upstream that went away, is gone on with by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import nullcontext
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from gosync.catalog.failures import Failure
from gosync.catalog.modules import Module
from gosync.catalog.versions import VersionRow
from gosync.errors import GosyncError
from gosync.gomod.module import ModuleVersion
from gosync.site.applying import apply_policy
from gosync.site.configured import is_configured
from gosync.site.policy import Selector
from gosync.site.site import Site
from gosync.site.upstreams import Upstreams
from gosync.site.withdrawals import learn_withdrawals
from gosync.sync.authors import Authors
from gosync.sync.chains import note_chains
from gosync.sync.choosing import Chooser
from gosync.sync.completeness import (
    SOME_MISSING,
    Completeness,
    CompletenessReader,
    count_versions,
)
from gosync.sync.demands import Demands
from gosync.sync.emptymodules import EmptyModule, find_empty_modules
from gosync.sync.fetch import VersionFetcher
from gosync.sync.forecast import Agreement, planned_bytes
from gosync.sync.gomods import GoModSource
from gosync.sync.index import IndexFollower
from gosync.sync.lists import Lister
from gosync.sync.packages import PackageSource, StoredPackages
from gosync.sync.planfile import ApprovedPlan, PlanFile, approve
from gosync.sync.projects import ConfiguredProject
from gosync.sync.scope import check_not_carried, narrowed
from gosync.sync.selecting import Selecting
from gosync.sync.selection import ANY_TIME, Selection
from gosync.sync.sumcheck import expected_h1
from gosync.sync.tally import Tally, exit_code
from gosync.sync.vulndatabase import DatabaseModule, bring_database
from gosync.sync.withdrawing import check_not_withdrawn, note_needs
from gosync.work.progress import BytesOnly, Progress
from gosync.work.stop import Stop

T = TypeVar("T")


class PassOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a pass is run.

    Attributes:
        selectors: What to fetch instead of what the configuration selects.
        refresh: Whether to ask every list, however fresh.
        retry: Whether to try failed items before their time.
        publish: Whether to bring the tree up to date.
        projects: The configured projects, as they were read.
        plan: An approved plan: nothing is asked but what it names.
        trust_tree: Whether the tree's word counts for private modules, where the store
            knows less than it shows.
        agreement: Whom it asks before it brings very much; None for nobody.
        stop: Ends the pass early; what is on its way is finished.
    """

    selectors: tuple[Selector, ...] = ()
    refresh: bool = False
    retry: bool = False
    publish: bool = True
    projects: tuple[ConfiguredProject, ...] = ()
    plan: PlanFile | None = None
    trust_tree: bool = False
    agreement: Agreement | None = None
    stop: Stop = msgspec.field(default_factory=Stop)


class Pass:
    """One pass over one site: discover, select, then fetch.

    Attributes:
        site: The site, as far as the pass goes.
        upstreams: Who is asked.
        tally: What the pass did.
        selection: What is selected of the site.
        reads_zips: Whether zips are fetched whose imports must be read to select.
    """

    def __init__(
        self, site: Site, upstreams: Upstreams, options: PassOptions, progress: Progress
    ) -> None:
        self.site = narrowed(site, options.selectors)
        self.upstreams = upstreams
        upstreams.gate.expected = expected_h1(
            site, (each.project for each in options.projects)
        )
        self.tally = Tally()
        self._options = options
        self._progress = progress
        self._approved: ApprovedPlan | None = None
        self._fetcher = VersionFetcher(
            self.site, upstreams, self.tally, progress, stop=options.stop
        )
        self._reading_fetcher = VersionFetcher(
            self.site, upstreams, self.tally, BytesOnly(progress), stop=options.stop
        )
        self._lister = Lister(self.site, upstreams.proxy, self.tally, progress)
        self.reads_zips = True
        self._configured = site.options
        self._named = bool(options.selectors)
        self.selection = Selection(site.catalog, self.site.options, named=self._named)

    @property
    def follows_plan(self) -> bool:
        """Whether nothing is asked but what an approved plan names."""
        return self._options.plan is not None

    @property
    def tries_at_once(self) -> bool:
        """Whether lists are asked, and failures tried again, before their time."""
        return self._options.refresh or self._options.retry

    def database_module(self) -> DatabaseModule:
        """Return what brings the module that the database of vulnerabilities is in."""
        site = replace(self.site, options=self._configured)
        return DatabaseModule(site, self._lister, self._fetcher.fetch_all)

    def note(self, item: ModuleVersion, kind: str, error: GosyncError | None) -> None:
        """Keep what something of the pass failed with, None where it did not."""
        failures = self.site.catalog.failures
        if error is None:
            failures.clear([item])
            return
        now = self.site.clock.now()
        self.tally.fail(failures.record(item, kind=kind, error=error, now=now))

    async def discover(self) -> None:
        """Learn from index and lists what is offered.

        Raises:
            UsageError: if bundles feed this store.
            StalePlanError: if there is a plan, and something has changed since.
            GosyncError: what the vulnerability database failed with that rules ask
                for, where there is none.
            StoreError: if the store or the catalog cannot be written.
        """
        check_not_carried(self.site)
        learn_withdrawals(self.site)
        if self.site.options.rules.vulnerabilities is not None:
            await bring_database(self)
        check_not_withdrawn(self.site, self._options.selectors)
        if self._options.plan is not None:
            self._approved = approve(
                self._options.plan, self.site, self._options.projects
            )
            return
        self.site.catalog.failures.settle_clock(self.site.clock.now())
        self._clear_unconfigured()
        self.selection.follow()
        if self.upstreams.index is not None and not self._options.selectors:
            follower = IndexFollower(
                self.site, self.upstreams.index, self.tally, self._progress
            )
            await follower.follow(now=self._now())
        await self._lister.refresh(self._due_modules())

    async def select(self) -> None:
        """Bring the catalog's selection up to what was learned.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        if self._approved is None:
            await self._select()
        apply_policy(self.site)

    def rule(self) -> None:
        """Apply the policy to what is selected and here, and note who wants it.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        apply_policy(self.site)
        note_chains(self.site, self._options.projects)

    @property
    def is_outdated(self) -> bool:
        """Whether something else would be selected now: the policy denied a version."""
        if self._named or self._approved is not None:
            return False
        return self._selecting().is_outdated

    async def _select(self) -> None:
        if self._named:
            selecting = self._selecting()
            selecting.commit(await selecting.make_named(Demands()))
            return
        note_needs(self.site, self._options.projects)
        await self._selecting().select(always=self._options.retry)
        self.selection.clear_moot()

    async def foresee(
        self, demands: Demands, look: Callable[[], T], *, read: bool
    ) -> T:
        """Select what was learned, and look at the catalog as it is then.

        It stays so, unless a part is an estimate, or named by a command alone: then it
        is undone after the look.

        Args:
            demands: Where it is recorded who wants what.
            look: What reads the catalog.
            read: Whether zips are fetched whose imports must be read to know it.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        self.reads_zips = read
        selecting = self._selecting()
        if not self._named:
            note_needs(self.site, self._options.projects)
        make = selecting.make_named if self._named else selecting.make
        made = await make(demands)
        is_undone = self._named or demands.is_estimated
        with self.site.catalog.undone() if is_undone else nullcontext():
            if not made.is_current or self._options.retry:
                selecting.commit(made)
            if not self._named:
                self.selection.clear_moot()
            self.rule()
            del made  # what is looked at may be as large
            return look()

    def _clear_unconfigured(self) -> None:
        """Forget what was met at whom nobody is asked any more; it is due at once."""
        failures = self.site.catalog.failures
        failures.clear(
            each.mv
            for each in failures.open()
            if not is_configured(each, self._configured)
        )

    def _selecting(self) -> Selecting:
        source = GoModSource(
            self.site, self._reading_fetcher.fetch_all, retry=self._options.retry
        )
        authors = Authors(self.site, source, self._lister)
        return Selecting(
            self.site,
            projects=self._options.projects,
            authors=authors,
            packages=self._packages_source(authors),
            tally=self.tally,
            progress=self._progress,
        )

    def _packages_source(self, authors: Authors) -> StoredPackages:
        """Return who knows what packages import, as far as zips may be fetched."""
        if not self.reads_zips:
            return StoredPackages(self.site.catalog, self.site.blobs, keep=True)
        fetch = self._reading_fetcher.fetch_all
        return PackageSource(
            self.site, fetch, retry=self._options.retry, learn=authors.learn
        )

    def _due_modules(self) -> list[Module]:
        at_once = self._options.refresh or bool(self._options.selectors)
        due = self.selection.due_modules(
            self._now(),
            interval_seconds=0 if at_once else self.site.options.list_interval_seconds,
        )
        if at_once or not self.site.options.follow_url:
            return due
        return [each for each in due if each.private or each.listed_at is None]

    def _now(self) -> datetime:
        """Return the time that next tries are held against."""
        return ANY_TIME if self._options.retry else self.site.clock.now()

    def due(self) -> Iterator[VersionRow]:
        """Yield what is to be fetched now: nothing that failed in this pass already.

        Nothing more once a stop is asked for.
        """
        now = ANY_TIME if self._options.selectors else self._now()
        approved = self._approved
        for row in self.selection.due_versions(now):
            if self._options.stop.requested:
                return
            if row.mv in self.tally.failed:
                continue
            if approved is None or row.mv in approved.versions:
                yield row

    def missing(self) -> tuple[Failure, ...]:
        """Return the failures of what is selected, as they stand now."""
        return tuple(self.selection.open_failures())

    def completeness(self) -> Completeness:
        """Return how much is here of what the configuration selects."""
        catalog, now = self.site.catalog, self.site.clock.now()
        projects = None if self._named else self._options.projects
        return CompletenessReader(
            catalog, self._configured, now, projects=projects
        ).read()

    def empty_modules(self) -> tuple[EmptyModule, ...]:
        """Return the named modules of which there is nothing."""
        catalog, policy = self.site.catalog, self.site.options.policy
        chooser = Chooser(catalog, policy, now=self.site.clock.now())
        return tuple(find_empty_modules(catalog, policy, chooser))

    def exit_code(self, otherwise: int) -> int:
        """Return how the pass ends.

        Args:
            otherwise: What the completeness says, where no upstream is silent.
        """
        if self._named:
            wrong = self.missing() or any(e.is_missing for e in self.empty_modules())
            otherwise = SOME_MISSING if wrong else 0
        return exit_code(
            self.tally, self.missing(), otherwise=otherwise, heard_since=self._heard
        )

    def _heard(self, since: str) -> bool:
        """Return whether an upstream gave an answer after that time."""
        catalog = self.site.catalog
        return max(catalog.modules.last_listed_at(), catalog.arrivals.last_at()) > since

    async def fetch(self, only: Container[ModuleVersion] | None = None) -> None:
        """Fetch what is due.

        Args:
            only: Nothing but these of it, None for all.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        left = count_versions(self.site.catalog).missing
        planned = planned_bytes(self.site.catalog) if left else None
        self._progress.phase("versions", left, total_bytes=planned)
        if left:
            self._fetcher.expect(left, planned)
            rows = self.due()
            await self._fetcher.fetch_all(
                row for row in rows if only is None or row.mv in only
            )
