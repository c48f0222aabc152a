"""Dependencies: what projects and selects need besides the versions that they name.

Which files ``go`` would ask for is decided by gosync.gomod.needs, in worker
threads; the go.mod files that it reads, and the zips whose imports it follows, come
through the gate, wave by wave. A project whose go.sum contradicts the checksum
database is refused as a whole, before any zip of it is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from anyio import CapacityLimiter, to_thread

from gosync.catalog.versions import FoundBy, Need, Want
from gosync.errors import GosyncError, StoreError
from gosync.gomod.deps import Deps
from gosync.gomod.modfile import GoMod
from gosync.gomod.module import ModuleVersion
from gosync.gomod.needs import (
    ImportSource,
    Needs,
    needs_of_project,
    needs_of_version,
)
from gosync.project import Project
from gosync.site.site import Site
from gosync.sync.demands import Demands, project_name, select_name
from gosync.sync.gomods import GoModSource, StoredGoMods
from gosync.sync.packages import StoredPackages
from gosync.sync.projects import ConfiguredProject
from gosync.sync.sumcheck import check_sums
from gosync.sync.upgrades import UpgradeFinder
from gosync.sync.wanted import WantedSet
from gosync.work.pool import for_each
from gosync.work.progress import Progress


class Found(msgspec.Struct):
    """What was found to be needed.

    Attributes:
        wanted: The versions.
        refused: Projects that could not be taken, and why.
        demands: Who needs them.
    """

    wanted: WantedSet = msgspec.field(default_factory=WantedSet)
    refused: dict[str, GosyncError] = msgspec.field(default_factory=dict)
    demands: Demands = msgspec.field(default_factory=Demands)


class Dependencies:
    """Follows requirements, fetching go.mod files as it goes."""

    def __init__(
        self,
        site: Site,
        source: GoModSource,
        packages: StoredPackages,
        upgrades: UpgradeFinder,
        progress: Progress,
        demands: Demands,
    ) -> None:
        self._site = site
        self._source = source
        self._packages = packages
        self._imports = ImportSource(packages.load, packages.prefetch, upgrades.guess)
        self._upgrades = upgrades
        self._progress = progress
        self._found = Found(demands=demands)
        self._selects: Mapping[ModuleVersion, tuple[int, ...]] = {}
        # Who reads a graph waits for the gate, which needs threads of its own.
        self._readers = CapacityLimiter(site.options.concurrency)

    async def follow(
        self,
        projects: Iterable[ConfiguredProject],
        versions: Iterable[tuple[ModuleVersion, Deps]],
        selects: Mapping[ModuleVersion, tuple[int, ...]],
    ) -> Found:
        """Return what these projects and module versions need.

        Args:
            projects: The projects.
            versions: The versions, and which dependencies of each come along.
            selects: The selects that want these for it.

        Raises:
            StoreError: if the store or the catalog cannot be read or written.
        """
        configured, selected = list(projects), list(versions)
        self._selects = selects
        self._progress.phase("dependencies", len(configured) + len(selected))
        for each in configured:
            await self._follow_project(each)
            self._progress.advance()
        workers = self._site.options.concurrency
        try:
            await for_each(selected, self._follow_version, workers=workers)
        finally:
            self._packages.flush()
        return self._found

    async def _follow_project(self, configured: ConfiguredProject) -> None:
        project = configured.project
        named = {line.mv for line in project.sum_lines()}
        await self._source.bring(sorted(named))
        try:
            check_sums(self._site, project)
        except StoreError:
            raise
        except GosyncError as exc:
            self._found.refused[configured.name] = exc
            return
        needs = await to_thread.run_sync(
            self._needs_of_project, configured, limiter=self._readers
        )
        self._found.wanted.update(wants_of(needs, FoundBy.PROJECT))
        self._found.demands.add([project_name(configured.name)], needs)

    def _needs_of_project(self, configured: ConfiguredProject) -> Needs:
        return needs_of_project(
            configured.project.mains,
            [each.sums for each in configured.project.sums],
            ProjectLoad(configured.project, self._source),
            deps=configured.deps,
            prefetch=self._source.prefetch,
            upgrades=self._upgrades,
        )

    async def _follow_version(self, selected: tuple[ModuleVersion, Deps]) -> None:
        mv, deps = selected
        needs = await to_thread.run_sync(
            self._needs_of_version, mv, deps, limiter=self._readers
        )
        self._found.wanted.update(wants_of(needs, FoundBy.DEPENDENCY))
        who = map(select_name, self._selects.get(mv, ()))
        self._found.demands.add(who, needs, mv)
        self._progress.advance()

    def _needs_of_version(self, mv: ModuleVersion, deps: Deps) -> Needs:
        return needs_of_version(
            mv,
            self._source.load,
            deps=deps,
            prefetch=self._source.prefetch,
            upgrades=self._upgrades,
            imports=self._imports,
        )


class ProjectLoad:
    """go.mod files for a project's graph: its own folders, then the store."""

    def __init__(self, project: Project, source: StoredGoMods) -> None:
        self._project = project
        self._source = source

    def __call__(self, module: ModuleVersion, /) -> GoMod | None:
        """Return the go.mod of a module version, or of a folder (no version)."""
        if module.version:
            return self._source.load(module)
        return self._project.folder_gomod(module.path)


def wants_of(needs: Needs, found_by: FoundBy) -> Iterator[Want]:
    """Yield what is needed, as wanted versions.

    What has no go.mod to be had is wanted, too: it is missing.
    """
    for mv in needs.zips:
        yield Want(mv.path, mv.version, Need.ZIP, found_by)
    for mv in (needs.mods | needs.problems.keys()) - needs.zips:
        if mv.version:
            yield Want(mv.path, mv.version, Need.MOD, found_by)
