"""Which versions a consumer of one module can come to build with, by imports. Pure.

A consumer requires one module version alone, imports any of its packages, and lets
``go`` do the rest. ``go`` loads packages in rounds: it looks each import up in the
modules that the graph of the present roots selects, makes a root of every module
that provided a package, and begins again, until the roots stay. Which roots these
are depends on what is imported, so what is found here is the union over all of it:

roots      the module itself, and whatever version provides a package that is met;
versions   what any root requires, as far as it is not pruned out, and that is not
           below what the module's own requirements select, which are always there;
packages   of the module all that can be imported; and of every version that there
           is of a module whose path begins an import of such a package, that
           import. The tests of what is met by imports alone count too, but not
           those of what only tests meet.

Each grows with the others, and nothing is taken away, so the least fixed point is
reached in any order, and there is one (DECISIONS.md says why it has all that ``go``
asks for). Where a graph has no module with an imported package, ``go`` takes the
newest version of one that may have it; the caller is asked for that. It is so where
no version has the package, and may be where a version has it that neither the
module's own requirements select nor the importer itself requires: a consumer of
other packages may not come to it.

A module that requires nothing, as one without a go.mod, says nothing of versions.
Its consumer is taken to import all of it at once: what its own imports bring in the
newest version is there in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msgspec.structs import replace

from gosync.gomod import gover
from gosync.gomod.mains import Requirements
from gosync.gomod.modgraph import NONE, ModuleGraph
from gosync.gomod.modread import GraphReader, Prefetch, Upgrades
from gosync.gomod.module import ModuleVersion
from gosync.gomod.packages import ModulePackages, Package

_INTERNAL = "internal"


class LoadPackages(Protocol):
    """Who knows the packages of a module version."""

    def __call__(self, module: ModuleVersion, /) -> ModulePackages | None:
        """Return its packages, or None where its zip cannot be had."""
        ...


@dataclass(frozen=True)
class ImportSource:
    """Where imports come from.

    Attributes:
        packages: Who knows what packages import.
        prefetch: Who is told before of the versions that will be asked for.
        newest: Knows the newest versions of modules, as far as paths are some;
            without, none are taken for what nothing provides.
    """

    packages: LoadPackages
    prefetch: Prefetch | None = None
    newest: Upgrades | None = None


@dataclass(frozen=True)
class FirstImport:
    """An import that led to a module version.

    Attributes:
        path: The import path, "" for the module that all begins with.
        importer: Whose package imports it, None at the beginning.
        tested: Whose test it takes to come there, None if it takes none.
    """

    path: str
    importer: ModuleVersion | None = None
    tested: ModuleVersion | None = None


@dataclass
class Reached:
    """What a consumer can come to build with.

    Attributes:
        zips: The versions ``go`` may open, and the first import that led to each.
        selectable: All versions that some roots select; their ``.mod`` is asked for.
        newest: What was taken because nothing that is required has a package.
        unread: Of zips those whose packages are unknown.
        unprovided: Import paths that nothing provides, and who imports them.
        graph: The graph of all roots together.
    """

    zips: dict[ModuleVersion, FirstImport] = field(default_factory=dict)
    selectable: set[ModuleVersion] = field(default_factory=set)
    newest: set[ModuleVersion] = field(default_factory=set)
    unread: set[ModuleVersion] = field(default_factory=set)
    unprovided: dict[str, ModuleVersion] = field(default_factory=dict)
    graph: ModuleGraph = field(default_factory=lambda: ModuleGraph(()))

    @property
    def subsets(self) -> Iterator[ModuleVersion]:
        """The zips that whoever imports everything does not select."""
        for each in self.zips:
            if self.graph.selected(each.path) != each.version:
                yield each

    def chain(self, module: ModuleVersion) -> tuple[ModuleVersion, ...]:
        """Return versions to one of the zips, each of which imports the next."""
        found = [module]
        while (importer := self.zips[found[-1]].importer) is not None:
            if importer in found:
                break
            found.append(importer)
        return tuple(reversed(found))


def reach(
    module: ModuleVersion,
    reader: GraphReader,
    requirements: Requirements,
    imports: ImportSource,
) -> Reached:
    """Return what a consumer of a module version can come to build with.

    Args:
        module: The module version.
        reader: Reads graphs of a main module that requires it.
        requirements: What this main module requires.
        imports: Where imports come from.
    """
    return _Reaching(module, reader, requirements, imports).reached()


class _Reaching:
    """The way to the fixed point."""

    def __init__(
        self,
        module: ModuleVersion,
        reader: GraphReader,
        requirements: Requirements,
        imports: ImportSource,
    ) -> None:
        self._module = module
        self._reader = reader
        self._requirements = requirements
        self._imports = imports
        self._newest: dict[str, str] = {}
        self._found = Reached()
        self._roots = {module}
        self._floor = reader.graph(requirements)
        self._packages: dict[ModuleVersion, Mapping[str, Package]] = {}
        self._asked: set[str] = set()

    def reached(self) -> Reached:
        """Go rounds until no root is new and no newest version helps."""
        before: set[ModuleVersion] = set()
        versions: dict[str, list[str]] = {}
        while before != self._roots:
            before = set(self._roots)
            versions = self._selectable()
            loading = _Loading(self, versions)
            loading.load()
            self._found.unprovided = loading.unprovided
            if before == self._roots:
                self._take_all_newest(loading.uncertain())
        self._found.selectable = {
            ModuleVersion(path, each) for path in versions for each in versions[path]
        }
        return self._found

    def open(self, module: ModuleVersion, why: FirstImport) -> Mapping[str, Package]:
        """Return the packages of a version that go may look into, by folder."""
        self._found.zips.setdefault(module, why)
        if module not in self._packages:
            loaded = self._imports.packages(module)
            if loaded is None:
                self._found.unread.add(module)
            built = loaded.packages if loaded else ()
            self._packages[module] = {each.folder: each for each in built}
        return self._packages[module]

    def get_ready(self, modules: Iterable[ModuleVersion]) -> None:
        """Announce what will be opened next."""
        unknown = {each: None for each in modules if each not in self._packages}
        if unknown and self._imports.prefetch is not None:
            self._imports.prefetch(list(unknown))

    def promote(self, module: ModuleVersion) -> None:
        """Make a root of what provided a package."""
        self._roots.add(module)

    @property
    def module(self) -> ModuleVersion:
        """What all begins with."""
        return self._module

    def _selectable(self) -> dict[str, list[str]]:
        """Return the versions of each path that some of the roots may select."""
        own = [each for each in self._requirements.roots if each.path in _TOOLCHAIN]
        roots = tuple(gover.sort_modules({*self._roots, *own}))
        graph = self._reader.graph(replace(self._requirements, roots=roots))
        self._found.graph = graph
        versions: dict[str, list[str]] = {}
        for each in graph.walk():
            if each.version and each.path not in _TOOLCHAIN and self._is_high(each):
                versions.setdefault(each.path, []).append(each.version)
        return versions

    def _is_high(self, module: ModuleVersion) -> bool:
        """Tell whether a version is not below what is selected in any case.

        Where the module itself may be upgraded, its requirements may go with it.
        """
        if module in self._roots:
            return True
        itself = self._found.graph.selected(self._module.path)
        floor = self._floor.selected(module.path)
        if floor in (None, NONE) or itself != self._module.version:
            return True
        return gover.compare_of(module.path, module.version, floor or "") >= 0

    def is_certain(self, provider: str, importer: FirstImport) -> bool:
        """Tell whether a module is in each graph in which something is imported.

        An importer is a root, or what only tests come to is a test's of a root.
        """
        root = importer.tested or importer.importer
        if root is None or self._floor.selected(provider):
            return True
        if importer.importer is not None and importer.importer.path == provider:
            return True
        return any(each.path == provider for each in self._reader.require(root))

    def _take_all_newest(self, wanted: Mapping[str, ModuleVersion]) -> None:
        """Take newest versions for imports, as ``go`` does once the roots stay."""
        roots = set(self._roots)
        paths = sorted(wanted.keys() - self._asked)
        asked = dict.fromkeys(prefix for path in paths for prefix in prefixes(path))
        if asked and self._imports.newest is not None:
            self._newest |= self._imports.newest(list(asked))
        found = (ModuleVersion(each, self._newest.get(each, "")) for each in asked)
        self.get_ready(each for each in found if each.version)
        for path in paths:
            self._take_newest(path, wanted[path])
        if roots != self._roots and not self._reader.require(self._module):
            own = [each for each in self._roots if each in self._found.newest]
            ordered = tuple(gover.sort_modules({*self._requirements.roots, *own}))
            self._floor = self._reader.graph(replace(self._requirements, roots=ordered))

    def _take_newest(self, path: str, importer: ModuleVersion) -> None:
        """Take the longest module whose newest version has a package, as go does.

        It looks into all that there are.
        """
        self._asked.add(path)
        is_found = False
        for prefix in prefixes(path):
            version = self._newest.get(prefix)
            if version is None:
                continue
            module = ModuleVersion(prefix, version)
            folders = self.open(module, FirstImport(path, importer))
            if not is_found and path[len(prefix) + 1 :] in folders:
                is_found = True
                self._found.newest.add(module)
                self._roots.add(module)


class _Loading:
    """One loading of packages, from the versions that there are by now."""

    def __init__(self, reaching: _Reaching, versions: Mapping[str, list[str]]) -> None:
        self._reaching = reaching
        self._versions = versions
        self._pending: list[FirstImport] = []
        self._imports: dict[str, set[FirstImport]] = {}
        self._providers: dict[str, set[str]] = {}
        self._untested: set[str] = set()
        self.unprovided: dict[str, ModuleVersion] = {}

    def load(self) -> None:
        """Follow all imports."""
        path = self._reaching.module.path
        self._reaching.get_ready(self._versions_of(path))
        for module in self._versions_of(path):
            for package in self._reaching.open(module, FirstImport("")).values():
                if is_entry(package):
                    self._enter(module, package, None)
        while self._pending:
            wave, self._pending = self._pending, []
            self._reaching.get_ready(
                module
                for wanted in wave
                for prefix in prefixes(wanted.path)
                for module in self._versions_of(prefix)
            )
            for wanted in wave:
                self._follow(wanted)
        for each in self._imports.keys() - self._providers.keys():
            self.unprovided[each] = self._importer_of(each)

    def uncertain(self) -> dict[str, ModuleVersion]:
        """Return the imports that not every graph provides, and who imports them."""
        found = dict(self.unprovided)
        for path, providers in self._providers.items():
            if not all(
                self._is_certain(each, providers) for each in self._imports[path]
            ):
                found[path] = self._importer_of(path)
        return found

    def _versions_of(self, path: str) -> Iterator[ModuleVersion]:
        for version in self._versions.get(path, ()):
            yield ModuleVersion(path, version)

    def _is_certain(self, wanted: FirstImport, providers: set[str]) -> bool:
        return any(self._reaching.is_certain(each, wanted) for each in providers)

    def _importer_of(self, path: str) -> ModuleVersion:
        return min(each.importer for each in self._imports[path] if each.importer)

    def _follow(self, wanted: FirstImport) -> None:
        for prefix in prefixes(wanted.path):
            for module in self._versions_of(prefix):
                folders = self._reaching.open(module, wanted)
                package = folders.get(wanted.path[len(prefix) + 1 :])
                if package is not None:
                    self._providers.setdefault(wanted.path, set()).add(prefix)
                    self._enter(module, package, wanted.tested)

    def _enter(
        self, module: ModuleVersion, package: Package, tested: ModuleVersion | None
    ) -> None:
        self._reaching.promote(module)
        self._add(package.imports, module, tested)
        if tested is None:  # tests of tests' imports are nobody's
            self._add(package.test_imports, module, module)

    def _add(
        self,
        paths: Sequence[str],
        importer: ModuleVersion,
        tested: ModuleVersion | None,
    ) -> None:
        for path in paths:
            wanted = FirstImport(path, importer, tested)
            known = self._imports.setdefault(path, set())
            is_new = not known if tested else path not in self._untested
            known.add(wanted)
            if is_new:
                self._pending.append(wanted)
            if tested is None:
                self._untested.add(path)


def prefixes(path: str) -> Iterator[str]:
    """Yield the module paths that may provide a package, the longest first."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def is_entry(package: Package) -> bool:
    """Tell whether another module may import a package, or install it."""
    return package.is_matched and _INTERNAL not in package.folder.split("/")


_TOOLCHAIN = (gover.GO, gover.TOOLCHAIN)
