"""What imports come to: where they are known from, and what was reached. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from gosync.gomod.modgraph import ModuleGraph
from gosync.gomod.modread import Prefetch, Upgrades
from gosync.gomod.module import ModuleVersion
from gosync.gomod.modulepackages import ModulePackages


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
        is_estimate: Whether more is taken, by go.mod files, where a zip cannot be
            read: an upper bound. Else nothing follows from it, this time.
    """

    packages: LoadPackages
    prefetch: Prefetch | None = None
    newest: Upgrades | None = None
    is_estimate: bool = False


@dataclass(frozen=True)
class FirstImport:
    """An import that led to a module version.

    Attributes:
        path: The import path, "" for a module that all begins with.
        importer: Whose package imports it, None at the beginning.
        tested: Whose test it takes to come there, None if it takes none.
        package: The path of the package that imports it.
    """

    path: str
    importer: ModuleVersion | None = None
    tested: ModuleVersion | None = None
    package: str = field(default="", compare=False)


@dataclass
class Reached:
    """What a consumer can come to build with.

    Attributes:
        zips: The versions ``go`` may open, and the first import that led to each.
        selectable: All versions that some roots select; their ``.mod`` is asked for.
        newest: What was taken because nothing that is required has a package, and
            the first import for which.
        unread: Of zips those whose packages are unknown.
        unprovided: Import paths that nothing provides, and who imports them.
        graph: The graph of all roots together.
        whole: The graph of who imports everything, and requires nothing besides.
    """

    zips: dict[ModuleVersion, FirstImport] = field(default_factory=dict)
    selectable: set[ModuleVersion] = field(default_factory=set)
    newest: dict[ModuleVersion, FirstImport] = field(default_factory=dict)
    unread: set[ModuleVersion] = field(default_factory=set)
    unprovided: dict[str, ModuleVersion] = field(default_factory=dict)
    graph: ModuleGraph = field(default_factory=lambda: ModuleGraph(()))
    whole: ModuleGraph = field(default_factory=lambda: ModuleGraph(()))

    @property
    def subsets(self) -> Iterator[ModuleVersion]:
        """The zips that whoever imports everything does not select."""
        for each in self.zips:
            if self.whole.selected(each.path) != each.version:
                yield each

    def chain(self, module: ModuleVersion) -> tuple[ModuleVersion, ...]:
        """Return versions to one of the zips, each of which imports the next."""
        found = [module]
        while (importer := self.zips[found[-1]].importer) is not None:
            if importer in found:
                break
            found.append(importer)
        return tuple(reversed(found))

    def imports(self, module: ModuleVersion) -> tuple[FirstImport, ...]:
        """Return the import that led to each version of its chain but the first."""
        return tuple(self.zips[each] for each in self.chain(module)[1:])
