"""Reading the go.mod files that a module graph is made of, and no others.

A go.mod with ``go 1.17`` or higher names every module that it takes to build its
packages, so what those require in turn is left out: it is pruned
(https://go.dev/ref/mod#graph-pruning). From the roots on,

- below a pruned main module, the go.mod of each root is read, and all the way
  down below those roots that are at ``go 1.16`` or lower;
- below an unpruned main module, and below what is unpruned itself, every go.mod
  is read;
- in a workspace every module in it counts as such a main module. As their
  versions may be higher than each module alone asks for, what is selected of
  their dependencies is read again where it is higher, until nothing changes.

At ``go 1.21`` and higher a go.mod also requires that version of ``go``, which
in turn requires the ``toolchain`` of that name.

The files are asked for in waves: all of one wave are known before the first is
needed, so that whoever has to fetch them can do so at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from gosync.gomod import gover
from gosync.gomod.mains import Mains, Pruning, Requirements, pruning_of
from gosync.gomod.modfile import GoMod
from gosync.gomod.modgraph import NONE, ModuleGraph
from gosync.gomod.module import ModuleVersion


class Load(Protocol):
    """Where go.mod files come from."""

    def __call__(self, module: ModuleVersion, /) -> GoMod | None:
        """Return the go.mod of a module version, or of a folder (no version).

        Replacements have been applied. Asked once for each. None means that there
        is none to be had: the graph goes on without and has a problem. Whatever it
        raises ends the resolution.
        """
        ...


class Prefetch(Protocol):
    """Who wants to know early which go.mod files will be loaded."""

    def __call__(self, modules: Sequence[ModuleVersion], /) -> None:
        """Get ready for these, each of which will be loaded next."""
        ...


class Upgrades(Protocol):
    """Who knows the newest version of a module."""

    def __call__(self, paths: Sequence[str], /) -> Mapping[str, str]:
        """Return what ``latest`` means of each module, by Go's rule.

        Those it knows nothing of are left out. Asked in waves, at most once for
        each module by each main module.
        """
        ...


class _Summary(msgspec.Struct, frozen=True):
    """What the graph needs of a go.mod."""

    pruning: Pruning
    require: tuple[ModuleVersion, ...] = ()


class GraphReader:
    """Reads the graphs of some main modules; knows what it has read.

    Attributes:
        mains: The main modules.
        problems: Why there is nothing below some module versions.
    """

    def __init__(self, mains: Mains, load: Load, prefetch: Prefetch | None) -> None:
        self.mains = mains
        self.problems: dict[ModuleVersion, str] = {}
        self._load = load
        self._prefetch = prefetch
        self._gomods: dict[ModuleVersion, GoMod | None] = {}
        self._summaries: dict[ModuleVersion, _Summary | None] = {}
        self._modules: dict[tuple[str, str], ModuleVersion] = {}

    @property
    def read(self) -> frozenset[ModuleVersion]:
        """Whose go.mod was loaded, replacements applied."""
        return frozenset(self._gomods)

    def graph(self, requirements: Requirements) -> ModuleGraph:
        """Read the graph that grows from these requirements."""
        if requirements.pruning is Pruning.WORKSPACE:
            graph = ModuleGraph(requirements.roots)
        else:
            graph = ModuleGraph(self.mains.versions)
            graph.require(graph.roots[0], requirements.roots)
        walk = _Walk(self, graph)
        walk.follow(requirements.roots, requirements.pruning)
        if requirements.pruning is Pruning.WORKSPACE:
            walk.follow_upgrades()
        return graph

    def require(self, module: ModuleVersion) -> tuple[ModuleVersion, ...]:
        """Return what a module version requires; nothing if that is a problem."""
        summary = self.summary(module)
        return summary.require if summary else ()

    def summary(self, module: ModuleVersion) -> _Summary | None:
        """Return what a go.mod says, or None if that is a problem."""
        if module not in self._summaries:
            self._summaries[module] = self._summarize(module)
        return self._summaries[module]

    def get_ready(self, modules: Sequence[ModuleVersion]) -> None:
        """Announce what will be asked for next."""
        if self._prefetch is None:
            return
        wanted = {
            self.mains.actual(module): None
            for module in modules
            if module not in self._summaries and not self._is_known(module)
        }
        unread = [each for each in wanted if each not in self._gomods]
        if unread:
            self._prefetch(unread)

    def _is_known(self, module: ModuleVersion) -> bool:
        """Tell whether a go.mod need not be loaded."""
        return gover.is_toolchain(module.path) or (
            not module.version and module.path in self.mains
        )

    def _summarize(self, module: ModuleVersion) -> _Summary | None:
        if gover.is_toolchain(module.path):
            return _Summary(Pruning.PRUNED, _toolchain_of(module))
        if self._is_known(module):
            gomod = self.mains.gomod(module.path)
        else:
            loaded = self._load_actual(module)
            if loaded is None:
                return None
            gomod = loaded
        return _Summary(pruning_of(gomod.go), self._required_by(gomod))

    def _load_actual(self, module: ModuleVersion) -> GoMod | None:
        actual = self.mains.actual(module)
        if actual not in self._gomods:
            self._gomods[actual] = self._load(actual)
        gomod = self._gomods[actual]
        problem = _problem(gomod, module, actual)
        if problem:
            self.problems[module] = problem
            return None
        return gomod

    def _required_by(self, gomod: GoMod) -> tuple[ModuleVersion, ...]:
        required = [
            module
            for each in gomod.require
            if not self.mains.excludes(module := self._module(each.path, each.version))
        ]
        if gomod.go and gover.compare(gomod.go, gover.STRICT) >= 0:
            required.append(self._module(gover.GO, gomod.go))
        return tuple(required)

    def _module(self, path: str, version: str) -> ModuleVersion:
        """Return one object for all that are equal; these are compared quickly."""
        module = self._modules.get((path, version))
        if module is None:
            module = self._modules[path, version] = ModuleVersion(path, version)
        return module


class _Walk:
    """One walk over a graph."""

    def __init__(self, reader: GraphReader, graph: ModuleGraph) -> None:
        self._reader = reader
        self._graph = graph
        self._seen: dict[Pruning, set[ModuleVersion]] = {
            pruning: set() for pruning in Pruning
        }

    def follow(self, modules: Sequence[ModuleVersion], pruning: Pruning) -> None:
        """Add what these modules require, as far as the pruning lets it."""
        wave = [
            (module, pruning) for module in modules if self._is_new(module, pruning)
        ]
        while wave:
            self._reader.get_ready([module for module, _ in wave])
            wave = [
                (required, below)
                for module, above in wave
                for required, below in self._follow_one(module, above)
                if self._is_new(required, below)
            ]

    def _follow_one(
        self, module: ModuleVersion, pruning: Pruning
    ) -> list[tuple[ModuleVersion, Pruning]]:
        summary = self._reader.summary(module)
        if summary is None:
            return []
        if self._graph.requirements(module) is None:
            self._graph.require(module, summary.require)
        if pruning is summary.pruning is Pruning.PRUNED:
            return []
        below = Pruning.UNPRUNED if pruning is Pruning.UNPRUNED else summary.pruning
        return [(required, below) for required in summary.require]

    def _is_new(self, module: ModuleVersion, pruning: Pruning) -> bool:
        seen = self._seen[pruning]
        if module.version == NONE or module in seen:
            return False
        seen.add(module)
        return True

    def follow_upgrades(self) -> None:
        """Read what is selected of the workspace's dependencies, if it is higher."""
        paths = {root.path for root in self._graph.roots}
        done: set[ModuleVersion] = set()
        while wanted := self._upgrades(paths, done) - done:
            self.follow(sorted(wanted), Pruning.WORKSPACE)
            done |= wanted
            paths |= {module.path for module in wanted}

    def _upgrades(
        self, paths: set[str], done: set[ModuleVersion]
    ) -> set[ModuleVersion]:
        """Return what is selected of these modules and, upgraded, right below."""
        found = {self._selected(path) for path in paths}
        for module in found & done:
            for required in self._graph.requirements(module) or ():
                selected = self._selected(required.path)
                if _is_upgrade(required, selected):
                    found.add(selected)
        return found

    def _selected(self, path: str) -> ModuleVersion:
        version = self._graph.selected(path)
        return ModuleVersion(path, NONE if version is None else version)


def _is_upgrade(module: ModuleVersion, selected: ModuleVersion) -> bool:
    return gover.compare_of(module.path, selected.version, module.version) > 0


def _toolchain_of(module: ModuleVersion) -> tuple[ModuleVersion, ...]:
    if module.path != gover.GO or gover.compare(module.version, gover.STRICT) < 0:
        return ()
    return (ModuleVersion(gover.TOOLCHAIN, f"go{module.version}"),)


def _problem(
    gomod: GoMod | None, module: ModuleVersion, actual: ModuleVersion
) -> str | None:
    if gomod is None:
        return f"there is no go.mod of {actual}"
    if not actual.version or gomod.module in (module.path, actual.path):
        return None  # of a folder's go.mod anything goes
    if not gomod.module:
        return f"the go.mod of {actual} has no module line"
    return f"the go.mod of {actual} is that of {gomod.module}"
