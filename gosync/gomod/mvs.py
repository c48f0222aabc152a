"""Which version of which module a project is built with, as Go decides.

The parts, from the bottom: :mod:`gosync.gomod.mains` knows what is replaced and
excluded, :mod:`gosync.gomod.modread` reads go.mod files as far as they are not
pruned out, :mod:`gosync.gomod.modgraph` selects versions, and
:mod:`gosync.gomod.modroots` makes a main module's own requirements agree with
them. The result is that of ``go list -m all`` and ``go mod graph`` of go 1.21 and
later; nothing is written.

Loading is lazy in two ways (https://go.dev/ref/mod#lazy-loading). No go.mod is
loaded that is pruned out. And where a pruned main module requires all it takes,
as ``go mod tidy`` leaves it, builds and tests do not even look at the graph:
``resolve_lazily`` is for them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from gosync.errors import UsageError
from gosync.gomod import gover
from gosync.gomod.mains import MainModule, Mains, Pruning, Requirements, pruning_of
from gosync.gomod.modgraph import ModuleGraph
from gosync.gomod.modread import GraphReader, Load, Prefetch
from gosync.gomod.modroots import are_consistent, expand, initial_requirements
from gosync.gomod.module import ModuleVersion

__all__ = [
    "Load",
    "MainModule",
    "Mains",
    "ModuleGraph",
    "Prefetch",
    "Resolution",
    "resolve",
    "resolve_as_go",
    "resolve_lazily",
]


class Resolution(msgspec.Struct, frozen=True):
    """A module graph and how it came about.

    Attributes:
        mains: The main modules; they know what is replaced.
        graph: The graph.
        requirements: The roots it grew from. They may differ from what is written.
        read: Whose go.mod was loaded for it, replacements applied; a folder has no
            version.
        problems: What has no usable go.mod, and why. If there are any, go refuses,
            and the graph is what is left.
    """

    mains: Mains
    graph: ModuleGraph
    requirements: Requirements
    read: frozenset[ModuleVersion]
    problems: Mapping[ModuleVersion, str]

    def build_list(self) -> tuple[ModuleVersion, ...]:
        """Return what ``go list -m all`` lists, in its order, nothing replaced."""
        return self.graph.build_list()

    def why(self, module: ModuleVersion) -> tuple[ModuleVersion, ...]:
        """Return a shortest path of requirements to a module version, or ()."""
        return self.graph.why(module)


def resolve(
    mains: Mains, load: Load, *, prefetch: Prefetch | None = None
) -> Resolution:
    """Read the whole module graph of some main modules.

    Args:
        mains: The main modules.
        load: Where go.mod files come from.
        prefetch: Who is told before of the files that will be loaded.

    Raises:
        MalformedError: The workspace's modules contradict each other.
    """
    reader = GraphReader(mains, load, prefetch)
    requirements, graph = expand(reader, initial_requirements(reader))
    return _resolution(reader, graph, requirements)


def resolve_lazily(
    mains: Mains, load: Load, *, prefetch: Prefetch | None = None
) -> Resolution:
    """Read as little as ``go build`` does, if the main module lets it.

    If it is pruned, and no root requires a higher version of another root, the
    graph is the main module and its roots, and only their go.mod are read. In all
    other cases it is the whole graph. A build may look at even fewer roots: at
    those that have packages it needs.

    Args:
        mains: The main modules.
        load: Where go.mod files come from.
        prefetch: Who is told before of the files that will be loaded.

    Raises:
        MalformedError: The workspace's modules contradict each other.
    """
    reader = GraphReader(mains, load, prefetch)
    requirements = initial_requirements(reader)
    if requirements.pruning is Pruning.PRUNED and are_consistent(reader, requirements):
        graph = ModuleGraph(mains.versions)
        graph.require(graph.roots[0], requirements.roots)
    else:
        requirements, graph = expand(reader, requirements)
    return _resolution(reader, graph, requirements)


def resolve_as_go(
    version: str, mains: Mains, load: Load, *, prefetch: Prefetch | None = None
) -> Resolution:
    """Read the module graph as another Go would, as ``go mod graph -go`` does.

    ``go mod tidy`` checks that the Go before the main module's would select the
    same, and needs what that one reads: at ``go 1.17`` this is the graph of 1.16,
    in which nothing is pruned. The roots stay as they are written.

    Args:
        version: The version of Go, like "1.16".
        mains: The main modules.
        load: Where go.mod files come from.
        prefetch: Who is told before of the files that will be loaded.

    Raises:
        MalformedError: The workspace's modules contradict each other.
        UsageError: The main module does not let that version read it.
    """
    reader = GraphReader(mains, load, prefetch)
    requirements = initial_requirements(reader)
    needed = requirements.highest()[gover.GO]
    if gover.compare(needed, gover.STRICT) >= 0 and gover.compare(version, needed) < 0:
        raise UsageError(f"go {version} cannot read a module graph of go {needed}")
    if pruning_of(version) is Pruning.UNPRUNED and mains.work is None:
        requirements = replace(requirements, pruning=Pruning.UNPRUNED)
    return _resolution(reader, reader.graph(requirements), requirements)


def _resolution(
    reader: GraphReader, graph: ModuleGraph, requirements: Requirements
) -> Resolution:
    return Resolution(
        reader.mains, graph, requirements, reader.read, dict(reader.problems)
    )
