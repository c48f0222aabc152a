"""Modules that a build links: imports followed through a build list. Pure.

A build list has one version of each module, so each import has one package, that of the
longest module path which has it. Followed are imports for any platform and tags, tests
apart; so a module that only another platform links is among them. What a binary says of
itself is exact for its platform (``buildinfo``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from gosync.gomod.module import ModuleVersion
from gosync.gomod.modulepackages import ModulePackages, Package
from gosync.gomod.needsimports import prefixes
from gosync.gomod.needsreached import LoadPackages


class Linked(msgspec.Struct, frozen=True):
    """What a build links.

    Attributes:
        modules: The modules, main modules apart.
        packages: Import paths of the packages of them; None where they are not known.
    """

    modules: frozenset[ModuleVersion]
    packages: frozenset[str] | None = None


def linked_modules(
    mains: Mapping[str, ModulePackages],
    build_list: Iterable[ModuleVersion],
    load: LoadPackages,
) -> Linked | None:
    """Return the modules whose packages a build of the main modules links.

    Args:
        mains: The packages of the main modules, by path.
        build_list: What the build selects, the main modules apart.
        load: Knows the packages of these.

    Returns:
        These; None where a zip that may be linked is not known.
    """
    return _Linking(mains, build_list, load).linked()


class _Linking:
    def __init__(
        self,
        mains: Mapping[str, ModulePackages],
        build_list: Iterable[ModuleVersion],
        load: LoadPackages,
    ) -> None:
        self._versions = {each.path: each for each in build_list}
        self._load = load
        self._folders = {path: _by_folder(each) for path, each in mains.items()}
        self._linked: set[ModuleVersion] = set()
        self._packages: set[str] = set()

    def linked(self) -> Linked | None:
        pending = [
            path
            for folders in self._folders.values()
            for package in folders.values()
            if package.is_matched
            for path in package.imports
        ]
        seen = set(pending)
        while pending:
            found = self._package(pending.pop())
            if found is None:
                return None
            new = [each for each in found if each not in seen]
            seen.update(new)
            pending += new
        return Linked(frozenset(self._linked), frozenset(self._packages))

    def _package(self, path: str) -> tuple[str, ...] | None:
        """Return what the package of a path imports, () where nothing has it."""
        for prefix in prefixes(path):
            folders = self._of(prefix)
            if folders is None:
                return None
            package = folders.get(path[len(prefix) + 1 :])
            if package is not None:
                if prefix in self._versions:
                    self._linked.add(self._versions[prefix])
                    self._packages.add(path)
                return package.imports
        return ()

    def _of(self, path: str) -> Mapping[str, Package] | None:
        if path not in self._folders:
            version = self._versions.get(path)
            if version is None:
                return {}
            loaded = self._load(version)
            if loaded is None:
                return None
            self._folders[path] = _by_folder(loaded)
        return self._folders[path]


def _by_folder(packages: ModulePackages) -> dict[str, Package]:
    return {each.folder: each for each in packages.packages}
