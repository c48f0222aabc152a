"""The module requirement graph, and which version of each module it selects.

A node is a module version, an edge says that its go.mod requires another one.
Minimal version selection takes of each module the highest version that anything
in the graph requires, be that selected itself or not
(https://go.dev/ref/mod#minimal-version-selection). A main module has the version
"", which is higher than all others. Of nodes whose go.mod was pruned out it is
known that they are required, not what they require.

There is no recursion: a graph may be as deep as it likes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from gosync.gomod import gover
from gosync.gomod.module import ModuleVersion

# The version of a module that is not there; the only one that go.mod cannot name.
NONE = "none"


class ModuleGraph:
    """A graph that grows by requirements.

    Attributes:
        roots: Where it begins: the main module, or the workspace's modules with
            their ``go`` and ``toolchain``.
    """

    __slots__ = ("_first_requirer", "_known", "_requirements", "_selected", "roots")

    def __init__(self, roots: Sequence[ModuleVersion]) -> None:
        self.roots = tuple(roots)
        self._requirements: dict[ModuleVersion, tuple[ModuleVersion, ...]] = {}
        self._known: set[ModuleVersion] = set()
        self._selected: dict[str, str] = {}
        self._first_requirer: dict[ModuleVersion, ModuleVersion | None] | None = None
        self._select(self.roots)

    def require(
        self, module: ModuleVersion, requirements: tuple[ModuleVersion, ...]
    ) -> None:
        """Say what a module in the graph requires, once and for all."""
        self._requirements[module] = requirements
        self._first_requirer = None
        self._select(requirements)

    def requirements(self, module: ModuleVersion) -> tuple[ModuleVersion, ...] | None:
        """Return what a module requires, or None if its go.mod was not read."""
        return self._requirements.get(module)

    def selected(self, path: str) -> str | None:
        """Return the selected version of a module, "" of a main module."""
        return self._selected.get(path)

    def all_selected(self, modules: Sequence[ModuleVersion]) -> bool:
        """Tell whether each of these is selected."""
        return all(self._selected.get(each.path) == each.version for each in modules)

    def versions(self) -> tuple[ModuleVersion, ...]:
        """Return what is selected: roots first, then the others, each by path."""
        first = {root.path: None for root in self.roots if root.path in self._selected}
        others = sorted(self._selected.keys() - first.keys())
        return tuple(
            ModuleVersion(path, self._selected[path]) for path in (*first, *others)
        )

    def build_list(self) -> tuple[ModuleVersion, ...]:
        """Return what ``go list -m all`` lists, in its order.

        The main modules come first; ``go`` and ``toolchain`` are no modules to it.
        """
        return tuple(
            each for each in self.versions() if not gover.is_toolchain(each.path)
        )

    def walk(self) -> Iterator[ModuleVersion]:
        """Visit every module version breadth-first, selected or not."""
        for module in self._requirers():
            if module.version != NONE:
                yield module

    def edges(self) -> Iterator[tuple[ModuleVersion, ModuleVersion]]:
        """Visit every requirement in the order of ``go mod graph``."""
        for module in self.walk():
            for required in self._requirements.get(module, ()):
                yield module, required

    def lines(self) -> Iterator[str]:
        """Write the requirements as ``go mod graph`` does, without line ends."""
        for module, required in self.edges():
            yield f"{_text(module)} {_text(required)}"

    def why(self, module: ModuleVersion) -> tuple[ModuleVersion, ...]:
        """Return a shortest path of requirements from a root to a module version.

        Both ends are part of it. It is empty if the graph has no such version.
        """
        requirers = self._requirers()
        if module not in requirers:
            return ()
        path = [module]
        while (requirer := requirers[path[-1]]) is not None:
            path.append(requirer)
        return tuple(reversed(path))

    def _select(self, modules: Sequence[ModuleVersion]) -> None:
        for module in modules:
            if module in self._known:
                continue
            self._known.add(module)
            if self._is_higher(module):
                self._selected[module.path] = module.version

    def _is_higher(self, module: ModuleVersion) -> bool:
        selected = self._selected.get(module.path, NONE)
        if not selected:
            return False  # a main module
        if not module.version:
            return True
        return gover.compare_of(module.path, selected, module.version) < 0

    def _requirers(self) -> dict[ModuleVersion, ModuleVersion | None]:
        """Return who required each module version first, in the order found."""
        if self._first_requirer is None:
            found: dict[ModuleVersion, ModuleVersion | None] = dict.fromkeys(self.roots)
            queue = deque(self.roots)
            while queue:
                module = queue.popleft()
                for required in self._requirements.get(module, ()):
                    if required not in found:
                        found[required] = module
                        queue.append(required)
            self._first_requirer = found
        return self._first_requirer


def _text(module: ModuleVersion) -> str:
    return str(module) if module.version else module.path
