"""What authors say of versions that are selected, asked where a rule looks at it.

Retractions and deprecations stand in the go.mod of a module's newest version. Of
modules whose lists are followed it is known; others, named by exact versions or needed
by them, are followed while they are selected and `policy.retracted` or `deprecated`
asks for it, and for nothing else. That go.mod is selected, so that it stays and crosses
with bundles. Where nobody answers, what is known holds; a module that no list and no
``@latest`` knows has no author who could say anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import anyio

from gosync.catalog.modules import Module
from gosync.catalog.versions import FoundBy, Need, Want
from gosync.site.site import Site
from gosync.sync.facts import learn_facts
from gosync.sync.gomods import GoModSource
from gosync.sync.keptfacts import facts_of
from gosync.sync.lists import Lister
from gosync.sync.toolchains import TOOLCHAIN_PATH
from gosync.sync.upgrades import TRACKED_BY
from gosync.work.progress import NoProgress


class Authors:
    """Asks what authors say, of one selection in the making.

    Attributes:
        paths: The modules of which it was asked.
        source: Brings go.mod files.
        lister: Asks lists.
    """

    def __init__(self, site: Site, source: GoModSource, lister: Lister) -> None:
        self._site = site
        self.source = source
        self.lister = lister
        self.paths: set[str] = set()
        self._lock = anyio.Lock()

    async def learn(self, paths: Collection[str]) -> None:
        """Ask what authors say of modules, where a rule looks at it.

        Raises:
            StoreError: if the store or the catalog cannot be read or written.
        """
        if not self._site.options.rules.asks_authors:
            return
        async with self._lock:  # no list is asked twice for two graphs
            new = set(paths) - self.paths - {TOOLCHAIN_PATH}
            if new:
                self.paths |= new
                await self._follow(new)
                await learn_facts(self._site, self.source, self.lister)

    async def ask(
        self, wanted: Iterable[Want], *, found_by: FoundBy = FoundBy.DEPENDENCY
    ) -> tuple[Want, ...]:
        """Return the go.mod files that say something, where a rule looks at it.

        Args:
            wanted: What is selected.
            found_by: What selects these go.mod files.

        Raises:
            StoreError: if the store or the catalog cannot be read or written.
        """
        if not self._site.options.rules.asks_authors:
            return ()
        asked = self._site.catalog.selected.asked_paths()
        await self.learn({*asked, *(e.path for e in wanted if e.need is Need.ZIP)})
        return tuple(self._go_mods(found_by))

    async def _follow(self, paths: Collection[str]) -> None:
        """Ask the lists of those that nobody follows."""
        catalog, is_private = self._site.catalog, self._site.options.policy.is_private
        unknown = [e for e in sorted(paths) if catalog.modules.get(e) is None]
        modules = [
            Module(each, private=is_private(each), tracked_by=TRACKED_BY)
            for each in unknown
        ]
        catalog.modules.track(modules)
        await self.lister.refresh(modules, is_guessed=True, progress=NoProgress())
        silent = {each.path for each in catalog.failures.open() if not each.version}
        nowhere = [e for e in unknown if e not in silent and not catalog.offers.of(e)]
        catalog.modules.untrack(nowhere)

    def _go_mods(self, found_by: FoundBy) -> Iterator[Want]:
        modules = self._site.catalog.modules
        for path in sorted(self.paths):
            module = modules.get(path)
            if module is not None and (top := facts_of(module).top):
                yield Want(path, top, Need.MOD, found_by)
