"""What stands in a tree beyond what the store carries: what goes, and what stays.

A version leaves a tree only because it was given up: a tombstone says so, it was
withdrawn, or the policy denies its zip. To know less than before is no reason: a
catalog that was lost, or brought back from an older copy, must not empty the tree. So a
version's file that neither a row nor a tombstone explains stays where it is, with the
aliases of its commit and its lookup, until somebody finds out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need, VersionRow
from gosync.errors import MalformedError, RejectedError
from gosync.folder import routes
from gosync.folder.routes import ModuleRoutes
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import parse_info
from gosync.gomod.module import ModuleVersion
from gosync.publish.contents import Kept
from gosync.publish.storage.tree import TreeReader

_ALIASES_KNOWN: Final = 20_000
_ALL = frozenset(FileKind)
_MODS = frozenset({FileKind.INFO, FileKind.MOD})
_WANTED = {None: frozenset[FileKind](), Need.MOD: _MODS, Need.ZIP: _ALL}


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What a publish would take from a tree, and what it must leave.

    Attributes:
        leaving: The versions that lose files because they were given up; withdrawn
            ones are not among them.
        kept: What stays though no row explains it, by module path.
    """

    leaving: tuple[ModuleVersion, ...]
    kept: Mapping[str, tuple[Kept, ...]]

    @property
    def unknown(self) -> int:
        """How many versions stay though no row explains them."""
        return sum(map(len, self.kept.values()))


def survey_tree(
    catalog: Catalog,
    tree: TreeReader,
    *,
    full: bool,
    paths: Iterable[str],
) -> Survey:
    """Hold a tree's version files against the catalog.

    Args:
        catalog: What is carried, given up and withdrawn.
        tree: The tree.
        full: Whether to look at the whole tree.
        paths: The modules to look at otherwise.

    Raises:
        CatalogError: if the catalog cannot be read.
        OSError: if the tree cannot be read.
    """
    leaving: list[ModuleVersion] = []
    kept: dict[str, tuple[Kept, ...]] = {}
    for at in _modules(tree) if full else _named(paths):
        rows = catalog.versions.of(at.path)
        found = _survey_module(catalog, tree, at, rows, spare=False)
        leaving += (ModuleVersion(at.path, version) for version in found.leaving)
        if found.kept:
            kept[at.path] = tuple(found.kept)
    return Survey(leaving=tuple(leaving), kept=kept)


def survey_module(
    catalog: Catalog, tree: TreeReader, path: str, *, rows: Iterable[VersionRow]
) -> Mapping[str, tuple[Kept, ...]]:
    """Return what stays of one module while nothing that was given up leaves it.

    Args:
        catalog: What is withdrawn.
        tree: The tree.
        path: The module's path.
        rows: All that the catalog has of it.

    Raises:
        CatalogError: if the catalog cannot be read.
        OSError: if the tree cannot be read.
    """
    for at in _named([path]):
        found = _survey_module(catalog, tree, at, rows, spare=True)
        return {path: tuple(found.kept)}
    return {}


def _named(paths: Iterable[str]) -> Iterator[ModuleRoutes]:
    for path in paths:
        try:
            yield routes.of_module(path)
        except MalformedError:  # it has no folder
            continue


def _modules(tree: TreeReader) -> Iterator[ModuleRoutes]:
    """Yield the modules that have an ``@v`` folder in the tree."""
    seen: set[str] = set()
    for file in tree.walk():
        folder = file.rpartition("/")[0]
        if folder not in seen and folder.endswith(f"/{routes.VERSIONS_FOLDER}"):
            seen.add(folder)
            at = routes.module_of_folder(folder)
            if at is not None:
                yield at


class _Found(msgspec.Struct):
    leaving: list[str] = msgspec.field(default_factory=list)
    kept: list[Kept] = msgspec.field(default_factory=list)


def _survey_module(
    catalog: Catalog,
    tree: TreeReader,
    at: ModuleRoutes,
    of_it: Iterable[VersionRow],
    *,
    spare: bool,
) -> _Found:
    found = _Found()
    names = tree.names(at.versions_folder)
    there = files_by_version(names)
    if not there:
        return found
    rows = {row.version: row for row in of_it}
    buried = {} if spare else catalog.tombstones.of(at.path)
    withdrawn = {each.version for each in catalog.withdrawn.of(at.path)}
    for version, files in there.items():
        row = rows.get(version)
        extra = files.keys() - _WANTED[None if row is None else row.published]
        if not extra or version in withdrawn:
            continue
        denied = row is not None and row.denied and not spare
        if extra <= _explained(Need.MOD.value if denied else buried.get(version)):
            found.leaving.append(version)
        else:
            found.kept.append(_kept(at, version, files, extra, row))
    if found.kept:
        found.kept = _with_aliases(tree, at, found.kept, names)
    return found


def files_by_version(names: Iterable[str]) -> dict[str, dict[FileKind, str]]:
    """Return each version's files: their names by kind."""
    found: dict[str, dict[FileKind, str]] = {}
    for name in names:
        parsed = routes.version_of_name(name)
        if parsed is not None:
            version, kind = parsed
            found.setdefault(version, {})[kind] = name
    return found


def _explained(keeps: str | None) -> frozenset[FileKind]:
    """Return the files that a tombstone lets go."""
    if keeps is None:
        return frozenset()
    return frozenset({FileKind.ZIP}) if keeps == Need.MOD.value else _ALL


def _kept(
    at: ModuleRoutes,
    version: str,
    files: Mapping[FileKind, str],
    extra: AbstractSet[FileKind],
    row: VersionRow | None,
) -> Kept:
    """Return what stays; an ``.info`` that we would make up does, too."""
    if row is not None and row.info_digest is None:
        extra |= files.keys() & {FileKind.INFO}
    names = frozenset(files[kind] for kind in extra)
    lookup = _lookup(at, version)
    return Kept(version, names, files.keys() == _ALL and lookup != "", lookup)


def _lookup(at: ModuleRoutes, version: str) -> str:
    """Return a version's lookup, "" for one that fits no module's folder."""
    try:
        return at.of_version(version).lookup
    except MalformedError:
        return ""


def _with_aliases(
    tree: TreeReader, at: ModuleRoutes, kept: Iterable[Kept], names: Iterable[str]
) -> list[Kept]:
    """Let the aliases stay that name what stays."""
    aliases: dict[str, set[str]] = {}
    for name in filter(routes.revision_of_alias, names):
        version = _version_in(tree.read(f"{at.versions_folder}/{name}") or b"")
        aliases.setdefault(version, set()).add(name)
    return [
        msgspec.structs.replace(
            each, names=each.names | aliases.get(each.version, set())
        )
        for each in kept
    ]


@lru_cache(maxsize=_ALIASES_KNOWN)  # a server publishes the same module again and again
def _version_in(info: bytes) -> str:
    """Return the version that an alias names, "" where it cannot be read."""
    try:
        return parse_info(info).version
    except RejectedError:
        return ""
