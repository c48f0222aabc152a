"""Planning: what a sync would do, asked of upstream and summed up, without doing it.

What the index and the lists say is remembered, and of dependencies the go.mod files
are fetched, because they say what else is needed. Where it takes zips to know what is
imported, those are read that are here, and the others fetched only on demand; else
the plan is an estimate, an upper bound by what go.mod files require.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest
from operator import attrgetter

import msgspec

from gosync.catalog.selected_sizes import SelectedSize
from gosync.catalog.versions import FoundBy, Need
from gosync.clock import format_time
from gosync.errors import UsageError
from gosync.folder.routes import of_module
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.site.policy import IMPLIED, Policy
from gosync.site.policyreport import PolicyReport, read_policy
from gosync.site.site import Site
from gosync.site.treestorage import tree_storage
from gosync.site.upstreams import connect
from gosync.sync.demands import COMMANDS, KEPT, TOOL, Demands, select_name, tool_name
from gosync.sync.engine import Pass, PassOptions
from gosync.sync.explaining import explain
from gosync.sync.knownsizes import known_sizes, size_of
from gosync.sync.planfile import state_of
from gosync.sync.planned import (
    LargeZip,
    PlannedVersion,
    SyncPlan,
    removals,
    split_rows,
)
from gosync.sync.plansums import CountedVersion, PlanSums, group, sum_up
from gosync.sync.sizing import MOST_ASKED, ask_sizes
from gosync.sync.zipsizes import SizeKind, ZipSizes
from gosync.work.progress import Progress

_LARGEST = 20
_SHOWN_SELECTORS = 2


class PlanOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a plan is made.

    Attributes:
        ask_sizes: Whether each zip's size is asked for; None for at most so many
            questions as gosync.sync.sizing says.
        fetch: Whether the zips of dependencies are fetched, to read them.
        explain: The select or project whose part is told apart, "" for none.
    """

    ask_sizes: bool | None = None
    fetch: bool = False
    explain: str = ""


async def make_plan(
    site: Site, wish: PassOptions, options: PlanOptions, progress: Progress
) -> SyncPlan:
    """Return what a sync would do.

    Raises:
        UsageError: if there is no such select or project to explain.
        StoreError: if the store or the catalog cannot be written.
    """
    explained = _explained(site, wish, options.explain)
    async with connect(site) as upstreams:
        this = Pass(site, upstreams, wish, progress)
        await this.discover()
        return await _Planning(this, wish, options, explained, progress).make()


