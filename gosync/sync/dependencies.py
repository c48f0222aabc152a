"""Dependencies: what projects and selects need besides the versions that they name.

Which files ``go`` would ask for is decided by gosync.gomod.needs, in worker
threads; the go.mod files that it reads, and the zips whose imports it follows, come
through the gate, wave by wave. A project whose go.sum contradicts the checksum
database is refused as a whole, before any zip of it is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import anyio
import msgspec

from gosync.catalog.selection_notes import NoteKind, SelectionNote
from gosync.catalog.versions import FoundBy, Need, Want
from gosync.errors import GosyncError, StoreError
from gosync.gomod.deps import Deps
from gosync.gomod.modfile import GoMod
from gosync.gomod.module import ModuleVersion
from gosync.gomod.needs import (
    ImportSource,
    Needs,
    needs_of_program,
    needs_of_project,
    needs_of_versions,
)
from gosync.project import Project
from gosync.site.policy import Policy, Tool
from gosync.site.site import Site
from gosync.sync.choosing import Choices
from gosync.sync.demands import Demands, project_name, select_name, tool_name
from gosync.sync.gomods import GoModSource, StoredGoMods
from gosync.sync.notes import notes_of
from gosync.sync.packages import StoredPackages
from gosync.sync.projects import ConfiguredProject
from gosync.sync.sumcheck import check_sums
from gosync.sync.toolchains import toolchain_wants
from gosync.sync.tools import Program, ProgramFinder, toolchains_for
from gosync.sync.upgrades import UpgradeFinder
from gosync.sync.wanted import WantedSet
from gosync.work.pool import for_each
from gosync.work.progress import Progress


class Found(msgspec.Struct):
    """What was found to be needed.

    Attributes:
        wanted: The versions.
        refused: Projects that could not be taken, and why.
        unfound: Tools that nothing is carried of, and why.
        demands: Who needs them.
        notes: What could not be known.
    """

    wanted: WantedSet = msgspec.field(default_factory=WantedSet)
    refused: dict[str, GosyncError] = msgspec.field(default_factory=dict)
    unfound: dict[Tool, GosyncError] = msgspec.field(default_factory=dict)
    demands: Demands = msgspec.field(default_factory=Demands)
    notes: set[SelectionNote] = msgspec.field(default_factory=set)


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
        self._imports = ImportSource(
            packages.load,
            packages.prefetch,
            upgrades.guess,
            is_estimate=packages.is_estimate,
        )
        self._finder = ProgramFinder(
            self._load,
            packages.load,
            upgrades.guess,
            is_estimate=packages.is_estimate,
        )
        self._upgrades = upgrades
        self._progress = progress
        self._found = Found(demands=demands)
        # Who reads a graph waits for the gate, which needs threads of its own.
        self._readers = anyio.CapacityLimiter(site.options.concurrency)

    async def follow(
        self, projects: Iterable[ConfiguredProject], choices: Choices, policy: Policy
    ) -> Found:
        """Return what is needed besides what is chosen.

        Args:
            projects: The projects.
            choices: The versions whose dependencies come along.
            policy: Says which of these are taken together, and names tools.

        Raises:
            StoreError: if the store or the catalog cannot be read or written.
        """
        configured, roots = list(projects), list(_roots(choices, policy))
        jobs = len(configured) + len(roots) + len(policy.tools)
        self._progress.phase("dependencies", jobs)
        for each in configured:
            await self._follow_project(each)
            self._progress.advance()
        workers = self._site.options.concurrency
        try:
            await for_each(roots, self._follow_root, workers=workers)
            await for_each(policy.tools, self._follow_tool, workers=workers)
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
        needs = await anyio.to_thread.run_sync(
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

    async def _follow_root(self, root: _Root) -> None:
        needs = await anyio.to_thread.run_sync(
            self._needs_of_root, root, limiter=self._readers
        )
        self._found.wanted.update(wants_of(needs, FoundBy.DEPENDENCY))
        one = root.versions[0] if len(root.versions) == 1 else None
        self._found.demands.add(root.who, needs, one)
        for who in root.who:
            self._note(who, needs, one)
        self._progress.advance()

    def _needs_of_root(self, root: _Root) -> Needs:
        return needs_of_versions(
            root.versions,
            self._source.load,
            deps=root.deps,
            prefetch=self._source.prefetch,
            upgrades=self._upgrades,
            imports=self._imports,
        )

    async def _follow_tool(self, tool: Tool) -> None:
        try:
            program, needs = await anyio.to_thread.run_sync(
                self._needs_of_tool, tool, limiter=self._readers
            )
        except StoreError:
            raise
        except GosyncError as exc:
            self._found.unfound[tool] = exc
        else:
            self._take_tool(tool, program, needs)
        self._progress.advance()

    def _take_tool(self, tool: Tool, program: Program, needs: Needs) -> None:
        found, who = self._found, tool_name(tool)
        found.demands.name(who, program.mv, Need.ZIP)
        found.demands.add([who], needs, program.mv)
        mv = program.mv
        found.wanted.add(Want(mv.path, mv.version, Need.ZIP, FoundBy.CONFIG))
        found.wanted.update(wants_of(needs, FoundBy.DEPENDENCY))
        self._note(who, needs, mv)
        toolchain = toolchains_for(needs, self._site.options.toolchains)
        if toolchain is None:
            return
        if not toolchain.platforms:
            found.notes.add(SelectionNote(NoteKind.TOOLCHAIN, who, str(mv), needs.go))
            return
        for want in toolchain_wants(toolchain):
            found.demands.name(who, want.mv, want.need)
            found.wanted.add(want)

    def _note(self, who: str, needs: Needs, root: ModuleVersion | None) -> None:
        gomod = None if root is None else self._source.load(root)
        unread, damaged = self._packages.unread, self._source.damaged
        self._found.notes.update(notes_of(who, needs, root, gomod, unread, damaged))

    def _needs_of_tool(self, tool: Tool) -> tuple[Program, Needs]:
        program = self._finder.find(tool)
        needs = needs_of_program(
            program.mv,
            program.folder,
            self._source.load,
            prefetch=self._source.prefetch,
            imports=self._imports,
        )
        return program, needs

    def _load(self, module: ModuleVersion, /) -> GoMod | None:
        self._source.prefetch([module])
        return self._source.load(module)


class _Root(msgspec.Struct, frozen=True):
    """Versions that a consumer requires: one, or several at once."""

    versions: tuple[ModuleVersion, ...]
    deps: Deps
    who: tuple[str, ...]


def _roots(choices: Choices, policy: Policy) -> Iterator[_Root]:
    for mv, deps in choices.with_deps:
        yield _Root((mv,), deps, tuple(map(select_name, choices.selects.get(mv, ()))))
    for number, versions in choices.together.items():
        select = policy.select(number)
        if len(versions) == 1:
            continue
        yield _Root(tuple(versions), select.deps, (select_name(number),))


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
