"""Making the roots of a module graph agree with what it selects.

A go.mod may require a module in two versions, or in a lower one than another
requirement asks for. Commands that may change go.mod (all that look at the whole
graph only act as if) replace such roots before they go on:

- Of a pruned main module, each root becomes what is selected of its path. That
  may bring new requirements into sight and select higher versions of others, so
  it is done until nothing changes.
- Of an unpruned main module, roots stay that are selected already, the selected
  versions of direct dependencies join them, and then as few others as it takes
  to reach everything selected: modules in reversed postorder of the graph,
  unless an earlier one requires them (https://go.dev/ref/mod#go-mod-file-updates).
- A workspace's roots stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from gosync.gomod import gover
from gosync.gomod.mains import Pruning, Requirements
from gosync.gomod.modgraph import NONE, ModuleGraph
from gosync.gomod.modread import GraphReader
from gosync.gomod.module import ModuleVersion

_Require = Callable[[ModuleVersion], tuple[ModuleVersion, ...]]


def initial_requirements(reader: GraphReader) -> Requirements:
    """Return what the main modules ask for, each path in one version.

    A graph is read only if a path occurs twice.
    """
    written = reader.mains.requirements()
    if written.pruning is Pruning.WORKSPACE:
        return written
    paths = [root.path for root in written.roots]
    if len(set(paths)) == len(paths) and reader.mains.modules[0].path not in paths:
        return written
    return _updated(reader, written, None)


def expand(
    reader: GraphReader, requirements: Requirements
) -> tuple[Requirements, ModuleGraph]:
    """Read the whole graph, of roots that it selects.

    With problems in the graph the roots stay as they are: nobody knows what would
    be selected.
    """
    graph = reader.graph(requirements)
    if requirements.pruning is Pruning.WORKSPACE or reader.problems:
        return requirements, graph
    if graph.all_selected(requirements.roots):
        return requirements, graph
    updated = _updated(reader, requirements, graph)
    if reader.problems:
        return requirements, graph
    return updated, reader.graph(updated)


def are_consistent(reader: GraphReader, requirements: Requirements) -> bool:
    """Tell whether no root requires a higher version of another root.

    Reads the go.mod of the roots only.
    """
    has = requirements.highest()
    has |= {main.path: main.version for main in reader.mains.versions}
    reader.get_ready(requirements.roots)
    below = [each for root in requirements.roots for each in reader.require(root)]
    return not reader.problems and all(
        gover.compare_of(each.path, has.get(each.path, each.version), each.version) >= 0
        for each in below
    )


def _updated(
    reader: GraphReader, requirements: Requirements, graph: ModuleGraph | None
) -> Requirements:
    if requirements.pruning is Pruning.UNPRUNED:
        return _update_unpruned(reader, requirements, graph)
    return _update_pruned(reader, requirements, graph)


def _update_pruned(
    reader: GraphReader, requirements: Requirements, graph: ModuleGraph | None
) -> Requirements:
    selected = graph.selected if graph else requirements.highest().get
    while True:
        before = _first_of_each_path(reader, requirements.roots)
        roots = tuple(_at(root.path, selected(root.path)) for root in before)
        requirements = replace(requirements, roots=roots)
        if roots == before or reader.problems:
            return requirements
        selected = reader.graph(requirements).selected


def _first_of_each_path(
    reader: GraphReader, roots: Iterable[ModuleVersion]
) -> tuple[ModuleVersion, ...]:
    first: dict[str, ModuleVersion] = {}
    for root in roots:
        if root.path not in reader.mains:
            first.setdefault(root.path, root)
    return tuple(first.values())


def _at(path: str, version: str | None) -> ModuleVersion:
    return ModuleVersion(path, NONE if version is None else version)


def _update_unpruned(
    reader: GraphReader, requirements: Requirements, graph: ModuleGraph | None
) -> Requirements:
    graph = graph or reader.graph(requirements)
    if reader.problems:
        return requirements
    keep = [each for each in graph.versions() if each.path not in reader.mains]
    roots = set(requirements.roots)
    base = [each for each in keep if each in roots or each.path in requirements.direct]
    return replace(requirements, roots=_least_roots(keep, base, reader.require))


def _least_roots(
    keep: list[ModuleVersion], base: list[ModuleVersion], require: _Require
) -> tuple[ModuleVersion, ...]:
    """Return base, and of what is kept what base does not imply, sorted by path."""
    selected = set(keep)
    order = [each for each in _postorder(keep, require) if each in selected]
    least = set(base)
    implied: set[ModuleVersion] = set()
    for module in (*base, *reversed(order)):
        if module not in implied:
            least.add(module)
            _imply(module, require, implied)
    return tuple(sorted(least))


def _imply(
    module: ModuleVersion, require: _Require, implied: set[ModuleVersion]
) -> None:
    """Add a module and all below it."""
    pending = [module]
    while pending:
        each = pending.pop()
        if each not in implied:
            implied.add(each)
            pending.extend(require(each))


def _postorder(start: list[ModuleVersion], require: _Require) -> list[ModuleVersion]:
    """Return everything below these, each after what it requires."""
    order: list[ModuleVersion] = []
    seen: set[ModuleVersion] = set()
    for first in start:
        if first in seen:
            continue
        seen.add(first)
        path = [(first, iter(require(first)))]
        while path:
            module, below = path[-1]
            required = next((each for each in below if each not in seen), None)
            if required is None:
                order.append(module)
                path.pop()
            else:
                seen.add(required)
                path.append((required, iter(require(required))))
    return order
