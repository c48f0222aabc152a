"""Upgrades: which version ``go get -u`` would take of each required module.

Modules whose upgrades somebody wants are followed like those that a select
names: their lists are asked again, and when one changes the selection is made
anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

import anyio

from gosync.catalog.modules import Module
from gosync.errors import UnavailableError
from gosync.gomod.module import ModuleVersion
from gosync.site.site import Site
from gosync.sync.choosing import Chooser, sooner
from gosync.sync.facts import learn_facts
from gosync.sync.gomods import GoModSource
from gosync.sync.lists import Lister
from gosync.sync.plan import Chosen
from gosync.work.progress import NoProgress

TRACKED_BY = "dependency"


def upgraded(chosen: Chosen) -> str | None:
    """Return the version that an upgrade takes; a notice only warns."""
    return next((each.version for each in chosen.choices if not each.notice), None)


def _begins(path: str, others: Sequence[str]) -> bool:
    return any(other.startswith(f"{path}/") for other in others)


class UpgradeFinder:
    """Answers gosync.gomod.needs.Upgrades, from worker threads.

    Attributes:
        reconsider_at: When a cool-down ends that would change an answer, or None.
        unanswered: Modules whose list was asked for in vain: a later pass may have it.
    """

    def __init__(self, site: Site, source: GoModSource, lister: Lister) -> None:
        self._site = site
        self._source = source
        self._lister = lister
        self.reconsider_at: str | None = None
        self.unanswered: set[str] = set()
        self._found: dict[str, str | None] = {}
        self._lock = anyio.Lock()

    def __call__(self, paths: Sequence[str], /) -> Mapping[str, str]:
        """Return the latest version of each module that has one."""
        return self._answer(paths, is_guessed=False)

    def guess(self, paths: Sequence[str], /) -> Mapping[str, str]:
        """Return the same of paths of which some may be no module's.

        What a private path begins with is no name to ask others about, even where it
        is not private itself.
        """
        is_private = self._site.options.policy.is_private
        private = [path for path in paths if is_private(path)]
        told = [each for each in paths if each in private or not _begins(each, private)]
        return self._answer(told, is_guessed=True)

    def _answer(self, paths: Sequence[str], *, is_guessed: bool) -> Mapping[str, str]:
        if any(path not in self._found for path in paths):
            anyio.from_thread.run(partial(self._find, paths, is_guessed=is_guessed))
        found = ((path, self._found.get(path)) for path in paths)
        return {path: version for path, version in found if version is not None}

    async def _find(self, paths: Sequence[str], *, is_guessed: bool) -> None:
        async with self._lock:  # no list is asked twice for two graphs
            unknown = [path for path in paths if path not in self._found]
            await self._ask(unknown, is_guessed=is_guessed)

    async def _ask(self, paths: list[str], *, is_guessed: bool) -> None:
        catalog, policy = self._site.catalog, self._site.options.policy
        unknown = [path for path in paths if catalog.modules.get(path) is None]
        catalog.modules.track(
            Module(path, private=policy.is_private(path), tracked_by=TRACKED_BY)
            for path in unknown
        )
        modules = filter(None, map(catalog.modules.get, paths))
        due = [module for module in modules if module.listed_at is None]
        # Dependencies are followed meanwhile, and theirs is the progress that is shown.
        await self._lister.refresh(due, is_guessed=is_guessed, progress=NoProgress())
        self.unanswered.update(filter(self._is_silent, (each.path for each in due)))
        await learn_facts(self._site, self._source, self._lister)
        chooser = Chooser(catalog, policy, now=self._site.clock.now())
        for path in paths:
            chosen = chooser.upgrade(path)
            self._found[path] = upgraded(chosen)
            self.reconsider_at = sooner(self.reconsider_at, chosen.reconsider_at)
        if is_guessed:
            none = [path for path in unknown if self._found[path] is None]
            catalog.modules.untrack(none)

    def _is_silent(self, path: str) -> bool:
        """Return whether nobody answered for a module, not even with a refusal."""
        failure = self._site.catalog.failures.get(ModuleVersion(path, ""))
        silence = UnavailableError.exit_code
        return failure is not None and failure.exit_code == silence

    def untrack_unneeded(self, needed: Collection[str]) -> None:
        """Follow no longer what nobody's upgrades were asked of.

        Args:
            needed: What is followed all the same.

        Raises:
            CatalogError: if the catalog cannot be written.
        """
        modules = self._site.catalog.modules.all()
        gone = [
            module.path
            for module in modules
            if module.tracked_by == TRACKED_BY
            and module.path not in self._found
            and module.path not in needed
        ]
        if gone:
            self._site.catalog.modules.untrack(gone)
            self._site.catalog.offers.forget(gone)
