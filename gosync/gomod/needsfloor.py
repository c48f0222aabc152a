"""Lower bounds of what a consumer of modules selects. Pure.

Whoever requires a module selects, of each path, at least what the module's own
requirements select, whatever else is required: a graph selects no less than a part
of it does. Where something upgrades the module itself, the higher version takes its
place among what is required, and its requirements are there instead; so the lowest
bound of all these versions holds. Of several modules each one's bound does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cmp_to_key

from gosync.gomod import gover
from gosync.gomod.modgraph import NONE, ModuleGraph
from gosync.gomod.module import ModuleVersion

_GraphOf = Callable[[Iterable[ModuleVersion]], ModuleGraph]


class Floors:
    """The bounds of modules that are required together."""

    def __init__(self, modules: Sequence[ModuleVersion], graph_of: _GraphOf) -> None:
        """Read the graph of each module alone; of each path the highest version.

        Args:
            modules: What is required.
            graph_of: Returns the graph of a main module that requires some modules.
        """
        self._graph_of = graph_of
        required = {each.path: each for each in gover.sort_modules(modules)}
        self._required = required
        self._graphs = {
            path: {module: graph_of([module])} for path, module in required.items()
        }
        self._lowest: dict[str, str | None] = {}

    def look_at(self, nodes: Iterable[ModuleVersion]) -> None:
        """Take note of what upgrades the modules.

        Args:
            nodes: The versions in the graph of all that may be required.
        """
        for each in nodes:
            graphs = self._graphs.get(each.path)
            if graphs is None or each in graphs:
                continue
            if _is_above(each, self._required[each.path].version):
                graphs[each] = self._graph_of([each])
                self._lowest.clear()

    def admit(self, module: ModuleVersion) -> bool:
        """Tell whether a version is not below what is selected in any case."""
        least = self._bound(module.path)
        if least is None:
            return True
        return not _is_above(ModuleVersion(module.path, least), module.version)

    def have(self, path: str) -> bool:
        """Tell whether some version of a module is selected in any case."""
        return self._bound(path) is not None

    def is_above(self, module: ModuleVersion) -> bool:
        """Tell whether a version is above what is selected in any case."""
        least = self._bound(module.path)
        return least is None or _is_above(module, least)

    def raise_by(
        self, module: ModuleVersion, required: Iterable[ModuleVersion]
    ) -> None:
        """Take it that whoever requires one of the modules requires these as well."""
        if self._required[module.path] == module:
            self._graphs[module.path][module] = self._graph_of([module, *required])
            self._lowest.clear()

    def _bound(self, path: str) -> str | None:
        if path not in self._lowest:
            bounds = (_lowest(path, each.values()) for each in self._graphs.values())
            self._lowest[path] = _extreme(path, filter(None, bounds), -1)
        return self._lowest[path]


def _lowest(path: str, graphs: Iterable[ModuleGraph]) -> str | None:
    """Return the lowest version that one of these selects, None if one has none."""
    selected = [graph.selected(path) or NONE for graph in graphs]
    return None if NONE in selected else _extreme(path, selected)


def _extreme(path: str, versions: Iterable[str], sign: int = 1) -> str | None:
    """Return the lowest of some versions of a path, or with -1 the highest."""

    def compare(one: str, other: str) -> int:
        return sign * gover.compare_of(path, one, other)

    return min(versions, key=cmp_to_key(compare), default=None)


def _is_above(module: ModuleVersion, version: str) -> bool:
    return gover.compare_of(module.path, module.version, version) > 0