class _Planning:
    """One plan in the making."""

    def __init__(
        self,
        this: Pass,
        wish: PassOptions,
        options: PlanOptions,
        explained: str,
        progress: Progress,
    ) -> None:
        self._pass = this
        self._wish = wish
        self._options = options
        self._demands = Demands(explained)
        self._site = this.site
        self._progress = progress
        self._begun = format_time(this.site.clock.now())

    async def make(self) -> SyncPlan:
        """Make it; where it may fetch, once more with what it fetched."""
        if self._options.fetch:
            demands = Demands()
            await self._pass.foresee(demands, lambda: None, read=True)
            await self._pass.fetch(only=demands.needed)
        plan, selected = await self._pass.foresee(
            self._demands, self._look, read=self._options.fetch
        )
        sizes = known_sizes(self._site.catalog)
        await self._ask(selected, sizes)
        return self._summed(plan, selected, sizes)

    def _look(self) -> tuple[SyncPlan, list[SelectedSize]]:
        """Read what is needed of the catalog, which may be undone afterwards."""
        this, catalog, site = self._pass, self._site.catalog, self._site
        proves = site.options.database is not None
        completeness = this.completeness()
        adds, updates = split_rows(catalog, this.due(), proves=proves)
        unselected = catalog.selected.unselected(site.clock.now())
        policy = read_policy(catalog, site.clock.now())
        plan = SyncPlan(
            state=state_of(site, self._wish.projects),
            adds=adds,
            updates=updates,
            removes=removals(
                (row for row in unselected if row.unselected_at), since=self._begun
            ),
            missing=this.missing(),
            withdrawn=tuple(catalog.withdrawn.selected()),
            policy=policy,
            leaving=tuple(_leaving(site, policy)),
            empty_modules=this.empty_modules()
            if self._wish.selectors
            else completeness.empty_modules,
            estimated=self._demands.is_estimated,
            notes=() if self._wish.selectors else tuple(catalog.selection_notes.all()),
            exit_code=this.exit_code(completeness.exit_code_of_plan),
        )
        return plan, list(catalog.selected_sizes.all())

    async def _ask(self, selected: Sequence[SelectedSize], sizes: ZipSizes) -> None:
        if self._options.ask_sizes is False:
            return
        lacking = [
            each
            for each in selected
            if each.need is Need.ZIP and each.zip_bytes is None
        ]
        most = len(lacking) if self._options.ask_sizes else MOST_ASKED
        await ask_sizes(
            self._pass.upstreams.proxy,
            lacking,
            sizes,
            self._progress,
            most=most,
            workers=self._site.options.concurrency,
        )

    def _summed(
        self, plan: SyncPlan, selected: Sequence[SelectedSize], sizes: ZipSizes
    ) -> SyncPlan:
        """Return the plan with sizes and sums."""
        by_key = {each.mv: each for each in selected}
        for row in plan.fetched():
            self._tell(row, by_key.get(row.mv), sizes)
        return msgspec.structs.replace(
            plan,
            sums=self._sums(selected, sizes),
            largest=self._largest(selected, sizes),
            explained=explain(self._demands, by_key, sizes, self._site.options.policy),
        )

    def _tell(
        self, row: PlannedVersion, selected: SelectedSize | None, sizes: ZipSizes
    ) -> None:
        """Tell of a row that is to be fetched who wants it, and how large it is."""
        mv = row.mv
        need = Need(row.need)
        if selected is not None and need is Need.ZIP:
            size, kind = size_of(selected, sizes)
            row.size = kind.value
            if kind.is_exact:
                row.zip_bytes = size
            elif kind is not SizeKind.UNKNOWN:
                row.estimated_bytes = size
        row.estimated = mv in self._demands.unread
        row.newest = mv in self._demands.newest
        whole, alone = self._demands.of(mv, need)
        row.wanted_by = self._demands.wanters(whole or alone)

    def _sums(self, selected: Iterable[SelectedSize], sizes: ZipSizes) -> PlanSums:
        groups = group(self._counted(selected, sizes))  # gives everyone its bit
        names = {
            self._demands.bit(who): (who, self._what(who))
            for who in list(self._demands.names)
        }
        return sum_up(groups, names)

    def _counted(
        self, selected: Iterable[SelectedSize], sizes: ZipSizes
    ) -> Iterator[CountedVersion]:
        demands, catalog = self._demands, self._site.catalog
        tree = catalog.trees.get(str(self._site.options.tree_path))
        published = -1 if tree is None else tree.published_seq
        for each in selected:
            by_command = each.found_by is FoundBy.COMMAND
            whole, alone = demands.of(
                each.mv, each.need, COMMANDS if by_command else KEPT
            )
            size, kind = size_of(each, sizes)
            yield CountedVersion(
                whole=whole,
                alone=alone,
                bytes=size,
                kind=kind,
                is_here=each.is_here,
                is_new=not each.is_here or each.changed > published,
                is_named=demands.named.get(each.mv, 0),
            )

    def _largest(
        self, selected: Iterable[SelectedSize], sizes: ZipSizes
    ) -> tuple[LargeZip, ...]:
        found = (
            LargeZip(
                each.mv.path, each.mv.version, size, kind.value, is_here=each.is_here
            )
            for each in selected
            for size, kind in (size_of(each, sizes),)
            if size
        )
        largest = nlargest(_LARGEST, found, key=attrgetter("bytes"))
        return tuple(
            msgspec.structs.replace(each, wanted_by=self._wanters(each.mv))
            for each in largest
        )

    def _wanters(self, mv: ModuleVersion) -> tuple[str, ...]:
        return self._demands.wanters(self._demands.of(mv, Need.ZIP)[0])

    def _what(self, who: str) -> str:
        """Return what a select names, for people; the others' names say it."""
        selects = self._site.options.policy.selects
        for number, select in enumerate(selects, start=1):
            if who == select_name(number):
                names = [each.path for each in select.selectors]
                more = len(names) - _SHOWN_SELECTORS
                shown = ", ".join(names[:_SHOWN_SELECTORS])
                return f"{shown} and {more} more" if more > 0 else shown
        bit = self._demands.bit(who)
        named = (mv for mv, bits in self._demands.named.items() if bits & bit)
        return str(next(named, "")) if who.startswith(TOOL) else ""


def _leaving(site: Site, policy: PolicyReport) -> Iterator[str]:
    """Yield what is denied and has its zip in the tree."""
    tree = tree_storage(site.options).reader()
    for each in policy.denied:
        at = of_module(each.path).of_version(each.version)
        if tree.size(at.zip) is not None:
            yield str(each.mv)


def _explained(site: Site, wish: PassOptions, asked: str) -> str:
    """Return the wanter that a person means: "2", "select 2", "./app", "toolchains".

    Raises:
        UsageError: if there is none.
    """
    if not asked:
        return ""
    names = list(wanter_names(site.options.policy, wish))
    for name in (asked, f"select {asked}", f"project {asked}", f"tool {asked}"):
        if name in names:
            return name
    by_module = _select_of(site.options.policy, asked)
    if by_module:
        return by_module
    told = ", ".join(names) or "none"
    raise UsageError(
        f"{asked}: no select or project is called so; there are: {told}",
        hint=advise("{}", command("plan", "--explain", names[0] if names else "1")),
    )


def wanter_names(policy: Policy, wish: PassOptions) -> Iterator[str]:
    """Yield what selects and projects are called."""
    for number, _ in enumerate(policy.selects, start=1):
        yield select_name(number)
    if policy.implied.selectors:
        yield select_name(IMPLIED)
    for each in wish.projects:
        yield f"project {each.name}"
    yield from map(tool_name, policy.tools)


def _select_of(policy: Policy, path: str) -> str:
    """Return the first select that names a module by its path, "" for none."""
    for number, select in enumerate(policy.selects, start=1):
        if any(each.path == path for each in select.selectors):
            return select_name(number)
    return ""
