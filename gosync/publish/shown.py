"""What a tree shows, by its files: for a store that knows less than its tree."""

from __future__ import annotations

from collections.abc import Iterator

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need, State
from gosync.errors import MalformedError
from gosync.folder import routes
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import (
    ModuleVersion,
    check,
    unescape_path,
    unescape_version,
)
from gosync.publish.storage.tree import TreeReader

_END = f"/{routes.VERSIONS_FOLDER}"


def shown_versions(tree: TreeReader) -> Iterator[tuple[ModuleVersion, Need]]:
    """Yield each version of which a tree has the ``.mod``, and whether its zip.

    Raises:
        StoreError: the tree cannot be read.
    """
    folder, kinds = "", dict[str, Need]()
    for file in tree.walk():
        at, _, name = file.rpartition("/")
        if at != folder:
            yield from _versions(folder, kinds)
            folder, kinds = at, {}
        stem, _, kind = name.rpartition(".")
        if not at.endswith(_END):
            continue
        if kind == FileKind.ZIP:
            kinds[stem] = Need.ZIP
        elif kind == FileKind.MOD:
            kinds.setdefault(stem, Need.MOD)
    yield from _versions(folder, kinds)


def _versions(
    folder: str, kinds: dict[str, Need]
) -> Iterator[tuple[ModuleVersion, Need]]:
    """Yield what a module's folder has; what is no version's is none of ours."""
    for stem, need in sorted(kinds.items()):
        try:
            path = unescape_path(folder.removesuffix(_END))
            mv = ModuleVersion(path, unescape_version(stem))
            check(mv.path, mv.version)
        except MalformedError:
            continue
        yield mv, need


def unknown_to(
    catalog: Catalog, tree: TreeReader
) -> Iterator[tuple[ModuleVersion, Need]]:
    """Yield what a tree shows and a catalog neither carries nor has given up.

    Raises:
        CatalogError: the catalog cannot be read.
        StoreError: the tree cannot be read.
    """
    for mv, need in shown_versions(tree):
        if mv.version in catalog.tombstones.of(mv.path):
            continue
        row = catalog.versions.get(mv)
        if row is None or not (
            row.state is State.FORGOTTEN or row.carried in {need, Need.ZIP}
        ):
            yield mv, need
