"""Reasons of a selection: which select or project wants a version, by which path.

Everything is read from the catalog and the store; nobody is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.errors import GosyncError
from gosync.gomod.module import ModuleVersion
from gosync.gomod.needs import (
    ImportSource,
    Needs,
    Reason,
    needs_of_program,
    needs_of_project,
    needs_of_version,
    needs_of_versions,
)
from gosync.site.options import ToolchainSpec
from gosync.site.policy import Policy, Tool
from gosync.sync.choosing import Choices, Chooser
from gosync.sync.demands import select_name, tool_name
from gosync.sync.dependencies import ProjectLoad
from gosync.sync.following import FollowedMirror, Named
from gosync.sync.gomods import StoredGoMods
from gosync.sync.packages import StoredPackages
from gosync.sync.projects import ConfiguredProject
from gosync.sync.toolchains import toolchain_wants
from gosync.sync.tools import ProgramFinder, toolchains_for
from gosync.sync.upgrades import upgraded

# What the kinds of reasons mean.
MEANINGS: Final = {
    "recorded": "a build asked for it, as its record says",
    "followed": "the gosync that is followed has it, and nothing is selected here",
    "chosen": "a select names it, or its rules choose it of what upstream offers",
    "tells of retractions": "its go.mod says that others are retracted or deprecated",
    "main": "a main module's go.mod requires it, or a select names it",
    "requirement": "a go.mod that is read requires it: go chooses versions by it",
    "import": "a package that is imported is looked for in it: go needs its zip",
    "go.sum": "a go.sum has a line of it",
    "unpruned": "it is in the module graph as go 1.16 reads it",
    "upgrade": "go get -u takes it, or what that takes requires it",
}


class ImportStep(msgspec.Struct, frozen=True):
    """An import on the way to a version.

    Attributes:
        package: The package that imports.
        path: What it imports.
        test: Whether one of its tests does.
    """

    package: str
    path: str
    test: bool


class SelectionReason(msgspec.Struct, frozen=True):
    """Reason for a selected version: one of perhaps many.

    Attributes:
        who: "select 2", "project ./app", "toolchains".
        kind: How it came in.
        path: Requirements or imports from where it began to the version, both included;
            empty where it was named itself.
        imports: The imports that led along the path, as far as imports did.
        selects: The numbers of the selects at its beginning.
        root: What they name; None where no select is at the beginning.
        project: The project that is there, "" for none.
        tool: The tool that is there, None for none.
    """

    who: str
    kind: str
    path: tuple[ModuleVersion, ...] = ()
    imports: tuple[ImportStep, ...] = ()
    selects: tuple[int, ...] = ()
    root: ModuleVersion | None = None
    project: str = ""
    tool: Tool | None = None


class Reasons:
    """Finds why versions are selected."""

    def __init__(
        self,
        chooser: Chooser,
        gomods: StoredGoMods,
        packages: StoredPackages,
        projects: Sequence[ConfiguredProject],
        toolchains: ToolchainSpec,
        policy: Policy,
        named: Sequence[Named] = (),
    ) -> None:
        self._chooser = chooser
        self._gomods = gomods
        self._policy = policy
        self._imports = ImportSource(packages.load, newest=self._upgrades)
        self._finder = ProgramFinder(
            gomods.load, packages.load, self._upgrades, is_estimate=False
        )
        self._projects = projects
        self._toolchains = toolchains
        self._named = named

    def of(self, mv: ModuleVersion) -> Iterator[SelectionReason]:
        """Yield every reason why a version is selected, the shortest first."""
        for choice in self._chooser.choose_of(mv.path).choices:
            if choice.version == mv.version:
                kind = "tells of retractions" if choice.notice else "chosen"
                for number in choice.rules:
                    who = select_name(number)
                    yield SelectionReason(who, kind, selects=(number,), root=mv)
        wants = toolchain_wants(self._toolchains)
        if any(want.mv == mv for want in wants):
            yield SelectionReason("toolchains", "named")
        for project in self._projects:
            who = f"project {project.name}"
            for found in _reasons(who, self._of(project), mv, project):
                yield replace(found, project=project.name)
        for named in self._named:
            if any(want.mv == mv for want in named.wants()):
                yield _named_reason(named)
        choices = self._chooser.choose_all()
        yield from self._of_selects(choices, mv)
        yield from self._of_together(choices, mv)
        for tool in self._policy.tools:
            yield from self._of_tool(tool, mv)

    def _of(self, configured: ConfiguredProject) -> Needs:
        return needs_of_project(
            configured.project.mains,
            [each.sums for each in configured.project.sums],
            ProjectLoad(configured.project, self._gomods),
            deps=configured.deps,
            upgrades=self._upgrades,
        )

    def _of_selects(
        self, choices: Choices, mv: ModuleVersion
    ) -> Iterator[SelectionReason]:
        for root, deps in choices.with_deps:
            if root == mv:
                continue  # it names itself
            needs = needs_of_version(
                root,
                self._gomods.load,
                deps=deps,
                upgrades=self._upgrades,
                imports=self._imports,
            )
            for found in _reasons(f"dependencies of {root}", needs, mv):
                yield replace(found, selects=self._selects_of(root), root=root)

    def _of_together(
        self, choices: Choices, mv: ModuleVersion
    ) -> Iterator[SelectionReason]:
        for number, versions in choices.together.items():
            if mv in versions or len(versions) == 1:
                continue  # it names itself
            needs = needs_of_versions(
                versions,
                self._gomods.load,
                deps=self._policy.select(number).deps,
                upgrades=self._upgrades,
                imports=self._imports,
            )
            who = f"dependencies of {select_name(number)}, all together"
            for found in _reasons(who, needs, mv):
                root = next(iter(found.path), None)
                yield replace(found, selects=(number,), root=root)

    def _of_tool(self, tool: Tool, mv: ModuleVersion) -> Iterator[SelectionReason]:
        try:
            program = self._finder.find(tool)
        except GosyncError:
            return  # nothing is carried of it
        who = tool_name(tool)
        needs = needs_of_program(
            program.mv, program.folder, self._gomods.load, imports=self._imports
        )
        for found in _reasons(who, needs, mv):
            yield replace(found, tool=tool)
        toolchain = toolchains_for(needs, self._toolchains)
        asked = toolchain_wants(toolchain) if toolchain and toolchain.platforms else ()
        if any(want.mv == mv for want in asked):
            yield SelectionReason(who, f"needs go {needs.go}", tool=tool)

    def _selects_of(self, root: ModuleVersion) -> tuple[int, ...]:
        """Return the selects whose choice brings its dependencies along."""
        chosen = self._chooser.choose_of(root.path).choices
        rules = {
            n for each in chosen if each.version == root.version for n in each.rules
        }
        return tuple(sorted(self._chooser.with_deps(rules)))

    def _upgrades(self, paths: Sequence[str], /) -> Mapping[str, str]:
        found = ((path, upgraded(self._chooser.upgrade(path))) for path in paths)
        return {path: version for path, version in found if version is not None}


def _named_reason(named: Named) -> SelectionReason:
    if isinstance(named, FollowedMirror):
        return SelectionReason(named.who, "followed")
    return SelectionReason(named.who, "recorded", project=named.name)


def _reasons(
    who: str,
    needs: Needs,
    mv: ModuleVersion,
    configured: ConfiguredProject | None = None,
) -> Iterator[SelectionReason]:
    if mv not in needs.mods and mv not in needs.zips:
        return
    reason: Reason = needs.why(mv)
    kind: str = reason.kind
    if configured is not None and reason.sums is not None:
        kind = f"a line of {configured.project.sums[reason.sums].file}"
    imports = tuple(
        ImportStep(each.package, each.path, each.tested == each.importer)
        for each in reason.imports
    )
    yield SelectionReason(who, kind, reason.path, imports)
