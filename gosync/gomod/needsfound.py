"""What was found to be needed, and why: the value that gosync.gomod.needs returns.

A version is needed as its ``.mod`` alone, to choose versions by, or as its
``.zip`` too, to build with. It came in through lines of go.sum, or through the
graphs that were read; these are kept, so that ``why`` can tell a shortest path
of requirements through the first graph that has the version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

import msgspec

from gosync.gomod import gover
from gosync.gomod.gosum import GoSum, named_by
from gosync.gomod.mains import Mains
from gosync.gomod.modgraph import NONE, ModuleGraph
from gosync.gomod.modread import GraphReader
from gosync.gomod.module import ModuleVersion
from gosync.gomod.needsreached import FirstImport, Reached


class NeededBy(StrEnum):
    """How a version came in.

    Attributes:
        MAIN: A main module requires it, or a select names it.
        REQUIREMENT: Something that is required requires it.
        IMPORT: A package of something that is needed may be in it.
        SUM: A go.sum has a line of it, and no graph knows it.
        UNPRUNED: It is in the graph that nothing is pruned out of.
        UPGRADE: ``go get -u`` takes it, or what that takes requires it.
    """

    MAIN = "main"
    REQUIREMENT = "requirement"
    IMPORT = "import"
    SUM = "go.sum"
    UNPRUNED = "unpruned"
    UPGRADE = "upgrade"


class Reason(msgspec.Struct, frozen=True):
    """Why a version is needed.

    Attributes:
        kind: How it came in.
        path: The requirements, or imports, from where they begin to the version,
            both included. A main module has the version ""; where the version replaces
            another one, that one comes before it. Empty for lines of go.sum.
        sums: Which of the go.sum files has the line, counted from 0, or None.
        imports: The import that led to each version of the path but the first, as far
            as imports led there; requirements follow.
    """

    kind: NeededBy
    path: tuple[ModuleVersion, ...] = ()
    sums: int | None = None
    imports: tuple[FirstImport, ...] = ()


@dataclass(frozen=True)
class GraphOrigin:
    """A graph that versions came from.

    Attributes:
        kind: How what is new in it came in.
        mains: What is replaced in it.
        graph: The graph.
        hidden: A main module that nobody wrote; paths begin after it.
    """

    kind: NeededBy
    mains: Mains
    graph: ModuleGraph
    hidden: str = ""

    def reason(self, mv: ModuleVersion) -> Reason | None:
        """Return how this graph comes to a version, if it does."""
        original = self._replaced.get(mv, mv)
        path = self.graph.why(original)
        if not path or (original is mv and self.mains.actual(mv) != mv):
            return None
        direct = len(path) <= 2  # a main module and it
        if path[0].path == self.hidden:
            path = path[1:]
        if original is not mv:
            path = (*path, mv)
        named = direct and self.kind is NeededBy.REQUIREMENT
        return Reason(NeededBy.MAIN if named else self.kind, path)

    @cached_property
    def _replaced(self) -> dict[ModuleVersion, ModuleVersion]:
        """Return the first version in the graph that each replacement stands for."""
        found: dict[ModuleVersion, ModuleVersion] = {}
        for module in self.graph.walk():
            actual = self.mains.actual(module)
            if actual != module:
                found.setdefault(actual, module)
        return found


@dataclass(frozen=True)
class ImportOrigin:
    """Imports that versions came from.

    Attributes:
        reached: What they come to.
    """

    reached: Reached

    def reason(self, mv: ModuleVersion) -> Reason | None:
        """Return how these imports come to a version, if they do."""
        if mv in self.reached.zips:
            path, imports = self.reached.chain(mv), self.reached.imports(mv)
            found = Reason(NeededBy.IMPORT, path, imports=imports)
            return found if len(path) > 1 else None
        required = self.reached.graph.why(mv)[1:]
        if not required or required[0] not in self.reached.zips:
            return None
        path = (*self.reached.chain(required[0]), *required[1:])
        imports = self.reached.imports(required[0])
        return Reason(NeededBy.REQUIREMENT, path, imports=imports)


Origin: TypeAlias = GraphOrigin | ImportOrigin


@dataclass(frozen=True)
class Needs:
    """What is needed.

    Attributes:
        mods: Of which the ``.mod`` is needed; there is always an ``.info`` too.
        zips: Of which ``.zip`` and ``.info`` are needed as well; all are in mods.
        problems: What no go.mod can be had of that Go would take, and why. A
            folder has no version. Only a line of go.sum puts it into mods too.
        unread: Zips that are taken since imports could not be read; whoever reads
            them may find that they are not needed.
        subsets: Zips that only those select who import a part of a module, or
            require some of its requirements besides.
        newest: Versions taken because a graph provides no imported package, and the
            first import that it is so for.
        unprovided: Import paths that nothing provides, and who imports them.
        go: The version of Go that it takes, "" for any.
    """

    mods: frozenset[ModuleVersion]
    zips: frozenset[ModuleVersion]
    problems: Mapping[ModuleVersion, str]
    unread: frozenset[ModuleVersion] = frozenset()
    subsets: frozenset[ModuleVersion] = frozenset()
    newest: Mapping[ModuleVersion, FirstImport] = field(default_factory=dict)
    unprovided: Mapping[str, ModuleVersion] = field(default_factory=dict)
    go: str = ""
    origins: tuple[Origin, ...] = field(default=(), repr=False, compare=False)
    sums: tuple[GoSum, ...] = field(default=(), repr=False, compare=False)

    def why(self, mv: ModuleVersion) -> Reason:
        """Return the first reason for a version.

        Raises:
            KeyError: It is not needed.
        """
        for origin in self.origins:
            reason = origin.reason(mv)
            if reason is not None:
                return reason
        for number, sums in enumerate(self.sums):
            if any(named == mv for named, _ in named_by(sums)):
                return Reason(NeededBy.SUM, (), number)
        if mv in self.mods or mv in self.problems:
            return Reason(NeededBy.REQUIREMENT, (mv,))  # read, and given up for another
        raise KeyError(mv)


class NeedsSoFar:
    """Needs in the making."""

    def __init__(self, sums: Sequence[GoSum], *, hidden: str = "") -> None:
        """Begin with what go.sum files name."""
        self._sums = tuple(sums)
        self._hidden = hidden
        named = [each for every in sums for each in named_by(every)]
        self.mods = {mv for mv, _ in named}
        self.zips = {mv for mv, line in named if not line.is_mod}
        self._read: set[ModuleVersion] = set()
        self._selected: set[ModuleVersion] = set()
        self._problems: dict[ModuleVersion, str] = {}
        self._origins: list[Origin] = []
        self._reached: Reached | None = None

    def add_graph(
        self,
        kind: NeededBy,
        reader: GraphReader,
        graph: ModuleGraph,
        *,
        zips: bool = True,
    ) -> None:
        """Take what a graph selects, and what was read for it and before it."""
        self._origins.append(GraphOrigin(kind, reader.mains, graph, self._hidden))
        self._read.update(each for each in reader.read if each.version)
        if zips:
            self.add_zips(reader.mains, dependencies(graph))

    def add_reached(self, reached: Reached) -> None:
        """Take what imports come to, and what may be selected on the way."""
        self._reached = reached
        self._origins.append(ImportOrigin(reached))
        self._read |= reached.selectable
        self._selected |= reached.zips.keys()

    def add_zips(self, mains: Mains, modules: Iterable[ModuleVersion]) -> None:
        """Take module versions whole, or what replaces them."""
        actual = map(mains.actual, modules)
        self._selected.update(each for each in actual if each.version)

    def add_problems(self, reader: GraphReader) -> None:
        """Take what was found to be wrong."""
        for module, problem in reader.problems.items():
            self._problems.setdefault(reader.mains.actual(module), problem)

    def result(self) -> Needs:
        """Return what was found."""
        bad = self._problems.keys()
        mods = self.mods | ((self._read | self._selected) - bad)
        zips = self.zips | (self._selected - bad)
        found = Needs(
            frozenset(mods | zips),
            frozenset(zips),
            dict(self._problems),
            origins=tuple(self._origins),
            sums=self._sums,
        )
        return found if self._reached is None else _with_imports(found, self._reached)


def _with_imports(needs: Needs, reached: Reached) -> Needs:
    """Return needs and what is known of imports."""
    known = reached.zips.keys() - reached.unread
    return replace(
        needs,
        unread=needs.zips - known if reached.unread else frozenset(),
        subsets=needs.zips.intersection(reached.subsets),
        newest=dict(reached.newest),
        unprovided=dict(reached.unprovided),
        go=reached.graph.selected(gover.GO) or "",
    )


def dependencies(graph: ModuleGraph) -> Iterator[ModuleVersion]:
    """Yield what a graph selects, but for main modules."""
    for module in graph.build_list():
        if module.version not in ("", NONE):
            yield module


def modules_of(
    graph: ModuleGraph, *, above: ModuleGraph | None = None
) -> Iterator[ModuleVersion]:
    """Yield the module versions in a graph, selected or not, but for main modules.

    Args:
        graph: The graph.
        above: A graph of fewer requirements; what is below what this one selects
            is left out.
    """
    for module in graph.walk():
        if not module.version or gover.is_toolchain(module.path):
            continue
        least = (above.selected(module.path) if above else None) or NONE
        if gover.compare_of(module.path, module.version, least) >= 0:
            yield module
