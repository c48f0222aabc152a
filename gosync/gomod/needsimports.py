"""Which versions a consumer of modules can come to build with, by imports. Pure.

A consumer requires one module version, or several at once, uses packages of them as its
:class:`~gosync.gomod.consumers.Use` says, and lets ``go`` do the rest. ``go`` loads
packages in rounds: it looks each import up in the modules that the graph of the
present roots selects, makes a root of every module that provided a package, and
begins again, until the roots stay. Which roots these are depends on what is
imported, so what is found here is the union over all of it:

roots      the modules themselves, what they require, which a consumer may require
           besides or has in their own folders, and whatever version provides a
           package that is met by imports; of what tests alone meet only what
           tidying makes a root, since the selection would fall once other roots
           are left out;
versions   what any root requires, as far as it is not pruned out, and that is not
           below what the modules' own requirements select, which are always there;
packages   of the modules all that can be used; and of every version that there
           is of a module whose path begins an import of such a package, that
           import. The tests of what is met by imports alone count too, but not
           those of what only tests meet, and nobody's where a program is installed.
           ``go get`` of a module loads the package at its root, a program too.
           Imports find packages that no pattern does (in ``testdata``, below ``_``);
           nobody builds with one that has tests alone, so it counts where all tests
           are run.

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

A zip that cannot be read is taken to have what may be in it, and to import nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from gosync.gomod import gover
from gosync.gomod.consumers import GETTING, IMPORTING, Use
from gosync.gomod.mains import Requirements
from gosync.gomod.modgraph import ModuleGraph
from gosync.gomod.modread import GraphReader
from gosync.gomod.module import ModuleVersion
from gosync.gomod.modulepackages import Package
from gosync.gomod.needsfloor import Floors
from gosync.gomod.needsreached import FirstImport, ImportSource, Reached


def reach(
    modules: Sequence[ModuleVersion],
    reader: GraphReader,
    nothing: Requirements,
    imports: ImportSource,
    use: Use = IMPORTING,
) -> Reached:
    """Return what a consumer of module versions can come to build with.

    Args:
        modules: The module versions, all of which it requires at first.
        reader: Reads graphs of a main module.
        nothing: What this main module requires besides.
        imports: Where imports come from.
        use: What it does with them.
    """
    return _Reaching(modules, reader, nothing, imports, use).reached()


class _Reaching:
    """The way to the fixed point."""

    def __init__(
        self,
        modules: Sequence[ModuleVersion],
        reader: GraphReader,
        nothing: Requirements,
        imports: ImportSource,
        use: Use,
    ) -> None:
        self.modules = tuple(modules)
        self.use = use
        self._reader = reader
        self._nothing = nothing
        self._imports = imports
        self._newest: dict[str, str] = {}
        self._found = Reached()
        self._roots = set(modules)
        self._floors = Floors(modules, self._graph)
        reader.get_ready(self.modules)
        required = {each for module in modules for each in reader.require(module)}
        self._required = {each.path for each in required}
        if use.tests:
            self._roots |= required
        self._packages: dict[ModuleVersion, Mapping[str, Package]] = {}
        self._asked: set[str] = set()

    def reached(self) -> Reached:
        """Go rounds until no root is new and no newest version helps."""
        before: set[ModuleVersion] = set()
        tested: set[ModuleVersion] = set()
        while before != self._roots:
            before = set(self._roots)
            self._found.graph = self._graph(self._roots)
            versions = self._selectable(self._found.graph)
            others = set(self._besides(versions))
            self._roots |= others
            if before == self._roots:  # their go.mod files are read before any zip is
                tested = self._load(versions, others)
        self._found.whole = self._whole()
        widest = self._selectable(self._graph(self._roots | tested))
        self._found.selectable = {
            ModuleVersion(path, each) for path in widest for each in widest[path]
        }
        return self._found

    def _load(
        self, versions: Mapping[str, list[str]], others: set[ModuleVersion]
    ) -> set[ModuleVersion]:
        """Load packages, and make roots of these or else of newest versions.

        Returns:
            What provides packages to tests.
        """
        before = set(self._roots)
        getting = loading = _Loading(self, self.use, versions)
        self._roots |= loading.imported
        if self.use.follows_tests:
            getting = _Loading(self, GETTING, versions)
            self._keep(loading, others | getting.imported)
        self._found.unprovided = getting.unprovided | loading.unprovided
        if before == self._roots:
            self._take_all_newest(getting.uncertain() | loading.uncertain())
        return loading.tested

    def _whole(self) -> ModuleGraph:
        """Return the graph of who imports everything, and has the newest versions."""
        roots = {*self.modules, *self._found.newest}
        while True:
            graph = self._graph(roots)
            selected = {each.path: [each.version] for each in graph.build_list()[1:]}
            loading = _Loading(self, self.use, selected)
            if loading.imported <= roots:
                return graph
            roots |= loading.imported

    def _besides(self, versions: Mapping[str, list[str]]) -> Iterator[ModuleVersion]:
        """Yield what may be selected of what the modules require themselves."""
        for path in self._required if self.use.follows_tests else ():
            for version in versions.get(path, ()):
                yield ModuleVersion(path, version)

    def _keep(self, loading: _Loading, others: set[ModuleVersion]) -> None:
        """Make roots of what is one though tests alone import it, or nobody.

        Others are roots that tidying may leave out again, and the newest versions may
        be, and what other graphs have elsewhere. What would be selected no longer
        without them stays as a root of its own if a test imports it.
        """
        dropped = others.union(self._found.newest, loading.unsteady)
        nodes = _modules_in(self._graph(dropped))
        kept = {each for each in nodes if self._floors.is_above(each)}
        self._roots |= others | (loading.tested & (kept | loading.unsteady))

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

    def may_have_any(self, module: ModuleVersion) -> bool:
        """Tell whether a version that was opened could not be read."""
        return module in self._found.unread

    def may_require(self, path: str) -> bool:
        """Tell whether a consumer may require a module though it imports nothing."""
        return self.use.follows_tests and path in self._required

    def get_ready(self, modules: Iterable[ModuleVersion]) -> None:
        """Announce what will be opened next."""
        unknown = {each: None for each in modules if each not in self._packages}
        if unknown and self._imports.prefetch is not None:
            self._imports.prefetch(list(unknown))

    def _graph(self, modules: Iterable[ModuleVersion]) -> ModuleGraph:
        """Return the graph of a main module that requires these."""
        roots = tuple(gover.sort_modules({*self._nothing.roots, *modules}))
        return self._reader.graph(replace(self._nothing, roots=roots))

    def _selectable(self, graph: ModuleGraph) -> dict[str, list[str]]:
        """Return the versions of each path that some of a graph's roots may select."""
        nodes = _modules_in(graph)
        self._floors.look_at(nodes)
        versions: dict[str, list[str]] = {}
        for each in nodes:
            if each in self._roots or self._floors.admit(each):
                versions.setdefault(each.path, []).append(each.version)
        return versions

    def is_certain(self, provider: str, importer: FirstImport) -> bool:
        """Tell whether a module is in each graph in which something is imported.

        An importer is a root, or what only tests come to is a test's of a root.
        """
        root = importer.tested or importer.importer
        if root is None or self._floors.have(provider):
            return True
        if importer.importer is not None and importer.importer.path == provider:
            return True
        return any(each.path == provider for each in self._reader.require(root))

    def _take_all_newest(self, wanted: Mapping[str, FirstImport]) -> None:
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
        if roots == self._roots:
            return
        for module in self.modules:
            if not self._reader.require(module):
                self._floors.raise_by(module, self._newest_of(module))

    def _newest_of(self, module: ModuleVersion) -> Iterator[ModuleVersion]:
        """Yield what was taken in the newest version for imports that begin there."""
        for each in self._found.newest:
            if len(self.modules) == 1 or self._found.chain(each)[0] == module:
                yield each

    def _take_newest(self, path: str, wanted: FirstImport) -> None:
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
            folders = self.open(module, wanted)
            has_it = path[len(prefix) + 1 :] in folders or self.may_have_any(module)
            if has_it and not is_found:
                is_found = True
                self._found.newest.setdefault(module, wanted)
                self._roots.add(module)


