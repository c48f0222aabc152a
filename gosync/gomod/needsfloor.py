"""Lower bounds of what consumers of modules select. Pure.

Whoever requires a module selects, of each path, at least what the module's own
requirements select, whatever else is required: a graph selects no less than a part
of it does. Where something upgrades the module itself, the higher version takes its
place among what is required, and its requirements are there instead. A consumer
requires one of the modules at least, so the lowest of all these bounds holds, where
each version has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gosync.gomod import gover
from gosync.gomod.modgraph import NONE, ModuleGraph
from gosync.gomod.module import ModuleVersion

_GraphOf = Callable[[Iterable[ModuleVersion]], ModuleGraph]


class Floors:
    """The bounds of some modules."""

    def __init__(self, modules: Sequence[ModuleVersion], graph_of: _GraphOf) -> None:
        """Read the graph of each module alone.

        Args:
            modules: What is required, one of them at least.
            graph_of: Returns the graph of a main module that requires some modules.
        """
        self._graph_of = graph_of
        self._modules = tuple(modules)
        self._graphs = {each: graph_of([each]) for each in modules}
        self._paths = {each.path for each in modules}
        self._lowest: dict[str, str | None] = {}

    def look_at(self, nodes: Iterable[ModuleVersion]) -> None:
        """Take note of what upgrades the modules.

        Args:
            nodes: The versions in the graph of all that may be required.
        """
        found = [each for each in nodes if each.path in self._paths]
        for each in found:
            if each not in self._graphs and self._is_upgrade(each):
                self._graphs[each] = self._graph_of([each])
                self._lowest.clear()

    def admit(self, module: ModuleVersion) -> bool:
        """Tell whether a version is not below what is selected in any case."""
        path = module.path
        if path not in self._lowest:
            self._lowest[path] = self._lowest_of(path)
        least = self._lowest[path]
        return least is None or not _is_above(
            ModuleVersion(path, least), module.version
        )

    def have(self, path: str) -> bool:
        """Tell whether some version of a module is selected in any case."""
        return all(graph.selected(path) for graph in self._graphs.values())

    def raise_by(
        self, module: ModuleVersion, required: Iterable[ModuleVersion]
    ) -> None:
        """Take it that whoever requires one of the modules requires these as well."""
        self._graphs[module] = self._graph_of([module, *required])
        self._lowest.clear()

    def _lowest_of(self, path: str) -> str | None:
        found = [graph.selected(path) or NONE for graph in self._graphs.values()]
        if NONE in found:
            return None
        return gover.sort_modules(ModuleVersion(path, each) for each in found)[
            0
        ].version

    def _is_upgrade(self, node: ModuleVersion) -> bool:
        return any(
            each.path == node.path and _is_above(node, each.version)
            for each in self._modules
        )


def _is_above(module: ModuleVersion, version: str) -> bool:
    return gover.compare_of(module.path, module.version, version) > 0
