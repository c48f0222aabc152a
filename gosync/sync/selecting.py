"""Making the selection: from the configuration to rows of the catalog.

The selection is made of four parts: what the selects' rules choose of what
upstream offers, toolchains, what projects need, and the dependencies of what was
chosen. It follows from the configuration, the projects' files and the offers
alone; while none of these changed and no cool-down ended it is not made again.

A selection is complete when every go.mod and every zip that it had to read was there
or is definitely nowhere. An incomplete one only adds: nothing is unselected because
an upstream did not answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import anyio
import msgspec

from gosync.catalog.selection_notes import SelectionNote
from gosync.catalog.selections import CONFIGURED, SelectionState
from gosync.catalog.versions import FoundBy
from gosync.clock import format_time
from gosync.errors import GosyncError, NotFoundError
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.site.configured import (
    PROJECT,
    SELECT,
    project_item,
    select_item,
    tool_item,
)
from gosync.site.policy import Tool
from gosync.site.site import Site
from gosync.sync.authors import Authors
from gosync.sync.choosing import Choices, Chooser, Unmatched, sooner
from gosync.sync.demands import AUTHORS, COMMANDS, TOOLCHAINS, Demands, select_name
from gosync.sync.dependencies import Dependencies
from gosync.sync.facts import learn_facts
from gosync.sync.fingerprint import fingerprint_of
from gosync.sync.following import followed_mirror, read_named
from gosync.sync.packages import StoredPackages
from gosync.sync.projects import ConfiguredProject
from gosync.sync.tally import Tally
from gosync.sync.toolchains import toolchain_wants
from gosync.sync.upgrades import UpgradeFinder
from gosync.sync.wanted import WantedSet
from gosync.work.progress import Progress


class MadeSelection(msgspec.Struct, frozen=True):
    """A selection that was made, and is not in the catalog yet.

    Attributes:
        wanted: The versions.
        choices: What the configuration's selects choose, None for a command's own.
        refused: Projects that could not be taken, and why.
        unfound: Tools that could not be taken, and why.
        demands: Who wants what.
        complete: Whether every go.mod and zip was there that it had to read.
        notes: What it could not know.
        is_current: Whether the catalog's was made of the same.
    """

    wanted: WantedSet
    choices: Choices | None
    refused: dict[str, GosyncError]
    unfound: dict[Tool, GosyncError]
    demands: Demands
    complete: bool
    is_current: bool = False
    notes: frozenset[SelectionNote] = frozenset()


class Selecting:
    """Makes one site's selection."""

    def __init__(
        self,
        site: Site,
        *,
        projects: tuple[ConfiguredProject, ...],
        authors: Authors,
        packages: StoredPackages,
        tally: Tally,
        progress: Progress,
    ) -> None:
        self._site = site
        self._projects = projects
        self._source = source = authors.source
        self._packages = packages
        self._lister = lister = authors.lister
        self._upgrades = UpgradeFinder(site, source, lister)
        self._authors = authors
        self._tally = tally
        self._progress = progress

    async def select(self, *, always: bool) -> None:
        """Bring the catalog's selection up to date.

        Args:
            always: Whether to make it even if nothing seems to have changed.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        await learn_facts(self._site, self._source, self._lister)
        if always or not self._is_current(self._fingerprint()):
            self.commit(await self._make(Demands()))

    @property
    def is_outdated(self) -> bool:
        """Whether a whole selection was made of other things than there are now."""
        state = self._site.catalog.selections.get(CONFIGURED)
        made_of = None if state is None or not state.complete else state.fingerprint
        return made_of is not None and made_of != self._fingerprint()

    async def make(self, demands: Demands) -> MadeSelection:
        """Return the selection, which is not in the catalog yet.

        Args:
            demands: Where it is recorded who wants what.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        await learn_facts(self._site, self._source, self._lister)
        return await self._make(demands)

    async def _make(self, demands: Demands) -> MadeSelection:
        chooser = self._chooser(demands=demands)
        choices = await anyio.to_thread.run_sync(chooser.choose_all)
        await self._authors.ask(choices.wanted)
        dependencies = Dependencies(
            self._site,
            self._source,
            self._packages,
            self._upgrades,
            self._progress,
            demands,
        )
        policy = self._site.options.policy
        found = await dependencies.follow(self._projects, choices, policy)
        wanted = choices.wanted
        toolchains = list(toolchain_wants(self._site.options.toolchains))
        for want in toolchains:
            demands.name(TOOLCHAINS, want.mv, want.need)
        wanted.update(toolchains)
        for named in read_named(self._site.options):
            for want in named.wants():
                demands.name(named.who, want.mv, want.need)
                wanted.add(want)
        wanted.update(found.wanted)
        for want in await self._authors.ask(wanted):
            demands.name(AUTHORS, want.mv, want.need)
            wanted.add(want)
        unanswered = (
            self._source.unanswered()
            or self._packages.unanswered()
            or self._upgrades.unanswered
        )
        followed = followed_mirror(self._site.options)
        unknown = followed is not None and not followed.is_known
        complete = not (found.refused or unanswered or unknown)
        return MadeSelection(
            wanted,
            choices,
            found.refused,
            found.unfound,
            demands,
            complete,
            is_current=self._is_current(self._fingerprint()),
            notes=frozenset(found.notes),
        )

    async def make_named(self, demands: Demands) -> MadeSelection:
        """Return what a command named, beside the configuration's selection.

        Args:
            demands: Where it is recorded which of its arguments wants what.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        await learn_facts(self._site, self._source, self._lister)
        choices = self._chooser(FoundBy.COMMAND).choose_all()
        for want in choices.wanted:
            demands.name(COMMANDS, want.mv, want.need)
        said = await self._authors.ask(choices.wanted, found_by=FoundBy.COMMAND)
        choices.wanted.update(said)
        return MadeSelection(choices.wanted, None, {}, {}, demands, complete=False)

    def _chooser(
        self, found_by: FoundBy | None = None, demands: Demands | None = None
    ) -> Chooser:
        site = self._site
        return Chooser(
            site.catalog,
            site.options.policy,
            now=site.clock.now(),
            found_by=found_by,
            demands=demands,
        )

    def _fingerprint(self) -> str:
        site = self._site
        return fingerprint_of(site.options, site.catalog, self._projects)

    def _is_current(self, fingerprint: str) -> bool:
        state = self._site.catalog.selections.get(CONFIGURED)
        if state is None or not state.complete or state.fingerprint != fingerprint:
            return False
        now = format_time(self._site.clock.now())
        return state.reconsider_at is None or now < state.reconsider_at

    def commit(self, made: MadeSelection) -> None:
        """Bring a selection that was made into the catalog.

        Raises:
            StoreError: if the catalog cannot be written.
        """
        catalog, now = self._site.catalog, self._site.clock.now()
        with catalog.transaction():
            change = catalog.selected.select(
                made.wanted, complete=made.complete, now=now
            )
            if made.choices is not None:
                self._note_made(made, made.choices, now)
        self._tally.wanted += change.added + change.widened
        self._tally.unselected += change.dropped

    def _note_made(self, made: MadeSelection, choices: Choices, now: datetime) -> None:
        """Keep what the configuration's selection was made of."""
        self._note_unmatched(choices.unmatched, made.unfound)
        self._note_refused(made.refused)
        self._site.catalog.selection_notes.replace(made.notes)
        if made.complete:
            self._upgrades.untrack_unneeded(self._authors.paths)
        state = SelectionState(
            name=CONFIGURED,
            fingerprint=self._fingerprint(),
            complete=made.complete,
            reconsider_at=sooner(choices.reconsider_at, self._upgrades.reconsider_at),
            computed_at=format_time(now),
        )
        self._site.catalog.selections.put(state)

    def _note_unmatched(
        self, unmatched: Iterable[Unmatched], unfound: Mapping[Tool, GosyncError]
    ) -> None:
        errors: dict[str, GosyncError] = {
            select_item(each.select, each.path): NotFoundError(
                f"{select_name(each.select)} takes no version of {each.path}:"
                " nothing that is offered fits its keys; widen its versions",
                hint=advise(
                    "see {}, or widen its versions", command("list", "--all", each.path)
                ),
            )
            for each in unmatched
        }
        errors |= {tool_item(str(tool)): error for tool, error in unfound.items()}
        self._note(SELECT, errors)

    def _note_refused(self, refused: dict[str, GosyncError]) -> None:
        self._note(PROJECT, {project_item(name): e for name, e in refused.items()})

    def _note(self, kind: str, errors: dict[str, GosyncError]) -> None:
        """Keep these failures of a kind, and forget the kind's others."""
        failures, now = self._site.catalog.failures, self._site.clock.now()
        failures.clear(
            each.mv
            for each in failures.open()
            if each.kind == kind and each.version not in errors
        )
        for item, error in errors.items():
            failure = failures.record(
                ModuleVersion("", item), kind=kind, error=error, now=now
            )
            self._tally.fail(failure)
