"""Making the selection: from the configuration to rows of the catalog.

The selection is made of four parts: what the selects' rules choose of what
upstream offers, toolchains, what projects need, and the dependencies of what was
chosen. It follows from the configuration, the projects' files and the offers
alone; while none of these changed and no cool-down ended it is not made again.

A selection is complete when every go.mod that it had to read was there or is
definitely nowhere. An incomplete one only adds: nothing is unselected because
an upstream did not answer.
"""

from __future__ import annotations

from collections.abc import Iterable

from anyio import to_thread

from gosync.catalog.selections import CONFIGURED, SelectionState
from gosync.catalog.versions import FoundBy
from gosync.clock import format_time
from gosync.errors import GosyncError, NotFoundError
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.site.configured import PROJECT, SELECT, project_item, select_item
from gosync.site.site import Site
from gosync.sync.choosing import Choices, Chooser, Unmatched, sooner
from gosync.sync.dependencies import ConfiguredProject, Dependencies
from gosync.sync.facts import learn_facts
from gosync.sync.fingerprint import fingerprint_of
from gosync.sync.gomods import GoModSource
from gosync.sync.lists import Lister
from gosync.sync.tally import Tally
from gosync.sync.toolchains import toolchain_wants
from gosync.sync.upgrades import UpgradeFinder
from gosync.sync.wanted import WantedSet
from gosync.work.progress import Progress


class Selecting:
    """Makes one site's selection."""

    def __init__(
        self,
        site: Site,
        *,
        projects: tuple[ConfiguredProject, ...],
        source: GoModSource,
        lister: Lister,
        tally: Tally,
        progress: Progress,
    ) -> None:
        self._site = site
        self._projects = projects
        self._source = source
        self._lister = lister
        self._upgrades = UpgradeFinder(site, source, lister)
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
        fingerprint = self._fingerprint()
        if not always and self._is_current(fingerprint):
            return
        choices = await to_thread.run_sync(self._chooser().choose_all)
        dependencies = Dependencies(
            self._site, self._source, self._upgrades, self._progress
        )
        found = await dependencies.follow(self._projects, choices.with_deps)
        wanted = choices.wanted
        wanted.update(toolchain_wants(self._site.options.toolchains))
        wanted.update(found.wanted)
        complete = not found.refused and not self._source.unanswered()
        self._commit(wanted, choices, found.refused, complete=complete)

    async def select_named(self) -> None:
        """Want what a command named, beside the configuration's selection.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        await learn_facts(self._site, self._source, self._lister)
        choices = self._chooser(FoundBy.COMMAND).choose_all()
        catalog, now = self._site.catalog, self._site.clock.now()
        change = catalog.selected.select(choices.wanted, complete=False, now=now)
        self._tally.wanted += change.added + change.widened

    def _chooser(self, found_by: FoundBy | None = None) -> Chooser:
        site = self._site
        now = site.clock.now()
        return Chooser(site.catalog, site.options.policy, now=now, found_by=found_by)

    def _fingerprint(self) -> str:
        site = self._site
        return fingerprint_of(site.options, site.catalog, self._projects)

    def _is_current(self, fingerprint: str) -> bool:
        state = self._site.catalog.selections.get(CONFIGURED)
        if state is None or not state.complete or state.fingerprint != fingerprint:
            return False
        now = format_time(self._site.clock.now())
        return state.reconsider_at is None or now < state.reconsider_at

    def _commit(
        self,
        wanted: WantedSet,
        choices: Choices,
        refused: dict[str, GosyncError],
        *,
        complete: bool,
    ) -> None:
        catalog, now = self._site.catalog, self._site.clock.now()
        with catalog.transaction():
            self._note_unmatched(choices.unmatched)
            self._note_refused(refused)
            change = catalog.selected.select(wanted, complete=complete, now=now)
            if complete:
                self._upgrades.untrack_unneeded()
            catalog.selections.put(
                SelectionState(
                    name=CONFIGURED,
                    fingerprint=self._fingerprint(),
                    complete=complete,
                    reconsider_at=sooner(
                        choices.reconsider_at, self._upgrades.reconsider_at
                    ),
                    computed_at=format_time(now),
                )
            )
        self._tally.wanted += change.added + change.widened
        self._tally.unselected += change.dropped

    def _note_unmatched(self, unmatched: Iterable[Unmatched]) -> None:
        errors: dict[str, GosyncError] = {
            select_item(each.select, each.path): NotFoundError(
                f"select {each.select} takes no version of {each.path}:"
                " nothing that is offered fits its keys; widen its versions",
                hint=advise(
                    "see {}, or widen its versions", command("list", "--all", each.path)
                ),
            )
            for each in unmatched
        }
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