class _Loading:
    """One loading of packages, from the versions that there are by now."""

    def __init__(
        self, reaching: _Reaching, use: Use, versions: Mapping[str, list[str]]
    ) -> None:
        self.imported: set[ModuleVersion] = set()
        self.tested: set[ModuleVersion] = set()
        self.unsteady: set[ModuleVersion] = set()
        self._reaching = reaching
        self._use = use
        self._versions = versions
        self._pending: list[FirstImport] = []
        self._imports: dict[str, set[FirstImport]] = {}
        self._providers: dict[str, set[str]] = {}
        self._untested: set[str] = set()
        self.unprovided: dict[str, ModuleVersion] = {}
        self._load()

    def _load(self) -> None:
        """Follow all imports."""
        paths = dict.fromkeys(each.path for each in self._reaching.modules)
        began = [each for path in paths for each in self._versions_of(path)]
        self._reaching.get_ready(began)
        for path in paths:
            self._open_above(path)
        for module in began:
            for package in self._reaching.open(module, FirstImport("")).values():
                if self._use.begins_with(package):
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
            self.unprovided[each] = _importer_of(self._first_of(each))

    def _open_above(self, path: str) -> None:
        """Open modules that packages of one that is imported could be in as well."""
        for prefix in prefixes(path):
            if prefix != path and self._reaching.may_require(prefix):
                for module in self._versions_of(prefix):
                    self._reaching.open(module, FirstImport(path))

    def uncertain(self) -> dict[str, FirstImport]:
        """Return the imports that not every graph provides."""
        found = {path: self._first_of(path) for path in self.unprovided}
        for path, providers in self._providers.items():
            if not all(
                self._is_certain(each, providers) for each in self._imports[path]
            ):
                found[path] = self._first_of(path)
        return found

    def _versions_of(self, path: str) -> Iterator[ModuleVersion]:
        for version in self._versions.get(path, ()):
            yield ModuleVersion(path, version)

    def _is_certain(self, wanted: FirstImport, providers: set[str]) -> bool:
        return any(self._reaching.is_certain(each, wanted) for each in providers)

    def _first_of(self, path: str) -> FirstImport:
        return min(self._imports[path], key=_importer_of)

    def _follow(self, wanted: FirstImport) -> None:
        found: list[ModuleVersion] = []
        for prefix in prefixes(wanted.path):
            for module in self._versions_of(prefix):
                folders = self._reaching.open(module, wanted)
                package = folders.get(wanted.path[len(prefix) + 1 :])
                if package is not None or self._reaching.may_have_any(module):
                    self._providers.setdefault(wanted.path, set()).add(prefix)
                if package is not None:
                    found.append(module)
                    self._enter(module, package, wanted.tested)
        if not self._is_steady(found):
            self.unsteady.update(found)

    def _is_steady(self, found: Sequence[ModuleVersion]) -> bool:
        """Tell whether all versions of one module are what has a package."""
        paths = {each.path for each in found}
        return not paths or (
            len(paths) == 1 and len(found) == len(self._versions[found[0].path])
        )

    def _enter(
        self, module: ModuleVersion, package: Package, tested: ModuleVersion | None
    ) -> None:
        (self.imported if tested is None else self.tested).add(module)
        name = f"{module.path}/{package.folder}".removesuffix("/")
        for path in package.imports:
            self._add(FirstImport(path, module, tested, name))
        if tested is None and self._use.follows_tests:  # tests' tests are nobody's
            for path in package.test_imports:
                self._add(FirstImport(path, module, module, name))

    def _add(self, wanted: FirstImport) -> None:
        known = self._imports.setdefault(wanted.path, set())
        is_new = not known if wanted.tested else wanted.path not in self._untested
        known.add(wanted)
        if is_new:
            self._pending.append(wanted)
        if wanted.tested is None:
            self._untested.add(wanted.path)


def _modules_in(graph: ModuleGraph) -> list[ModuleVersion]:
    """Return the module versions in a graph but for the main module."""
    return [
        each
        for each in graph.walk()
        if each.version and not gover.is_toolchain(each.path)
    ]


def prefixes(path: str) -> Iterator[str]:
    """Yield the module paths that may provide a package, the longest first."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _importer_of(wanted: FirstImport) -> ModuleVersion:
    assert wanted.importer is not None
    return wanted.importer
