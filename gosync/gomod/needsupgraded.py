"""Which files ``go get -u ./...`` asks a proxy for.

It loads the packages that the main module imports, upgrades the modules they are
in, loads what the packages import then, upgrades again, and so on. A module is
read in the version that is selected when it is first met, which is often neither
the one before nor the one after. So upgrades are followed in waves as well, one
import deeper each: first the modules that the main module requires directly, then
all others it requires, and what upgraded modules require directly. Needed is what
is selected in each wave, if what was met is required by now and if it is not, and
what lies between: versions in the upgraded graph above those of the first one.

A go.mod says what its module may import, not what its packages import, so more
is upgraded here than there. Two things are not found: what the newest versions of
modules without a go.mod begin to import, and what is lower than before, if only
while some of the upgrades are made nothing requires the higher version any more.
Both are rare: one random project of a hundred.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from gosync.gomod import gover
from gosync.gomod.mains import Mains, Requirements
from gosync.gomod.modfile import GoMod
from gosync.gomod.modgraph import ModuleGraph
from gosync.gomod.modread import GraphReader, Load, Prefetch, Upgrades
from gosync.gomod.modroots import expand, initial_requirements
from gosync.gomod.module import ModuleVersion
from gosync.gomod.needsfound import NeededBy, NeedsSoFar, dependencies


class GoMods:
    """go.mod files that are loaded once, however many graphs they are in."""

    def __init__(self, load: Load, prefetch: Prefetch | None) -> None:
        self._load = load
        self._prefetch = prefetch
        self._loaded: dict[ModuleVersion, GoMod | None] = {}

    def load(self, module: ModuleVersion, /) -> GoMod | None:
        """Return the go.mod of a module version, or of a folder (no version)."""
        if module not in self._loaded:
            self._loaded[module] = self._load(module)
        return self._loaded[module]

    def prefetch(self, modules: Sequence[ModuleVersion], /) -> None:
        """Announce those that were not loaded yet."""
        unknown = [each for each in modules if each not in self._loaded]
        if unknown and self._prefetch is not None:
            self._prefetch(unknown)

    def reader(self, mains: Mains) -> GraphReader:
        """Return a reader of the graphs of some main modules."""
        return GraphReader(mains, self.load, self.prefetch)


def add_upgrades(
    found: NeedsSoFar,
    mains: Mains,
    gomods: GoMods,
    upgrades: Upgrades,
    *,
    keep: Iterable[str],
) -> None:
    """Add the graphs that ``go get -u`` goes through.

    Args:
        found: Where to add them.
        mains: A main module.
        gomods: Where go.mod files come from.
        upgrades: Who knows the newest versions.
        keep: Module paths that are not upgraded.
    """
    reader = gomods.reader(mains)
    newest = _Newest(mains, upgrades, keep)
    for graph in _Climb(reader, gomods, newest).waves(found):
        found.add_graph(NeededBy.UPGRADE, reader, graph)
    found.add_problems(reader)


class _Newest:
    """The newest version of each module that can be upgraded."""

    def __init__(self, mains: Mains, upgrades: Upgrades, keep: Iterable[str]) -> None:
        self._mains = mains
        self._upgrades = upgrades
        self._asked = set(keep)
        self._found: dict[str, str] = {}

    def ask(self, paths: Iterable[str]) -> None:
        """Ask for those that were not asked for."""
        unknown = [each for each in sorted(set(paths) - self._asked) if self._can(each)]
        self._asked.update(unknown)
        if unknown:
            self._found.update(self._upgrades(unknown))

    def of(self, module: ModuleVersion) -> ModuleVersion:
        """Return the newest version of a module, or the version given."""
        version = self._found.get(module.path, "")
        newest = ModuleVersion(module.path, version)
        if not _is_above(newest, module.version) or self._mains.excludes(newest):
            return module
        return newest

    def _can(self, path: str) -> bool:
        """Tell whether a module can be upgraded to what a proxy has."""
        if gover.is_toolchain(path) or path in self._mains:
            return False
        return self._mains.replacement(ModuleVersion(path, "")) is None


class _Climb:
    """One main module, upgraded wave by wave."""

    def __init__(self, reader: GraphReader, gomods: GoMods, newest: _Newest) -> None:
        self._reader = reader
        self._gomods = gomods
        self._newest = newest

    def waves(self, found: NeedsSoFar) -> Iterator[ModuleGraph]:
        """Yield the graphs of each wave, until nothing is left to upgrade."""
        written, first = expand(self._reader, initial_requirements(self._reader))
        requirements, graph = written, first
        met = set(written.direct)
        while True:
            before = requirements, set(met)
            self._newest.ask(met)
            upgraded = self._upgraded(requirements, graph, met)
            yield expand(self._reader, _only(upgraded, written))[1]
            requirements, graph = expand(self._reader, upgraded)
            yield graph
            found.add_zips(self._reader.mains, _between(first, graph))
            met |= {root.path for root in requirements.roots}
            met |= self._required_directly(graph, met)
            if before == (requirements, met):
                return

    def _upgraded(
        self, requirements: Requirements, graph: ModuleGraph, met: set[str]
    ) -> Requirements:
        """Return requirements of what was met too, in its newest version."""
        roots = {each.path: each for each in requirements.roots}
        for module in dependencies(graph):
            if module.path in met:
                roots[module.path] = self._newest.of(module)
        ordered = tuple(gover.sort_modules(roots.values()))
        return replace(requirements, roots=ordered)

    def _required_directly(self, graph: ModuleGraph, paths: set[str]) -> set[str]:
        """Return the paths that the selected versions of these require directly."""
        return {
            each.path
            for module in dependencies(graph)
            if module.path in paths and (gomod := self._gomod(module)) is not None
            for each in gomod.require
            if not each.indirect and graph.selected(each.path)
        }

    def _gomod(self, module: ModuleVersion) -> GoMod | None:
        return self._gomods.load(self._reader.mains.actual(module))


def _only(requirements: Requirements, written: Requirements) -> Requirements:
    """Return requirements of those modules alone that are written down."""
    paths = {root.path for root in written.roots}
    roots = tuple(each for each in requirements.roots if each.path in paths)
    return replace(requirements, roots=roots)


def _between(first: ModuleGraph, graph: ModuleGraph) -> Iterator[ModuleVersion]:
    """Yield versions in a graph that are above what the first one selects, if any."""
    for module in graph.walk():
        selected = first.selected(module.path)
        is_main = not module.version or selected == ""
        if is_main or gover.is_toolchain(module.path):
            continue
        if selected is None or _is_above(module, selected):
            yield module


def _is_above(module: ModuleVersion, version: str) -> bool:
    return gover.compare_of(module.path, module.version, version) > 0
